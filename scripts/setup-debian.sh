#!/usr/bin/env bash
# Install the Debian packages that building and testing need; only what is missing, so a second run
# does nothing. Debian 12 is the reference. Swift itself is not packaged there and is not installed.
set -euo pipefail

command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || {
    echo "setup-debian.sh: no apt here: install curl, jansson, sqlite, openssl, xxhash and zlib" \
        "with headers, gcc, clang, valgrind, nginx, zstd and the rest of the list below by hand" >&2
    exit 1
}

packages=(
    # the library
    libcurl4-openssl-dev libjansson-dev libsqlite3-dev libssl-dev libxxhash-dev zlib1g-dev
    # time zones by name, read at run time
    tzdata
    # compilers of the C hosts in tests, sanitizers, formatting, lint
    pkg-config make gcc g++ clang clang-format valgrind shellcheck
    # servers and clients of the tests; plain nginx has TLS and HTTP/2 built in
    nginx curl openssl python3 python3-venv
    # what unpacks packed files in the tests; what lists the files that the lints look at
    zstd git
    # budgets across hosts; the tests start a server of their own
    redis-server libhiredis0.14
    # scrapes the figures in the tests; promtool checks the example alerts
    prometheus
)

root=()
if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || { echo "setup-debian.sh: neither root nor sudo" >&2; exit 1; }
    root=(sudo)
fi

installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

updated=
policy=
cleanup() {
    if [[ -n $policy ]]; then "${root[@]}" rm -f "$policy"; fi
}
trap cleanup EXIT

# install PACKAGE...: those of them that are missing
install() {
    local missing=() package
    for package; do
        installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    if [[ -z $updated ]]; then
        "${root[@]}" apt-get update -qq
        updated=1
    fi
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# Debian starts a service when its package is installed, and at every boot. The tests start nginx
# and Redis themselves, with settings of their own on ports of their own, so the services would only
# be in the way. A policy-rc.d that answers 101 forbids starting for the length of this run.
services=()
for service in nginx redis-server prometheus; do
    installed "$service" || services+=("$service")
done
if ((${#services[@]})); then
    if [[ ! -e /usr/sbin/policy-rc.d ]]; then
        policy=/usr/sbin/policy-rc.d
        printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
        "${root[@]}" chmod 755 "$policy"
    fi
fi

install "${packages[@]}"

if ((${#services[@]})) && command -v systemctl >/dev/null; then
    "${root[@]}" systemctl disable "${services[@]/%/.service}" >/dev/null 2>&1 || true
fi

# Clang's sanitizer runtimes: a package of their own since Debian 12, part of clang before. By the
# full path, because a Swift toolchain brings another clang.
shopt -s nullglob
runtimes=("$(/usr/bin/clang -print-resource-dir)"/lib/linux/libclang_rt.asan*)
if ! ((${#runtimes[@]})); then
    install libclang-rt-dev
fi
