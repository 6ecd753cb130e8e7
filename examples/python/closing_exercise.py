"""Three APIs at once, killed in the middle, taken up again, and proved to be whole.

    python3 Tests/practice_api --port 8080 --records 5000 &
    PYTHONPATH=bindings/python/src python3 examples/python/closing_exercise.py http://127.0.0.1:8080

    users         by cursor             10 requests a second, bursts of 50
    transactions  by windows of a month  5 requests a second, bursts of 20
    events        by offset             20 requests a second, bursts of 100

The run is a process of its own, which is ended by `kill -9` when half of the records are there. The
next one goes on where the files end. Then every record of the practice API's own list is looked
for: each has to be in its file exactly once. Exit code 0: so it is.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

import penstock
from three_sources import NAMES, Progress, job, print_table

STREAMS = {"accounts": "users", "billing": "transactions", "tracking": "events"}
# What a process has used of a limit is forgotten with it, unless the limiter is shared by a file or
# by Redis: after so many seconds all three buckets are full again.
REFILL_S = 6.0


def whole_job(base_url: str, directory: Path) -> penstock.JobDocument:
    """That of `three_sources`, and where each stream stands is kept."""
    document = job(base_url, directory / "out")
    document["state"] = str(directory / "state.db")
    return document


def pull(base_url: str, directory: Path) -> int:
    report = penstock.pull(
        whole_job(base_url, directory),
        on_progress=Progress(),
        interval=0.1,
        check=False,
    )
    print_table(report)
    return 0 if report.ok else 1


def lines(directory: Path, name: str) -> list[bytes]:
    """What a stream has come to, in its file or in the one that becomes it."""
    whole = directory / "out" / f"{name}.{STREAMS[name]}.jsonl"
    part = whole.with_name(whole.name + ".part")
    for file in (whole, part):
        if file.exists():
            return file.read_bytes().splitlines()
    return []


def truth(base_url: str, name: str) -> list[bytes]:
    with urllib.request.urlopen(f"{base_url}/_dump/{STREAMS[name]}", timeout=60) as answer:
        content: bytes = answer.read()
    return content.splitlines()


def kill_in_the_middle(base_url: str, directory: Path, enough: int) -> int:
    """Records that were there when the process was gone."""
    command = [sys.executable, str(Path(__file__).resolve()), base_url, "--run"]
    child = subprocess.Popen([*command, "--directory", str(directory)])
    try:
        while child.poll() is None:
            if sum(len(lines(directory, name)) for name in NAMES) >= enough:
                os.kill(child.pid, signal.SIGKILL)
            time.sleep(0.02)
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
    there = sum(len(lines(directory, name)) for name in NAMES)
    how = "killed" if child.returncode == -signal.SIGKILL else "ended by itself"
    print(f"\n{how} with {there:,} records in the files\n")
    return there


def verify(base_url: str, directory: Path) -> bool:
    right = True
    for name in NAMES:
        wanted, found = Counter(truth(base_url, name)), Counter(lines(directory, name))
        missing, twice = sum((wanted - found).values()), sum((found - wanted).values())
        right = right and not missing and not twice
        count = sum(found.values())
        print(f"{STREAMS[name]:<14}{count:9,} records, {missing} missing, {twice} too many")
    with urllib.request.urlopen(f"{base_url}/_stats", timeout=60) as answer:
        limiters = json.load(answer)["limiters"]
    violations = sum(each["violations"] for each in limiters.values())
    print(f"{violations} violations of limits, as the server counts")
    return right and violations == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("base_url", help="of the practice API, such as http://127.0.0.1:8080")
    parser.add_argument("--directory", type=Path, default=Path("exercise"))
    parser.add_argument("--run", action="store_true", help="pull, and nothing else")
    given = parser.parse_args()
    if given.run:
        return pull(given.base_url, given.directory)
    every = sum(len(truth(given.base_url, name)) for name in NAMES)
    kill_in_the_middle(given.base_url, given.directory, every // 2)
    time.sleep(REFILL_S)
    if pull(given.base_url, given.directory) != 0:
        return 1
    return 0 if verify(given.base_url, given.directory) else 1


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except penstock.PenstockError as error:
        raise SystemExit(f"closing_exercise: {error}") from None
