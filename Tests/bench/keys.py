#!/usr/bin/env python3
"""The memory of a walk that remembers the key of every record: the most that was resident.

    export PENSTOCK_LIBRARY=.build/release/libpenstock.so
    .build/venv/bin/python Tests/bench/keys.py [RECORDS [MAX_KEYS]]

The server is the C one of Tests/bench/run.sh (which builds it). With as many records as keys (both
10,000,000) all of them are kept; with more the older half is forgotten.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import served

sys.path.insert(0, str(served.ROOT / "bindings/python/src"))

import penstock


def run(url: str, keys: dict[str, Any]) -> None:
    stream = {
        "path": "/items",
        "records": "data",
        "pagination": {"type": "page", "param": "page", "has_more": "has_more"},
        **keys,
    }
    with penstock.Client({"base_url": url, "streams": {"items": stream}}) as api:
        for page in api.pages("items"):
            page.close()
    status = Path("/proc/self/status").read_text()
    print(next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")))


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        run(sys.argv[2], json.loads(sys.argv[3]))
        return
    records, most = (*sys.argv[1:], *("10000000", "10000000")[len(sys.argv) - 1 :])
    with served.page_server(records) as url:
        kinds: dict[str, dict[str, Any]] = {"no key": {}}
        for full in ("forget", "fail"):
            if full == "forget" or int(records) <= int(most):
                duplicates = {"max_keys": int(most), "when_full": full}
                kinds[full] = {"key": "id", "duplicates": duplicates}
        for kind, keys in kinds.items():
            told = subprocess.run(
                [sys.executable, __file__, "--one", url, json.dumps(keys)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            print(f"{kind:8}{int(told) / 1024:8.1f} MB")


if __name__ == "__main__":
    main()
