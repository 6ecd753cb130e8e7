"""What the tests of figures, logs and progress share: the practice API's own counts beside ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]


def stats(server: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server}/_stats", timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def asked(server: str, mark: str) -> int:
    routes = stats(server)["routes"]
    return sum(count for path, count in routes.items() if mark in path)


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
