"""Taking up a walk again: at once, however deep it stood, and as often as it must be."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import penstock
import pytest
from watching import TESTS, python_path

from loopback import JSONServer
from real_servers.launch import launch

# A figure worth telling needs more than a test has time for.
PAGES = int(os.environ.get("PENSTOCK_RESUME_PAGES", "1500"))
KILLS = 20


class _Deep(JSONServer):
    asked = 0

    def answer(self, path: str, query: dict[str, str]) -> Any:
        self.asked += 1
        (cursor,) = [
            int(query[name]) for name in ("cursor", "page", "offset") if name in query
        ] or [0]
        following = str(cursor + 1) if cursor + 1 < 10 * PAGES else None
        return {"data": [{"id": cursor}], "next": following}


@pytest.fixture(scope="module")
def deep() -> Iterator[_Deep]:
    with _Deep() as server:
        yield server


@pytest.mark.parametrize(
    "pagination",
    [
        {"type": "cursor", "param": "cursor", "from": "next"},
        {"type": "page", "start": 0},
        {"type": "offset", "size": 1},
    ],
    ids=lambda pagination: str(pagination["type"]),
)
def test_the_next_page_behind_a_deep_checkpoint_takes_one_request(
    deep: _Deep, pagination: dict[str, object]
) -> None:
    stream = {"path": "/rows", "records": "data", "pagination": pagination}
    source = {"base_url": deep.url, "streams": {"rows": stream}}
    checkpoint = None
    with penstock.Client(source) as client:
        for page in client.pages("rows", max_pages=PAGES):
            checkpoint = page.checkpoint
    assert page.index == PAGES - 1
    deep.asked = 0
    with (
        penstock.Client(source) as client,
        client.pages("rows", checkpoint=checkpoint, look_ahead=False) as pages,
    ):
        following = next(iter(pages))
    assert following.index == PAGES
    assert following.records == [{"id": PAGES}]
    assert deep.asked == 1


def test_flights_of_datasette_killed_on_the_way_are_all_there_once(tmp_path: Path) -> None:
    stream = {
        "path": "/flights/flights.json",
        "query": {"_shape": "objects", "_size": "1000", "_nocount": 1, "_nofacet": 1},
        "records": "rows",
        "key": "id",
        "pagination": {"type": "next_url", "from": {"body": "next_url"}},
    }
    environment = python_path()
    chance = random.Random(20)
    lease = tmp_path / "state.db-lease"
    with launch("flights") as flights:
        document = tmp_path / "source.json"
        document.write_text(
            json.dumps({"base_url": flights["url"], "streams": {"flights": stream}})
        )
        command = [
            *(sys.executable, "-m", "penstock", "pull", str(document), "--quiet"),
            *("--output", str(tmp_path / "out"), "--state", str(tmp_path / "state.db")),
        ]
        kills, stood = 0, [0]
        while kills < KILLS:
            run = subprocess.Popen(command, env=environment)
            while not lease.exists() and run.poll() is None:
                time.sleep(0.005)
            # Python needs a while to start, too.
            time.sleep(chance.uniform(0.3, 0.7))
            run.kill()
            assert run.wait() != 0, "done before it was killed often enough"
            kills += 1
            with penstock.State(tmp_path / "state.db") as state:
                streams = state.export()["streams"]
                stood.append(streams[0]["records"] if streams else 0)
        assert stood == sorted(stood) and stood[-1] > stood[0]
        assert subprocess.run(command, env=environment, check=False).returncode == 0
    print(f"committed at each of {kills} kills: {stood}")
    told = [sys.executable, str(TESTS / "real_servers"), "flights", "truth", "flights"]
    truth = json.loads(subprocess.run(told, check=True, capture_output=True, text=True).stdout)
    content = (tmp_path / "out/flights.jsonl").read_bytes()
    assert content.count(b"\n") == truth["count"]
    assert hashlib.sha256(content).hexdigest() == truth["sha256_as_sent"]
    with penstock.State(tmp_path / "state.db") as state:
        assert state.verify()["ok"]
