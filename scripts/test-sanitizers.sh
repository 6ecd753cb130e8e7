#!/usr/bin/env bash
# The Swift tests under the thread sanitizer and under the address sanitizer, each with a build of its own.
#
#   scripts/test-sanitizers.sh [thread|address] [options of swift test]      both without the first
#
# What is suppressed stands in Tests/sanitizers, one reason each.
set -euo pipefail
cd "$(dirname "$0")/.."

here=$PWD/Tests/sanitizers
kinds=(thread address)
case ${1:-} in thread | address) kinds=("$1") && shift ;; esac

failed=()
for kind in "${kinds[@]}"; do
    skipped=()
    case $kind in
        thread)
            scratch=.build-tsan
            export TSAN_OPTIONS=halt_on_error=0:exitcode=66:second_deadlock_stack=1:suppressions=$here/thread.supp
            # The signal comes in the middle of an atomic operation that the sanitizer does under a lock of its own;
            # the handler's own atomic load then waits for that lock for ever.
            skipped=(--skip truncatedUnderTheMappingIsAnErrorAndNoSignal)
            # Engine has neither threads nor locks; who drives it from several threads is IO.
            (($#)) || skipped+=(--filter IOTests)
            ;;
        address)
            scratch=.build-asan
            # The whole stack of an allocation, because what is made in a static initializer is made deep down.
            export ASAN_OPTIONS=detect_leaks=1:malloc_context_size=200:detect_stack_use_after_return=1:strict_string_checks=1
            # The same code runs for every seed; how many there are is the business of the run without a sanitizer.
            export PENSTOCK_SIMULATION_SEEDS=${PENSTOCK_SIMULATION_SEEDS:-40}
            export LSAN_OPTIONS=suppressions=$here/leaks.supp:print_suppressions=0
            ;;
    esac
    swift build --build-tests "--sanitize=$kind" --scratch-path "$scratch"
    code=0
    swift test --skip-build "--sanitize=$kind" --scratch-path "$scratch" "${skipped[@]}" "$@" || code=$?
    if ((code != 0)); then
        echo "sanitizers: $kind: exit code $code"
        failed+=("$kind")
    fi
done
if ((${#failed[@]})); then
    echo "sanitizers: FAILED: ${failed[*]}"
    exit 1
fi
echo "sanitizers: ${kinds[*]}: all ok"
