#!/usr/bin/env bash
# Run the demonstration: four streams at their limits, a report joined from three of them, all flights
# out of New York in 2013, and three streams that are killed in the middle and taken up again; every
# result compared with what the servers hold. Less than a minute; files go to .build/demo. Needs the release library and scripts/setup-python.sh; `make
# demo` brings both. Options: scripts/demo.sh --help.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)

library=${PENSTOCK_LIBRARY:-$here/.build/release/libpenstock.so}
python=${PENSTOCK_VENV:-$here/.build/venv}/bin/python
if [[ ! -f $library ]]; then
    echo "demo: $library is missing: swift build -c release --product penstock" >&2
    exit 1
fi
if [[ ! -x $python ]]; then
    echo "demo: $python is missing: scripts/setup-python.sh" >&2
    exit 1
fi

# The checkout's own package; the environment may hold a released one.
PYTHONPATH=$here/bindings/python/src:$here/examples/python${PYTHONPATH:+:$PYTHONPATH}
export PYTHONPATH PENSTOCK_LIBRARY=$library
# exec: signals go to the demonstration, and its exit code is this script's.
exec "$python" -m demo "$@"
