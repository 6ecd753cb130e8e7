#!/usr/bin/env python3
"""How much of a limit is used, and what the server had to refuse, against a server that enforces
limits to the letter (`c/limit_server.c`).

    Tests/bench/limits.py [--others] [SECONDS [PART]]

"used" is what the server let through in whole periods, over what it would let through at most.
With --others the same against aiolimiter, pyrate-limiter and the loop that articles show (all with
aiohttp; `pip install -r Tests/requirements-bench.txt`). PART of a server's name picks rows.
PENSTOCK_LIBRARY names another library than .build/release's.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import served

BUILD = served.ROOT / ".build/c-bench"
LIBRARY = Path(
    os.environ.get("PENSTOCK_LIBRARY", served.ROOT / ".build/release/libpenstock.so")
).resolve()


class Case(NamedTuple):
    """What the server enforces, and what the document says of it."""

    kind: str
    rate: int
    burst: int
    delay_ms: int
    limits: Any
    parallel: int

    @property
    def name(self) -> str:
        text = f"{self.kind} {self.rate}/s"
        if self.kind == "bucket":
            text += f" burst {self.burst}"
        return text + (f", {self.delay_ms} ms" if self.delay_ms else "")

    @property
    def path(self) -> str:
        return f"/{self.kind}/{self.rate}/1000/{self.burst}/{self.delay_ms}/x"

    @property
    def at_once(self) -> int:
        """So many may go at the very start."""
        return self.burst if self.kind == "bucket" else self.rate


def cases() -> list[Case]:
    found = []
    for rate in (50, 500, 5000):
        window: Any = f"{rate}/s"
        bucket = {"requests": rate, "per": "1s", "burst": rate // 10}
        parallel = 16 if rate < 5000 else 64
        found += [
            Case("window", rate, 1, 0, window, parallel),
            Case("fixed", rate, 1, 0, window, parallel),
            Case("bucket", rate, rate // 10, 0, bucket, parallel),
        ]
    spacing = {"spacing": "20ms", "guard": "response"}
    found += [
        Case("bucket", 50, 1, 0, spacing, 1),
        Case("bucket", 50, 1, 0, {"requests": 50, "per": "1s", "burst": 1}, 1),
        Case("window", 50, 1, 50, "50/s", 16),
        Case("bucket", 50, 5, 50, {"requests": 50, "per": "1s", "burst": 5}, 16),
    ]
    return found


def build() -> None:
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in ("libpenstock.so.0", "libpenstock.so"):
        (BUILD / name).unlink(missing_ok=True)
        (BUILD / name).symlink_to(LIBRARY)
    flags = [
        "-std=c11",
        "-O2",
        "-Wall",
        "-Wextra",
        "-pedantic",
        "-Werror",
        f"-I{served.ROOT}/include",
    ]
    source = served.ROOT / "Tests/bench/c"
    server = [f"{source}/limit_server.c", "-o", f"{BUILD}/limit_server"]
    client = [f"{source}/limited.c", "-o", f"{BUILD}/limited", f"-L{BUILD}", "-lpenstock"]
    subprocess.run(["gcc", *flags, *server], check=True)
    subprocess.run(["gcc", *flags, *client, f"-Wl,-rpath,{BUILD}"], check=True)


def told(url: str, case: Case, name: str) -> None:
    with urllib.request.urlopen(f"{url}/_stats", timeout=10) as answer:
        stats = json.load(answer)
    # The last period has only begun. The first one gives a bucket's burst besides.
    whole = stats["periods"][:-1]
    most = case.rate * len(whole) + (case.burst if case.kind == "bucket" else 0)
    # Who sent all of it within the first period has used none of the others.
    used = f"{sum(whole) / most:.3f}" if whole else "-"
    print(f"{case.name:30} {name:22} {used:>6} {stats['refused']:8}", flush=True)


def penstock(url: str, case: Case, seconds: float) -> None:
    pages = case.at_once + int(case.rate * seconds)
    arguments = [url, case.path, json.dumps(case.limits), str(case.parallel), str(pages)]
    subprocess.run([BUILD / "limited", *arguments], check=True)
    told(url, case, "penstock")


Acquire = Callable[[], Awaitable[Any]]


async def crowd(url: str, case: Case, seconds: float, acquire: Acquire) -> None:
    """As many requests as fit into the time, by tasks that each ask before they send. What is
    refused is not sent again: that would only add to it."""
    import aiohttp

    left = case.at_once + int(case.rate * seconds)
    until = time.monotonic() + 4 * seconds

    async def worker(session: aiohttp.ClientSession) -> None:
        nonlocal left
        while left > 0 and time.monotonic() < until:
            left -= 1
            await acquire()
            async with session.get(f"{url}{case.path}?page={left}") as answer:
                await answer.read()

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(worker(session) for _ in range(case.parallel)))


def article(rate: int, burst: int) -> Acquire:
    """The token bucket of the article: it computes a wait and takes nothing."""
    tokens, updated = float(burst), time.time()

    async def acquire() -> None:
        nonlocal tokens, updated
        now = time.time()
        tokens = min(float(burst), tokens + (now - updated) * rate)
        updated = now
        if tokens >= 1:
            tokens -= 1
        else:
            await asyncio.sleep((1 - tokens) / rate)

    return acquire


def others(url: str, case: Case, seconds: float) -> None:
    from aiolimiter import AsyncLimiter
    from pyrate_limiter import Duration, InMemoryBucket, Limiter, Rate

    async def by_aiolimiter() -> None:
        most = case.burst if case.kind == "bucket" else case.rate
        limiter = AsyncLimiter(most, most / case.rate)
        await crowd(url, case, seconds, limiter.acquire)

    async def by_pyrate() -> None:
        most = case.burst if case.kind == "bucket" else case.rate
        rate = Rate(most, int(Duration.SECOND * most / case.rate))
        limiter = Limiter(InMemoryBucket([rate]))
        await crowd(url, case, seconds, lambda: limiter.try_acquire_async("x"))

    async def by_article() -> None:
        most = case.burst if case.kind == "bucket" else case.rate
        await crowd(url, case, seconds, article(case.rate, most))

    for name, run in (
        ("aiolimiter", by_aiolimiter),
        ("pyrate-limiter", by_pyrate),
        ("the article's loop", by_article),
    ):
        asyncio.run(run())
        told(url, case, name)


def main() -> None:
    arguments = [argument for argument in sys.argv[1:] if argument != "--others"]
    seconds = float(arguments[0]) if arguments else 5.0
    part = arguments[1] if len(arguments) > 1 else ""
    build()
    with served.served(BUILD / "limit_server") as url:
        print(f"{'the server enforces':30} {'client':22} {'used':>6} {'refused':>8}")
        for case in cases():
            if part not in case.name:
                continue
            penstock(url, case, seconds)
            if "--others" in sys.argv:
                others(url, case, seconds)


if __name__ == "__main__":
    main()
