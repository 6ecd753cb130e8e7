#!/usr/bin/env python3
"""What pages at once and looking ahead make of a server's latency, as ratios.

    export PENSTOCK_LIBRARY=.build/release/libpenstock.so
    .build/venv/bin/python Tests/bench/latency.py [PAGES]

The server is the practice API; its `/delay/50ms/` answers after 50 ms. Every pair of walks gives
the same records, or this fails. With a consumer that takes 40 ms a page, looking ahead can't make
more than 90/50 = 1.80 of a chain of cursors when all of a response comes at once: each request
needs the answer before it. It makes more where bodies take their time.
"""

from __future__ import annotations

import hashlib
import sys
import time
from typing import Any

import served

sys.path.insert(0, str(served.ROOT / "bindings/python/src"))

import penstock

DELAY = "/delay/50ms"
SIZE = 100
CONSUMER = 0.04

Walk = tuple[float, str]


def walk(url: str, stream: dict[str, Any], consumer: float, options: dict[str, Any]) -> Walk:
    """The seconds it takes, and a digest of the records."""
    digest = hashlib.sha256()
    with penstock.Client({"base_url": url, "streams": {"s": stream}}) as api:
        began = time.perf_counter()
        for page in api.pages("s", **options):
            for record in page.raw:
                digest.update(record)
            if consumer:
                time.sleep(consumer)
        return time.perf_counter() - began, digest.hexdigest()


def compare(
    url: str,
    name: str,
    stream: dict[str, Any],
    slow: dict[str, Any],
    fast: dict[str, Any],
    consumer: float = 0,
) -> None:
    before, expected = walk(url, stream, consumer, slow)
    after, got = walk(url, stream, consumer, fast)
    if got != expected:
        sys.exit(f"{name}: other records")
    print(f"{name:56} {before:7.2f} s {after:7.2f} s   x {before / after:.2f}", flush=True)


def main() -> None:
    pages = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with served.practice_api() as url:
        events = f"events:{pages * SIZE}"
        offset: dict[str, Any] = {
            "path": f"{DELAY}/offset/{events}",
            "records": "data",
            "pagination": {"type": "offset", "size": SIZE, "total": "total"},
        }
        unknown = {**offset, "pagination": {"type": "offset", "size": SIZE}}
        numbered = {
            **offset,
            "path": f"{DELAY}/page/{events}",
            "pagination": {"type": "page", "size": SIZE},
        }
        alone = {"parallel": 1}
        compare(url, "offset, 16 in flight", offset, alone, {"parallel": 16})
        compare(url, "offset, 16 in flight, end unknown", unknown, alone, {"parallel": 16})
        compare(url, "page, 16 in flight", numbered, alone, {"parallel": 16})

        cursor: dict[str, Any] = {
            "path": f"{DELAY}/cursor/{events}",
            "records": "data",
            "pagination": {"type": "cursor", "from": "next_cursor", "size": SIZE},
        }
        link = {"type": "link", "size": {"param": "per_page", "value": SIZE}}
        linked: dict[str, Any] = {"path": f"{DELAY}/link/{events}", "pagination": link}
        # The head at once, the body in pieces: about 50 ms a page.
        trickling = {"path": f"/fault/slow:2ms;size=1200/link/{events}", "pagination": link}
        asked, ahead = {"look_ahead": False}, {"look_ahead": True}
        compare(url, "cursor, consumer 40 ms, looking ahead", cursor, asked, ahead, CONSUMER)
        compare(url, "Link, consumer 40 ms, looking ahead", linked, asked, ahead, CONSUMER)
        compare(url, "Link, slow bodies, looking ahead", trickling, asked, ahead)
        compare(
            url,
            "Link, slow bodies, consumer 40 ms, looking ahead",
            trickling,
            asked,
            ahead,
            CONSUMER,
        )


if __name__ == "__main__":
    main()
