#!/usr/bin/env bash
# Installs into a fresh prefix, builds every example against it as a stranger would (pkg-config only),
# with each compiler, and compares what they give with what the practice API says is true.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

check() { # check WHAT ACTUAL EXPECTED
    if [ "$2" = "$3" ]; then
        echo "ok   examples: $1"
    else
        echo "FAIL examples: $1: '$2', not '$3'"
        failed=1
    fi
}

# Installing: into DESTDIR for packagers, and straight.
PREFIX=/opt/penstock DESTDIR=$work/stage "$root/scripts/install.sh" >/dev/null
check "DESTDIR stands before every path" "$(ls "$work/stage")" "opt"
check "DESTDIR is not in the pkg-config file" \
    "$(grep -c stage "$work/stage/opt/penstock/lib/pkgconfig/penstock.pc" || true)" 0
prefix=$work/prefix
"$root/scripts/install.sh" "PREFIX=$prefix" >/dev/null
check "an unknown argument is refused" \
    "$("$root/scripts/install.sh" "PREFIXX=$work/no" >/dev/null 2>&1 && echo 0 || echo $?)" 2
check "what is installed" "$(cd "$prefix" && find . -type f -o -type l | LC_ALL=C sort | tr '\n' ' ')" \
    "./include/penstock.h ./include/penstock_jansson.h ./lib/libpenstock.so ./lib/libpenstock.so.0 ./lib/libpenstock.so.0.1.0 ./lib/pkgconfig/penstock.pc "
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib
check "pkg-config knows the version" "$(pkg-config --modversion penstock)" "0.1.0"
check "the library is stripped" "$(nm "$prefix/lib/libpenstock.so" 2>&1 | grep -c 'no symbols')" 1

# shellcheck disable=SC2034  # the server ends when this is closed, that is with this shell
exec {keep}> >(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/Tests exec python3 -m practice_api --until-eof --quiet >"$work/ready")
for _ in $(seq 200); do
    [ -s "$work/ready" ] && break
    sleep 0.05
done
url=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["http"])' "$work/ready")
truth() { # truth COLLECTION KEY
    curl -sf "$url/_truth/$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$2"
}
hash_of() { sha256sum | cut -d' ' -f1; }
for name in source job; do
    sed "s|http://127.0.0.1:8080|$url|" "$root/examples/c/$name.json" >"$work/$name.json"
done
cd "$work"

for compiler in gcc clang; do
    command -v "$compiler" >/dev/null || continue
    bin=$work/$compiler
    mkdir -p "$bin"
    make -s -C "$root/examples/c" CC="$compiler" BUILD="$bin" \
        CFLAGS="-std=c99 -O1 -Wall -Wextra -pedantic -Werror"
    check "$compiler builds them" "$(ls "$bin" | tr '\n' ' ')" "batch get jansson own_database paginate poll pull shared_limiter "

    check "$compiler get" "$("$bin/get" source.json '{"path": "/single/users/7"}' 2>/dev/null | hash_of)" \
        "$({ curl -sf "$url/single/users/7"; echo; } | hash_of)"
    check "$compiler get says the status" \
        "$("$bin/get" source.json '{"path": "/single/users/7"}' 2>&1 >/dev/null | head -1)" "status: 200"
    code=0
    "$bin/get" source.json '{"path": "/nowhere"}' >/dev/null 2>&1 || code=$?
    check "$compiler get fails on a 404" "$code" 1

    for stream in users posts events; do
        check "$compiler paginate $stream" \
            "$("$bin/paginate" source.json "{\"stream\": \"$stream\"}" 2>/dev/null | hash_of)" \
            "$(truth "$stream" sha256)"
    done
    check "$compiler paginate to a full disk fails" \
        "$("$bin/paginate" source.json '{"stream": "users"}' >/dev/full 2>/dev/null && echo 0 || echo 1)" 1
    check "$compiler poll" \
        "$("$bin/poll" source.json '{"stream": "users"}' '{"stream": "events"}' | sed 's/.*: //' | sort | tr '\n' ' ')" \
        "$(printf '%s records\n' "$(truth users count)" "$(truth events count)" | sort | tr '\n' ' ')"
    check "$compiler jansson" "$("$bin/jansson" source.json '{"stream": "posts", "max_records": 3}' id | tr '\n' ' ')" \
        "$(curl -sf "$url/_dump/posts:3" | python3 -c 'import json, sys; print(*[json.loads(l)["id"] for l in sys.stdin], end=" ")')"
    check "$compiler shared_limiter" \
        "$("$bin/shared_limiter" '"200/s"' source.json users source.json events | sed 's/ on .*//' | tr '\n' ' ')" \
        "users: $(truth users count) records events: $(truth events count) records "

    rm -f own.db
    for _ in 1 2; do "$bin/own_database" source.json users own.db; done
    check "$compiler own_database stores each record once" \
        "$(python3 -c 'import sqlite3; print(*sqlite3.connect("own.db").execute("SELECT count(*), count(DISTINCT record) FROM records").fetchone())')" \
        "$(truth users count) $(truth users count)"

    rm -rf out
    code=0
    "$bin/pull" job.json >table 2>progress || code=$?
    check "$compiler pull" "$code" 0
    for stream in users transactions events; do
        check "$compiler pull: $stream.jsonl" "$(hash_of <"out/$stream.jsonl")" "$(truth "$stream" sha256)"
    done
    every=$(($(truth users count) + $(truth transactions count) + $(truth events count)))
    active=$(cat out/*.jsonl | grep -c '"status":"active"')
    users=$(grep -c '"status":"active"' out/users.jsonl)
    rm -rf out
    check "$compiler batch" "$("$bin/batch" job.json '"status":"active"')" \
        "$active records written, $((every - active)) left out"
    check "$compiler batch writes those that hold the text" \
        "$(wc -l <out/users.jsonl) $(grep -c '"status":"active"' out/users.jsonl) $(wc -l <out/events.jsonl)" \
        "$users $users 0"
    check "$compiler batch keeps records as they are" \
        "$("$bin/batch" job.json '' >/dev/null && hash_of <out/users.jsonl)" "$(truth users sha256)"
    check "$compiler batch puts them into envelopes" \
        "$("$bin/batch" job.json '' envelope >/dev/null && sed 's/^{"stream":"users","record":\(.*\)}$/\1/' out/users.jsonl | hash_of)" \
        "$(truth users sha256)"
    check "$compiler pull's table has a line for each stream" "$(grep -c 'done' table)" 3
done
if [ $failed -ne 0 ]; then
    echo "examples: FAILED"
    exit 1
fi
echo "examples: all ok"
