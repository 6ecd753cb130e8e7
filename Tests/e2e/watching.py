"""What the tests of figures, logs and progress share: the practice API's own counts beside ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import penstock

from budget.redis_server import Redis

TESTS = Path(__file__).resolve().parents[1]
T = TypeVar("T")


def stats(server: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server}/_stats", timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def asked(server: str, mark: str) -> int:
    routes = stats(server)["routes"]
    return sum(count for path, count in routes.items() if mark in path)


def until(what: Callable[[], T], seconds: float = 60) -> T:
    """What comes of it when it is something; looked at again and again."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end
        time.sleep(0.005)
    return found


class Lateness:
    """By how much a thread of this process woke later than it wanted to, at worst: what a busy
    machine adds to any time that is measured meanwhile."""

    def __init__(self) -> None:
        self.ms = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            time.sleep(0.01)
            self.ms = max(self.ms, (time.monotonic() - began - 0.01) * 1000)

    def __enter__(self) -> Lateness:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def parked(least: int, *arguments: Any, **more: Any) -> penstock.Report:
    """A run that is stopped when it has written so many records, however long that takes. That it
    is not done by then is for limits that let only some requests go."""
    stop = threading.Event()

    def watch(report: penstock.Report) -> None:
        if report.records >= least:
            stop.set()

    return penstock.pull(
        *arguments, stop=stop, on_progress=watch, interval=0.01, check=False, timeout=60, **more
    )


def of(metrics: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in metrics["streams"] if one["stream"] == name)
    return found


def spent(stream: dict[str, Any]) -> dict[str, float]:
    return {one["on"]: one["ms"] for one in stream["spent"]}


def python_path(**more: str) -> dict[str, str]:
    source = str(TESTS.parent / "bindings/python/src")
    return {**os.environ, "PYTHONPATH": source, **more}


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "penstock", *arguments],
        env=python_path(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def state_in(redis: Redis, options: str = "prefix=test") -> str:
    """As documents name it."""
    return f"unix://{redis.socket}?{options}"
