#!/usr/bin/env python3
"""What packing files and hashing their records cost a run with a state: processor time and bytes.

    export PENSTOCK_LIBRARY=.build/release/libpenstock.so
    .build/venv/bin/python Tests/bench/packing.py [RECORDS [ROUNDS]]

60,000 events of the practice API, each kind of run in a process of its own; the least of ROUNDS
counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import served

sys.path.insert(0, str(served.ROOT / "bindings/python/src"))

import penstock

KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "gzip": {"output": {"compress": "gzip"}},
    "gzip, a commit whenever pages came": {"output": {"compress": "gzip"}, "commit_every": "0s"},
    "zstd": {"output": {"compress": "zstd"}},
    "canonical_hash": {"output": {"canonical_hash": True}},
}


def run(url: str, more: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory(dir=".") as folder:
        stream = {"path": "/offset/events", "pagination": {"type": "offset", "size": 100}}
        job = {
            "source": {"base_url": url, "streams": {"events": stream}},
            "state": f"{folder}/state.db",
            **more,
            "output": {"directory": f"{folder}/out", **more.get("output", {})},
        }
        began = time.process_time()
        report = penstock.pull(job)
        took = time.process_time() - began
        size = sum(file.stat().st_size for file in Path(folder, "out").iterdir())
        print(json.dumps([took, size, report["events"].records]))


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        run(sys.argv[2], json.loads(sys.argv[3]))
        return
    records, rounds = (*sys.argv[1:], *("60000", "3")[len(sys.argv) - 1 :])
    with served.practice_api("--records", records) as url:
        for kind, more in KINDS.items():
            told = [
                json.loads(
                    subprocess.run(
                        [sys.executable, __file__, "--one", url, json.dumps(more)],
                        check=True,
                        capture_output=True,
                    ).stdout
                )
                for _ in range(int(rounds))
            ]
            assert {count for _, _, count in told} == {int(records)}
            print(f"{kind:36}{min(told)[0]:6.2f} s of processor time, {min(told)[1]:,} bytes")


if __name__ == "__main__":
    main()
