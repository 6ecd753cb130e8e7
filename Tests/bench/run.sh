#!/usr/bin/env bash
# Penstock beside the loop an expert writes by hand, on the same server and the same pages; what a permit costs; how much
# of a limit is used, and what the server had to refuse.
#
#   Tests/bench/run.sh [RECORDS [ROUNDS]]     default 1,000,000 records, 3 rounds
#
# Judge by the ratios and by instructions per page: seconds of a shared machine wander.
# PENSTOCK_LIB names another library than .build/release's; NO_CALLGRIND=1 leaves valgrind out.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
records=${1:-1000000}
rounds=${2:-3}
library=$(realpath "${PENSTOCK_LIB:-$root/.build/release/libpenstock.so}")
build=$root/.build/c-bench
mkdir -p "$build"
rm -f "$build/results"
ln -sf "$library" "$build/libpenstock.so.0"
ln -sf libpenstock.so.0 "$build/libpenstock.so"

flags=(-std=c11 -O2 -Wall -Wextra -pedantic -Werror -pthread "-I$root/include")
gcc "${flags[@]}" "$here/c/page_server.c" -o "$build/page_server"
gcc "${flags[@]}" "$here/c/curl_only.c" -o "$build/curl_only" -lcurl
gcc "${flags[@]}" "$here/c/dom_loop.c" -o "$build/dom_loop" -lcurl -ljansson
gcc "${flags[@]}" "$here/c/penstock_loop.c" -o "$build/penstock_loop" \
    "-L$build" -lpenstock "-Wl,-rpath,$build"

gcc "${flags[@]}" "$here/c/sync_loop.c" -o "$build/sync_loop" \
    "-L$build" -lpenstock "-Wl,-rpath,$build"
gcc "${flags[@]}" "$here/c/acquire.c" -o "$build/acquire" "-L$build" -lpenstock "-Wl,-rpath,$build"

# A server for a number of records; it ends when its input does. The URL comes in `url`.
serve() {
    stop
    rm -f "$build/url"
    exec {keep}> >(exec "$build/page_server" "$1" >"$build/url")
    for _ in $(seq 100); do
        [ -s "$build/url" ] && break
        sleep 0.02
    done
    url=$(cat "$build/url")
}
stop() {
    if [ -n "${keep:-}" ]; then exec {keep}>&-; fi
    keep=
}
trap stop EXIT

loops=(curl_only dom_loop "dom_loop dump" penstock_loop "penstock_loop dump")
serve "$records"
for _ in $(seq "$rounds"); do
    for loop in "${loops[@]}"; do
        read -r program option <<<"$loop"
        "$build/$program" "$url" "$records" ${option:+"$option"} {keep}>&- | tee -a "$build/results"
    done
done

# Start-up is in both runs, so the difference is the cost of the pages alone.
instructions() { # instructions RECORDS PROGRAM [OPTION]
    local wanted=$1
    shift
    serve "$wanted"
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$build/$1" "$url" "$wanted" ${2:+"$2"} \
        {keep}>&- 2>&1 >/dev/null | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}
per_page() { # per_page PROGRAM [OPTION]
    local few many
    few=$(instructions 10000 "$@")
    many=$(instructions 40000 "$@")
    echo $(((many - few) / 300))
}
more() { # more NAME WITH WITHOUT: how many percent
    awk -v what="$1" -v with="$2" -v without="$3" 'BEGIN {
        printf "%s: %d instructions a page, %d without, %.1f %% more\n", what, with, without, (with - without) * 100 / without
    }'
}
if [ -z "${NO_CALLGRIND:-}" ]; then
    for loop in "${loops[@]}"; do
        read -r program option <<<"$loop"
        echo "instructions ${program}${option:+_$option} $(per_page "$program" "$option")" | tee -a "$build/results"
    done
    # The same library and loop, with nothing written down of what happens; and a run into a file that does not look at
    # what the records are made of.
    more "what is seen" "$(per_page penstock_loop)" "$(PENSTOCK_OBSERVE=off per_page penstock_loop)"
    more "the schema" "$(per_page sync_loop)" "$(per_page sync_loop off)"
fi
python3 "$here/ratios.py" "$build/results"

echo
rm -f "$build/budget"
"$build/acquire" "$build/budget"
echo
others=
"$root/.build/venv/bin/python" -c "import aiohttp, aiolimiter, pyrate_limiter" 2>/dev/null && others=--others
PENSTOCK_LIBRARY=$library "$root/.build/venv/bin/python" "$here/limits.py" ${others:+"$others"} 5
