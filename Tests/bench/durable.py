#!/usr/bin/env python3
"""What a durable commit costs a run: the same stream into a file without a state and with one.

    export PENSTOCK_LIBRARY=.build/release/libpenstock.so
    .build/venv/bin/python Tests/bench/durable.py [RECORDS [ROUNDS [DELAY_MS]]]

The server is the C one of Tests/bench/run.sh (which builds it): 100 records a page, an answer after
DELAY_MS. Runs take turns; the middle of each kind counts. The digests of the files must be equal.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from statistics import median

import served

sys.path.insert(0, str(served.ROOT / "bindings/python/src"))

import penstock

KINDS: dict[str, str | None] = {
    "no state": None,
    "commits every 100 ms": "100ms",
    "every page": "0s",
}


def run(url: str, commit_every: str | None) -> tuple[float, str, int]:
    """Seconds, the digest of the file, and how many commits there were."""
    stream = {
        "path": "/items",
        "records": "data",
        "pagination": {"type": "page", "param": "page", "has_more": "has_more"},
    }
    with tempfile.TemporaryDirectory(dir=".") as folder:
        job = {
            "source": {"base_url": url, "streams": {"items": stream}},
            "output": {"directory": f"{folder}/out"},
        }
        if commit_every is not None:
            job |= {"state": f"{folder}/state.db", "commit_every": commit_every}
        began = time.perf_counter()
        penstock.pull(job)
        took = time.perf_counter() - began
        commits = 0
        if commit_every is not None:
            with penstock.State(f"{folder}/state.db") as state:
                commits = state.export()["streams"][0]["commits"]
        with open(f"{folder}/out/items.jsonl", "rb") as file:
            return took, hashlib.file_digest(file, "sha256").hexdigest(), commits


def main() -> None:
    records, rounds, delay = (*sys.argv[1:], *("1000000", "5", "0")[len(sys.argv) - 1 :])
    with served.page_server(records, delay) as url:
        times: dict[str, list[float]] = {kind: [] for kind in KINDS}
        commits: dict[str, int] = {}
        digests = set()
        for _ in range(int(rounds)):
            for kind, commit_every in KINDS.items():
                took, digest, commits[kind] = run(url, commit_every)
                times[kind].append(took)
                digests.add(digest)
        assert len(digests) == 1, "the files differ"
        least = median(times["no state"])
        for kind, seconds in times.items():
            print(
                f"{kind}: {median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f}), "
                f"{median(seconds) / least:.2f} x, {commits[kind]} commits"
            )


if __name__ == "__main__":
    main()
