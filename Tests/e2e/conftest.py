"""End-to-end tests: the built library through the Python package, against servers on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS.parent / "bindings/python/src"))
sys.path.insert(0, str(TESTS))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The practice API's URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "practice_api", "--until-eof", "--quiet"],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None
    url: str = json.loads(process.stdout.readline())["http"]
    yield url
    process.stdin.close()
    assert process.wait(10) == 0
