#!/usr/bin/env bash
# Runs the lints: all of them, or those named. PENSTOCK_LIB names another library than .build/release's.
set -euo pipefail
cd "$(dirname "$0")"

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
    names=(header_compiles header_docs rooms swift_format c_format files scripts exports library size)
fi
failed=()
for name in "${names[@]}"; do
    PYTHONDONTWRITEBYTECODE=1 python3 "$name.py" || failed+=("$name")
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "lint: FAILED: ${failed[*]}"
    exit 1
fi
echo "lint: ${#names[@]} scripts, all ok"
