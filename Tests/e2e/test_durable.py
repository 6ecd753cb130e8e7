"""Killed anywhere: nothing lost, nothing twice."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import penstock
import pytest
from penstock.cli import main
from watching import parked, python_path

from loopback import JSONServer

ITERATIONS = int(os.environ.get("PENSTOCK_CRASH_ITERATIONS", "25"))
ROWS, SIZE = 4000, 40
# One after the other, so that a run can be met in the middle.
SLOW = [{"requests": 40, "per": "1s", "burst": 1}]


class _Rows(JSONServer):
    def answer(self, path: str, query: dict[str, str]) -> Any:
        if path.startswith("/users/"):
            user = int(path.split("/")[2])
            rows = [{"id": user * 100 + n, "of": user} for n in range(user % 7)]
            start = (int(query.get("page", 1)) - 1) * 3
            return {"data": rows[start : start + 3], "more": start + 3 < len(rows)}
        if path == "/overlap":
            # Each page begins with the last three rows of the one before.
            first = int(query.get("offset", 0)) // SIZE * (SIZE - 3)
            return {"data": [{"id": n} for n in range(first, min(first + SIZE, ROWS // 4))]}
        count = 200 if path == "/users" else ROWS
        start = int(query.get("cursor", 0))
        if "page" in query:
            start = (int(query["page"]) - 1) * SIZE
        if "offset" in query:
            start = int(query["offset"])
        shown = range(start, min(start + SIZE, count))
        texts = [{"id": n, "text": f"row {n} é"} for n in shown]
        more = start + SIZE < count
        return {"data": texts, "next": str(start + SIZE) if more else None, "more": more}


@pytest.fixture(scope="module")
def source() -> Iterator[dict[str, Any]]:
    with _Rows() as server:
        yield _document(server.url)


def _document(url: str) -> dict[str, Any]:
    cursor = {"type": "cursor", "param": "cursor", "from": "next"}
    page = {"type": "page", "has_more": "more"}
    return {
        "base_url": url,
        "streams": {
            "cursor": {"path": "/rows", "records": "data", "pagination": cursor, "key": "id"},
            "offset": {
                "path": "/rows",
                "records": "data",
                "pagination": {"type": "offset", "size": SIZE},
                "parallel": 3,
            },
            "overlap": {
                "path": "/overlap",
                "records": "data",
                "key": "id",
                "pagination": {"type": "offset", "size": SIZE},
            },
            "users": {"path": "/users", "records": "data", "pagination": cursor},
            "posts": {
                "path": "/users/{user_id}/posts",
                "records": "data",
                "pagination": page,
                "over": {"stream": "users", "key": "id", "as": "user_id"},
            },
        },
    }


def _digests(folder: Path) -> dict[str, str]:
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.glob("*.jsonl"))
    }


def _command(document: Path, folder: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "penstock", "pull", str(document), "--quiet"),
        *("--output", str(folder / "out"), "--state", str(folder / "state.db")),
    ]


def test_killed_at_random_instants_the_output_is_what_it_would_have_been(
    source: dict[str, Any], tmp_path: Path
) -> None:
    document = tmp_path / "source.json"
    document.write_text(json.dumps(source))
    penstock.pull(source, tmp_path / "golden")
    golden = _digests(tmp_path / "golden")
    assert len(golden) == 5
    once = [json.loads(line)["id"] for line in (tmp_path / "golden/overlap.jsonl").open()]
    assert once == list(range(ROWS // 4))
    environment = python_path()
    chance = random.Random(4)
    kills = rounds = 0
    while kills < ITERATIONS:
        folder = tmp_path / str(rounds)
        rounds += 1
        folder.mkdir()
        command = _command(document, folder)
        while True:
            run = subprocess.Popen(command, env=environment)
            deadline = time.monotonic() + 60
            # Python needs a while to start: the run's own time is behind that.
            while not (folder / "state.db-lease").exists() and run.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.4))
            run.send_signal(signal.SIGKILL)
            if run.wait() == 0:
                break
            kills += 1
            if kills % 6 == 5:
                assert subprocess.run(command, env=environment, check=False).returncode == 0
                break
        assert _digests(folder / "out") == golden
        assert not list((folder / "out").glob("*.part"))
        with penstock.State(folder / "state.db") as state:
            verdict = state.verify()
        assert verdict["ok"], verdict


def test_a_run_that_is_stopped_goes_on_where_it_stood(
    source: dict[str, Any], tmp_path: Path
) -> None:
    few = {**source, "limits": "4/1h"}
    out, state = tmp_path / "out", tmp_path / "state.db"
    report = parked(1, few, out, streams=["cursor"], state=state)
    assert report["cursor"].state == "parked" and not report.ok
    first = report["cursor"].records
    # By the clock, too, however far it comes.
    report = penstock.pull(
        few, out, streams=["cursor"], state=state, max_duration="100ms", check=False
    )
    assert report["cursor"].state == "parked" and not report.ok
    first += report["cursor"].records
    assert 0 < first < ROWS
    assert not (out / "cursor.jsonl").exists()
    with penstock.State(state) as held:
        assert held.verify()["ok"]
        entry = held.export()["streams"][0]
        assert (entry["phase"], entry["records"]) == ("running", first)
    report = penstock.pull(source, out, streams=["cursor"], state=state)
    assert report["cursor"].earlier_records == first
    assert report["cursor"].records == ROWS - first
    rows = [json.loads(line)["id"] for line in (out / "cursor.jsonl").read_text().splitlines()]
    assert rows == list(range(ROWS))
    assert os.stat(state).st_mode & 0o777 == 0o600


def test_a_full_disk_stops_the_run_and_more_room_lets_it_go_on(
    source: dict[str, Any], tmp_path: Path
) -> None:
    document = tmp_path / "source.json"
    document.write_text(json.dumps(source))
    penstock.pull(source, tmp_path / "golden")
    environment = python_path()
    full = 0
    for kilobytes in (20, 70, 110, 150):
        # No file may become larger: for those who write, a disk that is full.
        limited = f"ulimit -f {kilobytes}; exec {shlex.join(_command(document, tmp_path))}"
        run = subprocess.run(
            ["bash", "-c", limited], env=environment, capture_output=True, text=True, check=False
        )
        if run.returncode == 0:
            break
        full += 1
        assert run.returncode == 1 and "Traceback" not in run.stderr
        assert "can't be" in run.stderr
    assert full
    run = subprocess.run(
        _command(document, tmp_path), env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert _digests(tmp_path / "out") == _digests(tmp_path / "golden")


def test_the_command_line_shows_moves_and_verifies_a_state(
    source: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out, state = _parked(source, tmp_path)
    assert main(["state", "show", str(state)]) == 0
    assert capfd.readouterr().out.startswith("cursor: running, ")
    assert main(["state", "export", str(state)]) == 0
    exported = tmp_path / "exported.json"
    exported.write_text(capfd.readouterr().out)
    other = tmp_path / "other.db"
    assert main(["state", "import", str(other), str(exported)]) == 0
    assert main(["verify", str(other)]) == 0
    assert capfd.readouterr().out.startswith("cursor: ok, ")
    (out / "cursor.jsonl.part").write_bytes(b"")
    assert main(["verify", str(other)]) == 1
    assert "fewer than the" in capfd.readouterr().err
    assert main(["state", "reset", str(other)]) == 2
    assert main(["state", "reset", str(other), "cursor"]) == 0
    assert main(["state", "show", str(other)]) == 0
    assert capfd.readouterr().out == ""
    assert main(["state", "show", str(tmp_path / "none.db")]) == 1
    assert not (tmp_path / "none.db").exists()


def test_the_command_line_says_when_it_parks(
    source: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "source.json"
    document.write_text(json.dumps({**source, "limits": SLOW}))
    arguments = [*_command(document, tmp_path)[3:], "--stream", "cursor"]
    assert main([*arguments, "--max-duration", "300ms"]) == 3
    assert "cursor: parked" in capfd.readouterr().err


def _parked(source: dict[str, Any], folder: Path) -> tuple[Path, Path]:
    out, state = folder / "out", folder / "state.db"
    few = {**source, "limits": "20/1h"}
    parked(20, few, out, streams=["cursor"], state=state)
    return out, state


def test_files_that_are_not_what_was_written_are_refused(
    source: dict[str, Any], tmp_path: Path
) -> None:
    out, state = _parked(source, tmp_path)
    part = out / "cursor.jsonl.part"
    good = part.read_bytes()
    # A torn tail is cut off.
    part.write_bytes(good + b'{"id": 1')
    bad = {
        "fewer than the": good[:-5],
        "is not what the state says": good[:-3] + b"x}\n",
    }
    for words, content in bad.items():
        part.write_bytes(content)
        with pytest.raises(penstock.StorageError, match=words):
            penstock.pull(source, out, streams=["cursor"], state=state)
        with penstock.State(state) as held:
            assert not held.verify()["ok"]
    part.unlink()
    with pytest.raises(penstock.StorageError, match="an earlier run wrote to it"):
        penstock.pull(source, out, streams=["cursor"], state=state)
    part.write_bytes(good + b'{"id": 1')
    assert penstock.pull(source, out, streams=["cursor"], state=state).ok
    assert len((out / "cursor.jsonl").read_text().splitlines()) == ROWS


def test_a_changed_document_and_another_directory_are_refused_and_reset_begins_anew(
    source: dict[str, Any], tmp_path: Path
) -> None:
    out, state = _parked(source, tmp_path)
    streams = {**source["streams"], "cursor": {**source["streams"]["cursor"], "query": {"a": "b"}}}
    changed = {**source, "streams": streams}
    with pytest.raises(penstock.StateError, match="the document has changed since"):
        penstock.pull(changed, out, streams=["cursor"], state=state)
    with pytest.raises(penstock.StateError, match="under way into"):
        penstock.pull(source, tmp_path / "other", streams=["cursor"], state=state)
    with penstock.State(state) as held:
        exported = held.export()
        held.reset("cursor")
        assert held.export()["streams"] == []
        with pytest.raises(penstock.InvalidArgument, match="no stream"):
            held.reset("cursor")
        held.take(exported)
        assert held.verify()["ok"]
        held.reset()
    assert penstock.pull(changed, out, streams=["cursor"], state=state).ok


def test_a_stream_has_one_writer(source: dict[str, Any], tmp_path: Path) -> None:
    out, state = tmp_path / "out", tmp_path / "state.db"
    slow = {**source, "limits": SLOW}
    job = {"source": slow, "streams": ["cursor"], "output": {"directory": str(out)}}
    written = pytest.raises(penstock.StateError, match="is being written by another run")
    with penstock.Sync({**job, "state": str(state)}), written:
        penstock.pull(slow, out, streams=["cursor"], state=state)
    assert penstock.pull(source, out, streams=["cursor"], state=state).ok


def test_state_files_that_are_none(source: dict[str, Any], tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(penstock.StorageError, match="damaged"):
        penstock.pull(source, tmp_path / "out", state=damaged)
    newer = tmp_path / "newer.db"
    penstock.State(newer).close()
    with sqlite3.connect(newer) as database:
        database.execute("PRAGMA user_version = 9")
    with pytest.raises(penstock.StorageError, match="version 9, from a newer library"):
        penstock.State(newer)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as database:
        database.execute("CREATE TABLE a (b)")
    with pytest.raises(penstock.StorageError, match="of another program"):
        penstock.State(foreign)


def test_checkpoints_in_the_hosts_own_transaction(source: dict[str, Any], tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "host.db")
    database.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)")
    database.execute("CREATE TABLE checkpoint (text TEXT)")
    chance = random.Random(2)
    while True:
        row = database.execute("SELECT text FROM checkpoint").fetchone()
        with penstock.Client(source) as client:
            pages = client.pages("cursor", checkpoint=row and row[0])
            for page in islice(pages, chance.randrange(1, 40)):
                with database:
                    database.executemany("INSERT INTO rows VALUES (:id, :text)", page.records)
                    database.execute("DELETE FROM checkpoint")
                    database.execute("INSERT INTO checkpoint VALUES (?)", (page.checkpoint,))
                last = page
            if last.has_more is False:
                break
    assert [row[0] for row in database.execute("SELECT id FROM rows")] == list(range(ROWS))
    database.close()
