"""The examples run as a person runs them: as programs, against servers on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from no_secrets import pytest_runtest_makereport  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "python"
API = ROOT / "Tests" / "practice_api"

# For the tests that call a part of an example instead of running the whole.
sys.path[:0] = [str(EXAMPLES), str(ROOT / "bindings" / "python" / "src")]

from demo.servers import ask, running  # noqa: E402  (found through the line above)

SIZE = 700


class Practice:
    """A practice API with 700 records in every collection."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str) -> dict[str, Any]:
        return ask(self.url + path)


@pytest.fixture
def practice() -> Iterator[Practice]:
    """One for each test: a limit that another test has used up would only make this one wait."""
    command: list[str | Path] = [
        sys.executable,
        API,
        "--until-eof",
        "--quiet",
        "--records",
        str(SIZE),
    ]
    with running(command) as announced:
        yield Practice(announced["http"])


def environment(**changes: str) -> dict[str, str]:
    """What an example runs in: the package of this checkout, no terminal settings of the tester."""
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    kept["PYTHONPATH"] = str(ROOT / "bindings" / "python" / "src")
    return {**kept, **changes}


def run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(),
        timeout=60,
    )


def lines(text: str) -> list[str]:
    """Of JSON Lines: str.splitlines() would also split at U+2028, which may stand in a record."""
    return text.removesuffix("\n").split("\n")
