"""End-to-end tests: the built library through the Python package, against servers on loopback."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from budget.redis_server import Redis
from no_secrets import pytest_runtest_makereport  # noqa: F401

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS.parent / "bindings/python/src"))
sys.path.insert(0, str(TESTS))


@pytest.fixture(scope="module")
def practice_options() -> list[str]:
    """What the practice API is started with; a module may have others."""
    return []


@pytest.fixture(scope="module")
def practice(practice_options: list[str]) -> Iterator[dict[str, Any]]:
    """The practice API, as it announced itself."""
    process = subprocess.Popen(
        [sys.executable, "-m", "practice_api", "--until-eof", "--quiet", *practice_options],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None
    ready: dict[str, Any] = json.loads(process.stdout.readline())
    yield ready
    process.stdin.close()
    assert process.wait(60) == 0


@pytest.fixture(scope="module")
def server(practice: dict[str, Any]) -> str:
    """The practice API's URL."""
    url: str = practice["http"]
    return url


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis that keeps what it was told."""
    if shutil.which("redis-server") is None:
        pytest.skip("no redis-server here: scripts/setup-debian.sh")
    server = Redis(tmp_path, "--appendonly", "yes")
    yield server
    server.stop()
