"""Many streams in one process: none waits for another's end, and a limit they share is shared."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Event
from typing import Any

import penstock

STREAMS = 6


def source(server: str, **more: Any) -> dict[str, Any]:
    paging = {"type": "offset", "size": {"param": "limit", "value": 5}}
    streams = {
        f"s{number}": {"path": "/offset/users", "records": "data", "pagination": paging}
        for number in range(STREAMS)
    }
    return {"base_url": server, "streams": streams, **more}


def shares(document: Any, directory: Path) -> list[list[int]]:
    """The records of each stream, again and again while all of them are at work."""
    seen: list[list[int]] = []

    def watch(report: penstock.Report) -> None:
        if all(stream.state == "running" for stream in report.streams):
            seen.append([stream.records for stream in report.streams])

    report = penstock.pull(document, directory, on_progress=watch, interval=0.02)
    assert report.ok
    return seen


def test_streams_that_share_a_limit_get_on_alike(server: str, tmp_path: Path) -> None:
    limits = [{"requests": 400, "per": "1s", "burst": 6}]
    seen = shares(source(server, limits=limits), tmp_path)
    last = seen[-1]
    assert sum(last) >= STREAMS * 20
    # A page is five records: nobody is ahead by more than a few turns at any time.
    assert max(max(each) - min(each) for each in seen) <= 30, seen


def test_sources_with_limits_of_their_own_do_not_wait_for_each_other(
    server: str, tmp_path: Path
) -> None:
    slow = {"name": "slow", "source": source(server, limits="2/s")}
    quick = {"name": "quick", "source": source(server)}
    ended: list[str] = []
    stop = Event()

    def watch(report: penstock.Report) -> None:
        by_source = {
            name: all(one.state == "done" for one in report.streams if one.source == name)
            for name in ("slow", "quick")
        }
        ended.extend(name for name, done in by_source.items() if done and name not in ended)
        if "quick" in ended:
            stop.set()

    job = {
        "sources": [slow, quick],
        "output": {"directory": str(tmp_path)},
        "state": str(tmp_path / "state.db"),
    }
    report = penstock.pull(job, on_progress=watch, interval=0.02, stop=stop, check=False)
    assert ended == ["quick"]
    quick_files = sorted(tmp_path.rglob("*.jsonl"))
    assert len(quick_files) == STREAMS and all("quick" in str(file) for file in quick_files)
    first = [json.loads(line)["id"] for line in quick_files[0].open()]
    assert len(first) == len(set(first)) > 0
    assert not report.ok
