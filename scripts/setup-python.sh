#!/usr/bin/env bash
# Make the virtual environment of the tests: every Tests/requirements*.txt, in .build/venv.
# PENSTOCK_VENV puts it elsewhere, PENSTOCK_PYTHON makes it with another interpreter.
# Does nothing when the files and the interpreter are those of the last run.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=${PENSTOCK_VENV:-.build/venv}
python=${PENSTOCK_PYTHON:-python3}
mkdir -p "$(dirname "$venv")"

# Two test runs may get here at once.
exec 9>"$venv.lock"
flock 9

shopt -s nullglob
all=(Tests/requirements*.txt)
with_dependencies=()
without_dependencies=()
for file in "${all[@]}"; do
    case $file in
        *.nodeps.txt) without_dependencies+=(-r "$file") ;;
        *) with_dependencies+=(-r "$file") ;;
    esac
done

wanted=$({ "$python" -VV; cat "${all[@]}" scripts/setup-python.sh; } | sha256sum)
if [[ -x $venv/bin/python && -f $venv/stamp && $(<"$venv/stamp") == "$wanted" ]]; then
    exit 0
fi

rm -f "$venv/stamp"
# Another interpreter's leftovers must not survive; a same-version environment is only brought up to date.
if ! "$venv/bin/python" -c '' 2>/dev/null ||
    [[ $("$venv/bin/python" -VV) != "$("$python" -VV)" ]]; then
    "$python" -m venv --clear "$venv"
fi
pip=("$venv/bin/python" -m pip --disable-pip-version-check install --quiet)
if ((${#with_dependencies[@]})); then
    "${pip[@]}" "${with_dependencies[@]}"
fi
if ((${#without_dependencies[@]})); then
    "${pip[@]}" --no-deps "${without_dependencies[@]}"
fi
printf '%s\n' "$wanted" >"$venv/stamp"
