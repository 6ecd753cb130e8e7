"""Every test leaves no handle behind: the stand-in counts them."""

from __future__ import annotations

import ctypes
import gc
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import penstock

KINDS = ("client", "limiter", "paginator", "page", "sync", "text", "error")
SOURCE = Path(__file__).resolve().parents[2] / "src"


def live_handles() -> dict[str, int]:
    library = ctypes.CDLL(os.environ["PENSTOCK_LIBRARY"])
    counts = {kind: library.double_live(number) for number, kind in enumerate(KINDS)}
    return {kind: count for kind, count in counts.items() if count}


@pytest.fixture(autouse=True)
def _no_handle_left() -> Iterator[None]:
    gc.collect()
    assert live_handles() == {}
    yield
    gc.collect()
    assert live_handles() == {}


@pytest.fixture
def live() -> Callable[[], dict[str, int]]:
    return live_handles


@pytest.fixture
def client() -> Iterator[penstock.Client]:
    with penstock.Client({"base_url": "http://127.0.0.1", "streams": {"users": {}}}) as client:
        yield client


def until_it_waits(thread: threading.Thread) -> None:
    """Until a thread sleeps in a call of the library's."""
    end, looks = time.monotonic() + 60, 0
    while looks < 3:
        assert time.monotonic() < end
        time.sleep(0.01)
        assert thread.ident is not None
        frame = sys._current_frames().get(thread.ident)
        stat = Path(f"/proc/self/task/{thread.native_id}/stat").read_text()
        # Several times, because who waits for the interpreter's lock sleeps, too.
        inside = frame is not None and "penstock" in frame.f_code.co_filename
        looks = looks + 1 if inside and stat.rpartition(")")[2].split()[0] == "S" else 0


RunScript = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def script() -> Iterator[RunScript]:
    """Starts a Python program in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(text: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-X", "dev", "-c", textwrap.dedent(text)],
            env={**os.environ, "PYTHONPATH": str(SOURCE), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
