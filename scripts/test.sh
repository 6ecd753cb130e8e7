#!/usr/bin/env bash
# Every test there is; what `make test` and CI run. Needs scripts/setup-*.sh and the release library.
#
#   scripts/test.sh [STEP...]        all steps, or those named
#   scripts/test.sh --list           the steps
#
# A step that fails stops no other; the end of its log is shown, all of it stands in .build/logs/.
# The last line is "N passed, M failed". PENSTOCK_FUZZ_SECONDS (default 10) is the time of the fuzzer,
# PENSTOCK_STEP_SECONDS (default 1200) how long a step may take before it counts as hanging.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
logs=$root/.build/logs
python=${PENSTOCK_VENV:-$root/.build/venv}/bin/python
export PENSTOCK_LIBRARY=${PENSTOCK_LIBRARY:-$root/.build/release/libpenstock.so}
# The Swift tests hand the schema over, so that the Python side needn't run them again.
schema=$root/.build/schema
export PYTHONDONTWRITEBYTECODE=1

# Directories with Python tests, found anew every time: a new one needs no line anywhere.
python_suites() {
    find Tests bindings/python/tests -name 'test_*.py' -not -path '*/.*' |
        sed -E 's|^(Tests/[^/]+).*|\1|; s|^(bindings/python)/.*|\1|' | LC_ALL=C sort -u
}

steps() {
    printf '%s\n' build swift lint lint-python c-plain c-valgrind c-asan examples-c \
        sanitizer-thread sanitizer-address
    python_suites | sed 's|^|python:|'
    echo fuzz
}

warnings() { # warnings LOG: fails when the compiler had any
    if grep -E '(^|/)[^ ]+\.(swift|h|c):[0-9]+:[0-9]+: warning: ' "$1"; then
        echo "the compiler warns; in an incremental build only about what it compiled"
        return 1
    fi
}

step() {
    local several=()
    case $1 in
        build)
            swift build --build-tests 2>&1 | tee "$logs/build.compiler"
            warnings "$logs/build.compiler"
            ;;
        swift)
            rm -rf "$schema"
            mkdir -p "$schema"
            PENSTOCK_SCHEMA_OUT=$schema swift test --skip-build
            ;;
        lint) Tests/lint/run.sh ;;
        lint-python) scripts/lint-python.sh ;;
        c-plain | c-valgrind | c-asan) Tests/c/run.sh "${1#c-}" ;;
        examples-c) Tests/c/examples.sh ;;
        sanitizer-*) scripts/test-sanitizers.sh "${1#sanitizer-}" ;;
        python:bindings/python) cd bindings/python && "$python" -m pytest -q -p no:cacheprovider ;;
        python:Tests/*)
            cd Tests
            # End to end they mostly wait for servers that are slow on purpose.
            [[ $1 != *e2e ]] || several=(-n 4 --dist worksteal)
            PENSTOCK_SCHEMA_OUT=$schema "$python" -m pytest -q -p no:cacheprovider "${several[@]}" "${1#python:Tests/}"
            ;;
        fuzz) Tests/fuzz/run "${PENSTOCK_FUZZ_SECONDS:-10}" ;;
        *) echo "test: there is no step '$1'; scripts/test.sh --list" >&2 && return 2 ;;
    esac
}

# What a log says about single tests, as "PASSED FAILED": Swift Testing's, pytest's, and our own lines.
counts() {
    awk '
        /^✘ Test / && / failed after / && !/^✘ Test run / { swift_failed++ }
        /Test run with [0-9]+ tests?/ && / (passed|failed) after / {
            for (i = 1; i < NF; i++) if ($i == "with" && $(i + 1) ~ /^[0-9]+$/) { swift += $(i + 1); break }
        }
        / in [0-9.]+s/ && /[0-9]+ (passed|failed|errors?)/ {
            for (i = 1; i < NF; i++) {
                if ($(i + 1) ~ /^passed/) passed += $i
                if ($(i + 1) ~ /^(failed|errors?)/) failed += $i
            }
        }
        /^ok   / { passed++ }
        /^FAIL / { failed++ }
        END { print passed + (swift > swift_failed ? swift - swift_failed : 0), failed + swift_failed + 0 }
    ' "$1"
}

running=
stop() {
    [[ -z $running ]] || kill "$running" 2>/dev/null || true
    echo "test: interrupted"
    exit 130
}

main() {
    local names=("$@") name log started passed failed code all_passed=0 all_failed=0 begun=$SECONDS
    ((${#names[@]})) || mapfile -t names < <(steps)
    mkdir -p "$logs"
    local summary=()
    trap stop INT TERM
    for name in "${names[@]}"; do
        log=$logs/${name//[:\/]/-}.log
        printf '\n== %s\n' "$name"
        started=$SECONDS
        code=0
        # In a process group of its own, which ends as a whole when the time is up; without stdin,
        # so that nothing can wait for a person.
        timeout --kill-after=10 "${PENSTOCK_STEP_SECONDS:-1200}" \
            bash "$root/scripts/test.sh" --step "$name" >"$log" 2>&1 </dev/null &
        running=$!
        wait "$running" || code=$?
        running=
        read -r passed failed < <(counts "$log")
        # A step that says nothing of single tests is one test itself.
        if ((code != 0 && failed == 0)); then failed=1; fi
        if ((code == 0)); then failed=0; fi
        if ((passed + failed == 0)); then passed=1; fi
        ((all_passed += passed, all_failed += failed)) || true
        if ((code == 0)); then
            printf 'ok    %s: %d passed, %d s\n' "$name" "$passed" "$((SECONDS - started))"
            summary+=("$(printf 'ok   %5d s  %s' "$((SECONDS - started))" "$name")")
        else
            tail -n 60 "$log" | sed 's/^/    | /'
            ((code != 124 && code != 137)) || echo "    | it hangs: stopped after ${PENSTOCK_STEP_SECONDS:-1200} s"
            printf 'FAIL  %s: exit code %d, %d s; all of it: %s\n' "$name" "$code" "$((SECONDS - started))" "${log#"$root"/}"
            summary+=("$(printf 'FAIL %5d s  %s' "$((SECONDS - started))" "$name")")
        fi
    done
    printf '\n== summary, %d s\n' "$((SECONDS - begun))"
    printf '%s\n' "${summary[@]}"
    echo "$all_passed passed, $all_failed failed"
    ((all_failed == 0))
}

case ${1:-} in
    --list) steps ;;
    --step) step "$2" ;;
    *) main "$@" ;;
esac
