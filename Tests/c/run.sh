#!/usr/bin/env bash
# Builds the C tests, starts their server, and runs them: all, or those named.
#
#   Tests/c/run.sh [plain|valgrind|asan] [test_null ...]
#
# PENSTOCK_LIB names another library than .build/release's; CC another compiler.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
mode=plain
case "${1:-}" in plain | valgrind | asan) mode=$1; shift ;; esac
library=${PENSTOCK_LIB:-$root/.build/release/libpenstock.so}
library=$(realpath "$library")
build=$root/.build/c-tests/$mode
mkdir -p "$build"

# The loader looks for the SONAME, which a build directory doesn't have.
ln -sf "$library" "$build/libpenstock.so.0"
ln -sf libpenstock.so.0 "$build/libpenstock.so"

flags=(-std=c11 -Wall -Wextra -pedantic -Werror -g -pthread "-I$root/include")
before=()
case $mode in
    valgrind)
        # Descriptions of what is not ours stand in the suppression file, one reason each.
        before=(valgrind --quiet --leak-check=full "--show-leak-kinds=definite,possible"
            "--errors-for-leak-kinds=definite,possible" --error-exitcode=99 --child-silent-after-fork=yes
            "--suppressions=$here/valgrind.supp")
        export PENSTOCK_TEST_SLOWNESS=30
        ;;
    asan)
        flags+=("-fsanitize=address,undefined" -fno-omit-frame-pointer)
        export PENSTOCK_TEST_SLOWNESS=5
        ;;
esac

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
    for source in "$here"/test_*.c; do
        name=$(basename "$source" .c)
        # gcc's address sanitizer forks with its allocator's locks as other threads hold them, so that a child may wait
        # for ever inside malloc. Plain and under valgrind the test runs.
        if [ "$mode" = asan ] && [ "$name" = test_fork ]; then continue; fi
        names+=("$name")
    done
fi
for name in "${names[@]}"; do
    link=("-L$build" -lpenstock "-Wl,-rpath,$build" -ljansson)
    sources=("$here/$name.c" "$here/support.c")
    if [ "$name" = test_dlopen ]; then
        link=(-ldl)
        sources=("$here/$name.c")
    fi
    "${CC:-gcc}" "${flags[@]}" "${sources[@]}" -o "$build/$name" "${link[@]}"
done

# The server ends when its stdin does, that is with this shell, however it ends.
exec {keep}> >(PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/server.py" >"$build/server.json")
: >"$build/server.json"
for _ in $(seq 100); do
    [ -s "$build/server.json" ] && break
    sleep 0.05
done
PENSTOCK_TEST_URL=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["url"])' "$build/server.json")
export PENSTOCK_TEST_URL PENSTOCK_LIB=$library

failed=()
for name in "${names[@]}"; do
    code=0
    if [ $mode = asan ]; then
        # Those two end processes with handles open, on purpose; valgrind looks for leaks in their parents.
        leaks=1
        case $name in test_exit | test_fork) leaks=0 ;; esac
        export ASAN_OPTIONS=detect_leaks=$leaks LSAN_OPTIONS=suppressions=$here/lsan.supp:print_suppressions=0
    fi
    "${before[@]}" "$build/$name" {keep}>&- || code=$?
    if [ $code -ne 0 ]; then
        echo "FAIL $name: exit code $code"
        failed+=("$name")
    fi
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "c tests ($mode): FAILED: ${failed[*]}"
    exit 1
fi
echo "c tests ($mode): ${#names[@]} programs, all ok"
