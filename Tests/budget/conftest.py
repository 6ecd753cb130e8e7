"""One budget, many processes: forked from this one before it opens anything of the library's."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from no_secrets import pytest_runtest_makereport  # noqa: F401

from .redis_server import Redis

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
sys.path.insert(0, str(TESTS.parent / "bindings/python/src"))

# How many at once; 64 at length.
PROCESSES = int(os.environ.get("PENSTOCK_BUDGET_PROCESSES", "24"))

fork = multiprocessing.get_context("fork")


class Server:
    """The counting server as a process."""

    def __init__(self, delay: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "counting_server.py"), str(delay)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def seen(self) -> dict[str, Any]:
        with urllib.request.urlopen(self.url + "/_times", timeout=10) as reply:
            found: dict[str, Any] = json.load(reply)
            return found

    def times(self) -> list[int]:
        return sorted(self.seen()["times"])

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(5)


class Line:
    """Where processes wait until all are there: Python needs a while to import, and they are to
    share a budget at the same time. Pipes, for a process that is killed would keep a lock."""

    def __init__(self) -> None:
        self.ready, self.told = os.pipe()
        self.go, self.held = os.pipe()

    def wait(self) -> None:
        os.close(self.held)
        os.write(self.told, b".")
        os.read(self.go, 1)  # the end, when nobody holds it any more

    def start(self, count: int) -> None:
        os.close(self.told)
        while count > 0:
            came = len(os.read(self.ready, count))
            assert came, "processes ended before they began"
            count -= came
        for descriptor in (self.ready, self.go, self.held):
            os.close(descriptor)


def send_all(url: str, limits: Any, seconds: float, answers: Any, line: Line | None) -> None:
    """What each process does: requests as fast as the budget lets it."""
    import penstock

    if line:
        line.wait()
    done, failed = 0, ""
    end = time.monotonic() + seconds
    with penstock.Limiter(limits) as budget:
        document = {"base_url": url, "retry": {"attempts": 1}}
        with penstock.Client(document, limiter=budget) as client:
            while (left := end - time.monotonic()) > 0:
                try:
                    client.get("/count", timeout=left).close()
                except penstock.Timeout:
                    break
                except penstock.PenstockError as error:
                    failed = str(error)
                    break
                done += 1
    answers.put((os.getpid(), done, failed))


class Crowd:
    """Processes that share a budget."""

    def __init__(self, url: str, limits: Any, seconds: float, count: int) -> None:
        self.answers = fork.Queue()
        line = Line()
        self.arguments: tuple[Any, ...] = (url, limits, seconds, self.answers, line)
        self.processes = [self._start() for _ in range(count)]
        line.start(count)
        # Those that come later find the others at work.
        self.arguments = (url, limits, seconds, self.answers, None)

    def _start(self) -> Any:
        process = fork.Process(target=send_all, args=self.arguments, daemon=True)
        process.start()
        return process

    def kill_some(self, seconds: float, pause: float = 0.05) -> int:
        """Kill one at random, start another in its place, again and again."""
        chance = random.Random(7)
        killed = 0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            index = chance.randrange(len(self.processes))
            os.kill(self.processes[index].pid, signal.SIGKILL)
            self.processes[index].join()
            self.processes[index] = self._start()
            killed += 1
            time.sleep(chance.uniform(0, 2 * pause))
        return killed

    def join(self, wait: float = 60) -> list[tuple[int, int, str]]:
        found = []
        end = time.monotonic() + wait
        while any(process.is_alive() for process in self.processes) and time.monotonic() < end:
            while not self.answers.empty():
                found.append(self.answers.get())
            time.sleep(0.02)
        for process in self.processes:
            if process.is_alive():
                process.kill()
            process.join()
        while not self.answers.empty():
            found.append(self.answers.get())
        return found


def worst(times: list[int], window: float) -> int:
    """The most that any half-open window of that length has."""
    first = most = 0
    for index, instant in enumerate(times):
        while instant - times[first] >= window * 1e9:
            first += 1
        most = max(most, index - first + 1)
    return most


@pytest.fixture
def serve() -> Iterator[Callable[[float], Server]]:
    servers: list[Server] = []

    def start(delay: float = 0.0) -> Server:
        servers.append(Server(delay))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    if shutil.which("redis-server") is None:
        pytest.skip("no redis-server here: scripts/setup-debian.sh")
    server = Redis(tmp_path)
    yield server
    server.stop()
