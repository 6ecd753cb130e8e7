"""One practice API for the whole run, and programs that use the library in their own processes."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import penstock

ROOT = Path(__file__).resolve().parents[4]
SOURCE = ROOT / "bindings" / "python" / "src"


class Practice:
    """The practice API as a process; `http` is its URL."""

    def __init__(self) -> None:
        # The server wants 3.11; the package runs from 3.9 on.
        python = sys.executable if sys.version_info >= (3, 11) else shutil.which("python3")
        assert python
        self.process = subprocess.Popen(
            [python, "-m", "practice_api", "--until-eof", "--quiet", "--tls"],
            cwd=ROOT / "Tests",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.http: str = self.ready["http"]
        self._names = itertools.count()

    def name(self) -> str:
        """A name that no other test's schedules and ledgers have."""
        return f"py{next(self._names)}"

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(self.http + path, timeout=10) as answer:
            return json.load(answer)

    def truth(self, collection: str) -> tuple[int, str]:
        """How many records a collection has, and the digest of their lines."""
        told = self.ask(f"/_truth/{collection}")
        return told["count"], told["sha256"]

    def source(self, **keys: Any) -> dict[str, Any]:
        return {"base_url": self.http, "retry": {"attempts": 1}, **keys}

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)


def digest(pages: Iterator[penstock.Page]) -> tuple[int, str]:
    """The count and digest of records, byte for byte, as `Practice.truth()` has them."""
    count, seen = 0, hashlib.sha256()
    for page in pages:
        for record in page.raw:
            seen.update(record)
            seen.update(b"\n")
            count += 1
    return count, seen.hexdigest()


@pytest.fixture(scope="session")
def practice() -> Iterator[Practice]:
    server = Practice()
    yield server
    server.stop()


@pytest.fixture
def client(practice: Practice) -> Iterator[penstock.Client]:
    with penstock.Client(practice.source()) as client:
        yield client


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(practice: Practice) -> Iterator[Start]:
    """Starts a Python program in a process of its own; `URL` is the practice API's."""
    started: list[subprocess.Popen[str]] = []

    def run(text: str, **more: Any) -> subprocess.Popen[str]:
        return launch([sys.executable, "-X", "dev", "-c", textwrap.dedent(text)], **more)

    def launch(command: list[str], **more: Any) -> subprocess.Popen[str]:
        environment: Mapping[str, str] = {
            **os.environ,
            "PYTHONPATH": str(SOURCE),
            "URL": practice.http,
        }
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **more,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            # The children of a program that hangs go with it.
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
