#!/usr/bin/env bash
# Tries what scripts/dist.sh made: the archive with a C program in a fresh prefix, the wheel in a fresh
# environment, both against the practice API.
#
#   scripts/dist-test.sh VERSION
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
version=${1:?dist-test: which version?}
dist=$root/dist
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
# What is tried must be what was unpacked.
unset PENSTOCK_LIBRARY PENSTOCK_LIB PYTHONPATH
export PYTHONDONTWRITEBYTECODE=1

check() { # check WHAT ACTUAL EXPECTED
    if [[ $2 == "$3" ]]; then
        echo "ok   dist: $1"
    else
        echo "FAIL dist: $1: '$2', not '$3'"
        failed=1
    fi
}

(cd "$dist" && sha256sum --quiet --check SHA256SUMS)
check "what is handed out" "$(cd "$dist" && printf '%s\n' * | sed "s|$(uname -m)|ARCH|g" | LC_ALL=C sort | tr '\n' ' ')" \
    "SHA256SUMS penstock-$version-linux-ARCH.tar.gz penstock-$version-py3-none-linux_ARCH.whl "

# The server ends when this is closed, that is with this shell.
# shellcheck disable=SC2034
exec {keep}> >(cd "$root/Tests" && exec python3 -m practice_api --until-eof --quiet >"$work/ready")
for _ in $(seq 200); do
    [[ -s $work/ready ]] && break
    sleep 0.05
done
url=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["http"])' "$work/ready")
truth=$(curl -sf "$url/_truth/users" | python3 -c 'import json, sys; print(json.load(sys.stdin)["sha256"])')

# The archive, in a directory that has a space in its name on top
mkdir "$work/a prefix"
tar -C "$work/a prefix" -xzf "$dist/penstock-$version-linux-$(uname -m).tar.gz"
prefix=$(echo "$work/a prefix"/*)
check "the archive unpacks into one directory" "$(basename "$prefix")" "penstock-$version-linux-$(uname -m)"
check "the archive brings no path of the builder" "$(grep -rlF "$root" "$prefix/lib/pkgconfig" "$prefix/share" "$prefix/README" | wc -l)" 0
sed "s|http://127.0.0.1:8080|$url|" examples/c/source.json >"$work/source.json"
mkdir "$work/c"
cp examples/c/*.c examples/c/*.h "$work/c"
cd "$work/c"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib
check "pkg-config knows the version" "$(pkg-config --modversion penstock)" "$version"
eval "flags=($(pkg-config --cflags --libs penstock))"
# shellcheck disable=SC2154  # by eval: pkg-config escapes for a shell
cc -std=c99 -Wall -Wextra -pedantic -Werror paginate.c -o paginate "${flags[@]}"
check "a C program finds the library of the archive" \
    "$(ldd ./paginate | sed -n 's/.*libpenstock[^ ]* => \(.*\) (0x.*/\1/p')" "$prefix/lib/libpenstock.so.0"
check "a C program walks with it" \
    "$(./paginate "$work/source.json" '{"stream": "users"}' 2>/dev/null | sha256sum | cut -d' ' -f1)" "$truth"
unset PKG_CONFIG_PATH LD_LIBRARY_PATH

# The wheel
cd "$work"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-index --disable-pip-version-check "$dist"/*.whl
check "the package knows the version" "$("$work/venv/bin/python" -c 'import penstock; print(penstock.__version__)')" "$version"
check "the library is the wheel's own" \
    "$("$work/venv/bin/python" -c '
import penstock, pathlib
home = pathlib.Path(penstock.__file__).parent
maps = {line.split(maxsplit=5)[-1].strip() for line in open("/proc/self/maps") if "libpenstock" in line}
print(*(pathlib.Path(found).relative_to(home) for found in maps))')" "libpenstock.so"
check "Python walks with it" "$("$work/venv/bin/python" - "$work/source.json" <<'PYTHON'
import hashlib, json, sys
import penstock

digest = hashlib.sha256()
with penstock.Client(json.load(open(sys.argv[1]))) as client:
    for page in client.pages("users"):
        for record in page.raw:
            digest.update(bytes(record) + b"\n")
print(digest.hexdigest())
PYTHON
)" "$truth"
"$work/venv/bin/penstock" schema >"$work/schema.json"
check "the command line gives the archive's schema" "$(cmp "$work/schema.json" "$prefix/share/penstock/source.schema.json" && echo same)" same

if ((failed)); then
    echo "dist: FAILED"
    exit 1
fi
echo "dist: all ok: $(cd "$dist" && du -h -- *.tar.gz *.whl | awk '{printf "%s%s %s", (NR > 1 ? ", " : ""), $2, $1}')"
