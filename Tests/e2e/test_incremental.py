"""Streams that are read incrementally, over real sockets: run after run, killed and not."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import penstock
import pytest
from watching import until

ITERATIONS = int(os.environ.get("PENSTOCK_CRASH_ITERATIONS", "25")) // 3 + 2


class Feed:
    """Records with a time, filtered by `since` and `until`, three a page."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.delay = 0.0
        feed = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                time.sleep(feed.delay)
                feed.asked.append(self.path)
                query = dict(parse_qsl(urlsplit(self.path).query))
                since, until = query.get("since", ""), query.get("until", "9")
                found = [row for row in feed.rows if since <= row["at"] < until]
                found.sort(key=lambda row: (row["at"], row["id"]))
                start = int(query.get("offset", 0))
                more = start + 3 < len(found)
                body = json.dumps({"data": found[start : start + 3], "more": more}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def add(self, number: int, at: str, **more: Any) -> None:
        self.rows.append({"id": number, "at": at, **more})

    @property
    def document(self) -> dict[str, Any]:
        return {
            "base_url": f"http://127.0.0.1:{self.server.server_address[1]}",
            "streams": {
                "feed": {
                    "path": "/feed",
                    "records": "data",
                    "key": "id",
                    "pagination": {"type": "offset", "has_more": "more"},
                    "incremental": {
                        "field": "at",
                        "from": "since",
                        "to": "until",
                        "start": "2024-01-01",
                        "end": "2024-07-01",
                        "step": "1 month",
                    },
                }
            },
        }


@pytest.fixture
def feed() -> Iterator[Feed]:
    feed = Feed()
    for number in range(30):
        feed.add(number, f"2024-0{number % 5 + 1}-{number % 28 + 1:02}T00:00:00Z")
    yield feed
    feed.server.shutdown()
    feed.server.server_close()


def ids(file: Path) -> list[int]:
    return [json.loads(line)["id"] for line in file.read_text().splitlines()]


def test_how_far_the_cursor_lags_is_told(feed: Feed, tmp_path: Path) -> None:
    highest = max(row["at"] for row in feed.rows)

    def pull() -> tuple[penstock.StreamReport, dict[str, float]]:
        figures = tmp_path / "pull.prom"
        report = penstock.pull(
            feed.document, tmp_path / "out", state=tmp_path / "state.db", metrics_file=figures
        )
        lines = [line.split() for line in figures.read_text().splitlines() if "cursor_" in line]
        found = {line[0].partition("{")[0]: float(line[1]) for line in lines if line[0] != "#"}
        return report["feed"], found

    for _ in range(2):
        # The second run finds nothing new: the cursor stands where it stood, and lags further.
        began = time.time()
        report, figures = pull()
        at = datetime.fromisoformat(highest).timestamp()
        assert report.cursor == highest
        least, most = began - at - 0.1, time.time() - at + 0.1
        assert report.cursor_lag is not None and least <= report.cursor_lag <= most
        assert figures["penstock_cursor_timestamp_seconds"] == at
        assert least <= figures["penstock_cursor_lag_seconds"] <= most
    assert report.records == 0


def test_the_next_run_adds_what_is_new(feed: Feed, tmp_path: Path) -> None:
    file = tmp_path / "out" / "feed.jsonl"

    def pull() -> int:
        report = penstock.pull(feed.document, tmp_path / "out", state=tmp_path / "state.db")
        return report["feed"].records

    assert pull() == 30
    assert feed.asked[0] == "/feed?since=2024-01-01T00:00:00Z&until=2024-02-01T00:00:00Z&offset=0"
    assert sorted(ids(file)) == list(range(30))
    highest = max(feed.rows, key=lambda row: row["at"])
    feed.add(50, highest["at"])
    feed.add(51, "2024-06-01T00:00:00Z")
    assert pull() == 2 and ids(file)[30:] == [50, 51]
    # Unchanged ones don't come again, a changed one does.
    assert pull() == 0
    feed.rows[-1]["text"] = "changed"
    assert pull() == 1 and ids(file)[32:] == [51]
    # Whoever reads the files may take them away.
    file.rename(tmp_path / "taken.jsonl")
    feed.add(52, "2024-06-02T00:00:00Z")
    assert pull() == 1 and ids(file) == [52]


def test_a_file_that_was_edited_is_not_written_on(feed: Feed, tmp_path: Path) -> None:
    penstock.pull(feed.document, tmp_path / "out", state=tmp_path / "state.db")
    with (tmp_path / "out" / "feed.jsonl").open("a") as file:
        file.write("{}\n")
    with pytest.raises(penstock.PenstockError, match="restore it"):
        penstock.pull(feed.document, tmp_path / "out", state=tmp_path / "state.db")


def test_the_last_checkpoint_begins_the_next_run(feed: Feed) -> None:
    with penstock.Client(feed.document) as api:
        checkpoint = None
        for page in api.pages("feed"):
            checkpoint = page.checkpoint
        feed.add(60, "2024-06-03T00:00:00Z")
        pages = list(api.pages("feed", checkpoint=checkpoint))
    records = [json.loads(bytes(record)) for page in pages for record in page.raw]
    assert [record["id"] for record in records] == [60]


def test_it_is_explained(feed: Feed) -> None:
    told = penstock.explain(feed.document)["streams"][0]["incremental"]
    assert "in windows of 1 month, one after the other, each with pages of its own" in told


def test_killed_at_random_instants(feed: Feed, tmp_path: Path) -> None:
    document = tmp_path / "source.json"
    document.write_text(json.dumps(feed.document))
    feed.delay = 0.004
    chance = random.Random(5)
    command = [sys.executable, "-m", "penstock", "pull", str(document), "--quiet"]
    command += ["--output", str(tmp_path / "out"), "--state", str(tmp_path / "state.db")]
    package = Path(__file__).parents[2] / "bindings/python/src"
    environment = {**os.environ, "PYTHONPATH": str(package)}
    made = 1000
    for _ in range(ITERATIONS):
        # New ones at the highest time and later, between runs and while they are killed.
        day = min(28, 1 + (made - 1000) // 12)
        for _ in range(4):
            feed.add(made, f"2024-06-{day:02}T00:00:00Z")
            made += 1
        asked = len(feed.asked)
        child = subprocess.Popen(command, env=environment)
        # Python needs a while to start: the run's own time is behind that.
        until(lambda asked=asked: len(feed.asked) > asked)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.3))
        child.send_signal(signal.SIGKILL)
        child.wait()
    subprocess.run(command, check=True, timeout=60, env=environment)
    subprocess.run(command, check=True, timeout=60, env=environment)
    assert sorted(ids(tmp_path / "out" / "feed.jsonl")) == sorted(row["id"] for row in feed.rows)
