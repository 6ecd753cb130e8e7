#!/usr/bin/env bash
# Ruff and mypy --strict over all Python there is: the package, the examples, the tests and their servers.
# Needs scripts/setup-python.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
bin=${PENSTOCK_VENV:-$root/.build/venv}/bin
failed=0

check() { # check WHAT COMMAND...
    local what=$1
    shift
    if output=$("$@" 2>&1); then
        echo "ok   python: $what"
    else
        echo "FAIL python: $what"
        printf '%s\n' "${output//$'\n'/$'\n'       }" | sed '1s/^/       /'
        failed=1
    fi
}

# Two settings: the package's own, for Python 3.9, and those of everything else.
check "ruff, bindings/python" "$bin/ruff" check --no-cache bindings/python
check "ruff format, bindings/python" "$bin/ruff" format --no-cache --check bindings/python
tests=(--no-cache --config pyproject.toml . ../examples)
check "ruff, Tests and examples" env -C Tests "$bin/ruff" check "${tests[@]}"
check "ruff format, Tests and examples" env -C Tests "$bin/ruff" format --check "${tests[@]}"

mypy() { # mypy WHAT DIRECTORY ARGUMENT...: in the directory, where its settings are
    local what=$1 directory=$2
    shift 2
    check "mypy --strict, $what" env -C "$directory" "$bin/mypy" --strict --no-error-summary \
        --cache-dir "$root/.build/mypy" "$@"
}

export MYPYPATH=$root/bindings/python/src:$root/examples/python:$root/Tests
mypy "bindings/python" bindings/python
mypy "its build hook" bindings/python hatch_build.py
# Directories that are packages, and programs that stand alone: each of these in a run of its own,
# because two may have one name.
packages=()
for init in Tests/*/__init__.py; do
    name=$(basename "$(dirname "$init")")
    packages+=(-p "$name")
done
mypy "Tests" Tests --config-file pyproject.toml "${packages[@]}"
for directory in Tests/*/; do
    files=()
    [[ -e $directory/__init__.py ]] || for file in "$directory"*.py; do
        [[ -e $file ]] && files+=("${file#"$directory"}")
    done
    ((${#files[@]})) || continue
    mypy "${directory%/}" "$directory" --config-file "$root/Tests/pyproject.toml" "${files[@]}"
done
mypy "examples/python" examples/python --config-file "$root/Tests/pyproject.toml" -p demo
mapfile -t files < <(cd examples/python && ls ./*.py)
mypy "examples/python, programs" examples/python --config-file "$root/Tests/pyproject.toml" "${files[@]}"

if ((failed)); then
    echo "lint-python: FAILED"
    exit 1
fi
echo "lint-python: all ok"
