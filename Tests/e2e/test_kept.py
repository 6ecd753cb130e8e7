"""Files over several runs: cursors that expire, records that came before, functions, stops."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import penstock
import pytest
from watching import parked, python_path, until

from loopback import JSONServer, Status
from namespaces import in_a_namespace, read_only

ROWS, SIZE = 300, 20


class _Api(JSONServer):
    wait = 0.0
    size = SIZE

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = [{"id": n, "text": f"row {n}"} for n in range(ROWS)]
        self.expired: set[str] = set()
        self.asked: list[str] = []

    def answer(self, path: str, query: dict[str, str]) -> Any:
        time.sleep(self.wait)
        cursor = query.get("cursor", "0")
        self.asked.append(cursor)
        if cursor in self.expired:
            self.expired.discard(cursor)
            return Status(410, {"error": "cursor expired"})
        start = int(cursor)
        more = str(start + self.size) if start + self.size < len(self.rows) else None
        return {"data": self.rows[start : start + self.size], "next": more}


@pytest.fixture
def api() -> Iterator[_Api]:
    with _Api() as api:
        yield api


def _source(api: _Api, **more: Any) -> dict[str, Any]:
    stream = {
        "path": "/rows",
        "records": "data",
        "key": "id",
        "pagination": {"type": "cursor", "param": "cursor", "from": "next"},
        **more,
    }
    return {"base_url": api.url, "retry": {"attempts": 1}, "streams": {"rows": stream}}


def _ids(path: Path) -> list[int]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


GONE = [{"status": 410, "action": "start_over"}]


# --------------------------------------------------------------------------- expired cursors


def test_a_cursor_that_expires_starts_the_walk_over_without_what_came(
    api: _Api, tmp_path: Path
) -> None:
    api.expired.add("160")
    report = penstock.pull(_source(api, errors=GONE), tmp_path)
    assert _ids(tmp_path / "rows.jsonl") == list(range(ROWS))
    assert report["rows"].duplicates == 160
    assert any("HTTP 410" in text and "starts over" in text for text in report["rows"].warnings)
    assert api.asked.count("0") == 2


def test_a_cursor_that_expired_between_two_runs_loses_and_doubles_nothing(
    api: _Api, tmp_path: Path
) -> None:
    source, state = _source(api, errors=GONE), tmp_path / "state.db"
    report = parked(1, {**source, "limits": "5/1h"}, tmp_path, state=state)
    assert report["rows"].state == "parked"
    stood = report["rows"].records
    assert 0 < stood < ROWS
    api.expired.add(str(stood))
    report = penstock.pull(source, tmp_path, state=state)
    assert _ids(tmp_path / "rows.jsonl") == list(range(ROWS))
    assert report["rows"].duplicates == stood
    assert any("HTTP 410" in text for text in report["rows"].warnings)


def test_a_walk_that_can_not_start_over_says_why(api: _Api, tmp_path: Path) -> None:
    no_key = _source(api, errors=GONE)
    del no_key["streams"]["rows"]["key"]
    api.expired.add("160")
    with pytest.raises(penstock.DataError, match=r"page 8: .*the stream has no \"key\""):
        penstock.pull(no_key, tmp_path)
    api.expired.add("0")
    with pytest.raises(penstock.DataError, match="even for the first page"):
        penstock.pull(_source(api, errors=GONE), tmp_path)

    class Never(set):  # type: ignore[type-arg]
        def discard(self, _: object) -> None:
            """It stays expired."""

    api.expired = Never({"160"})
    with pytest.raises(penstock.DataError, match="has started over before, and got no further"):
        penstock.pull(_source(api, errors=GONE), tmp_path)
    assert _ids(tmp_path / "rows.jsonl.part") == list(range(160))


# ------------------------------------------------------------------- records of earlier runs


def test_what_an_earlier_run_wrote_is_left_out_and_what_has_changed_passes(
    api: _Api, tmp_path: Path
) -> None:
    source = _source(api, duplicates={"across_runs": True})
    state, out = tmp_path / "state.db", tmp_path / "out"

    def pull() -> penstock.StreamReport:
        return penstock.pull(source, out, state=state, keep_runs=True)["rows"]

    first = pull()
    assert (first.records, first.unchanged, first.changed) == (ROWS, 0, 0)
    assert first.file and first.file.endswith("rows.000001.jsonl")
    again = pull()
    assert (again.records, again.unchanged, again.changed) == (0, ROWS, 0)
    # The order of members and the space between them are no change.
    api.rows = [{"text": row["text"], "id": row["id"]} for row in api.rows]
    api.rows[7] = {"id": 7, "text": "another"}
    api.rows.append({"id": ROWS, "text": "new"})
    third = pull()
    assert (third.records, third.unchanged, third.changed) == (2, ROWS - 1, 1)
    assert sorted(path.name for path in out.iterdir()) == [
        f"rows.00000{n}.jsonl" for n in (1, 2, 3)
    ]
    assert _ids(out / "rows.000001.jsonl") == list(range(ROWS))
    assert (out / "rows.000002.jsonl").read_text() == ""
    assert _ids(out / "rows.000003.jsonl") == [7, ROWS]
    with penstock.State(state) as held:
        held.reset("rows")
    assert pull().records == ROWS + 1


def test_runs_that_are_killed_see_each_record_once(api: _Api, tmp_path: Path) -> None:
    source = _source(api, duplicates={"across_runs": True})
    (tmp_path / "source.json").write_text(json.dumps(source))
    command = [
        *(sys.executable, "-m", "penstock", "pull", str(tmp_path / "source.json"), "--quiet"),
        *("--output", str(tmp_path / "out"), "--state", str(tmp_path / "state.db"), "--keep-runs"),
    ]
    environment = python_path()
    api.wait = 0.01
    for n in range(6):
        asked = len(api.asked)
        run = subprocess.Popen(command, env=environment)
        until(lambda asked=asked: len(api.asked) > asked)  # type: ignore[misc]
        time.sleep(0.04 * n)
        run.kill()
        run.wait()
    api.wait = 0.0
    assert subprocess.run(command, env=environment, check=False).returncode == 0
    files = sorted((tmp_path / "out").iterdir())
    assert all(path.suffix == ".jsonl" for path in files)
    assert [one for path in files for one in _ids(path)] == list(range(ROWS))


def test_what_was_seen_is_committed_before_it_is_too_much(api: _Api, tmp_path: Path) -> None:
    api.rows = [{"id": n} for n in range(120_000)]
    api.size = 60_000
    job = {
        "source": _source(api, duplicates={"across_runs": True}),
        "state": str(tmp_path / "state.db"),
        "commit_every": "1h",
        "output": {"directory": str(tmp_path / "out"), "runs": "keep"},
    }
    assert penstock.pull(job).records == 120_000
    with penstock.State(tmp_path / "state.db") as held:
        (stream,) = held.export()["streams"]
    # One when it was enough, and one at the end.
    assert stream["commits"] == 2


def test_leaving_out_what_earlier_runs_wrote_needs_a_state_and_files_of_their_own(
    api: _Api, tmp_path: Path
) -> None:
    source = _source(api, duplicates={"across_runs": True})
    with pytest.raises(penstock.ConfigError, match=r"needs a \"state\""):
        penstock.pull(source, tmp_path)
    with pytest.raises(penstock.ConfigError, match="would be replaced"):
        penstock.pull(source, tmp_path, state=tmp_path / "state.db")


# -------------------------------------------------------------------------- batch functions


def test_a_batch_function_filters_and_changes_records(api: _Api, tmp_path: Path) -> None:
    sizes: list[int] = []

    def batch(stream: str, records: list[bytes]) -> Iterator[Any]:
        assert stream == "rows"
        sizes.append(len(records))
        for record in records:
            row = json.loads(record)
            if row["id"] % 3 == 0:
                yield record  # as the server sent it
            elif row["id"] % 3 == 1:
                yield {**row, "text": row["text"].upper()}

    job = {"source": _source(api), "batch_records": 50, "output": {"directory": str(tmp_path)}}
    report = penstock.pull(job, batch=batch)
    lines = (tmp_path / "rows.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [n for n in range(ROWS) if n % 3 != 2]
    assert lines[0] == '{"id": 0, "text": "row 0"}'
    assert lines[1] == '{"id":1,"text":"ROW 1"}'
    assert report["rows"].records == len(lines)
    assert max(sizes) == 50 and sum(sizes) == ROWS


def test_a_batch_function_that_fails_commits_nothing_of_its_batch(
    api: _Api, tmp_path: Path
) -> None:
    job = {
        "source": _source(api),
        "batch_records": 60,
        "state": str(tmp_path / "state.db"),
        "commit_every": "0s",
        "output": {"directory": str(tmp_path)},
    }
    broken = True

    def batch(stream: str, records: list[bytes]) -> list[bytes]:
        if broken and json.loads(records[0])["id"] >= 120:
            raise ValueError("no more")
        return records

    with pytest.raises(penstock.DataError, match="batch function failed: ValueError: no more"):
        penstock.pull(job, batch=batch)
    with penstock.State(tmp_path / "state.db") as state:
        assert state.export()["streams"][0]["records"] == 120
    broken = False
    assert penstock.pull(job, batch=batch)["rows"].earlier_records == 120
    assert _ids(tmp_path / "rows.jsonl") == list(range(ROWS))


def test_what_a_batch_function_gives_must_be_json(api: _Api, tmp_path: Path) -> None:
    with pytest.raises(penstock.DataError, match="no JSON value"):
        penstock.pull(_source(api), tmp_path, batch=lambda _, records: [records[0] + b"}"])


# -------------------------------------------------------------------------------------- stops


def test_a_run_is_parked_and_goes_on(api: _Api, tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    report = parked(41, {**_source(api), "limits": "5/1h"}, tmp_path, state=state)
    assert report["rows"].state == "parked" and not report.ok
    stood = report["rows"].records
    assert 40 < stood < ROWS
    report = penstock.pull(_source(api), tmp_path, state=state)
    assert report["rows"].earlier_records == stood
    assert _ids(tmp_path / "rows.jsonl") == list(range(ROWS))


def test_a_run_that_can_wait_no_more_is_no_success(api: _Api, tmp_path: Path) -> None:
    api.wait = 0.01
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with penstock.Sync({"source": _source(api), "output": {"directory": str(tmp_path)}}) as run:
        until(lambda: run.report().records >= 40)
        # poll() takes no more descriptors than a process may have.
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, before[1]))
        try:
            assert run.wait(10)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        report = run.report()["rows"]
    assert report.state == "failed" and isinstance(report.error, penstock.PenstockError)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_line_parks_on_a_signal_and_says_so(
    api: _Api, tmp_path: Path, number: signal.Signals
) -> None:
    # No more requests than some, so that it is met in the middle.
    (tmp_path / "source.json").write_text(json.dumps({**_source(api), "limits": "5/1h"}))
    command = [
        *(sys.executable, "-m", "penstock", "pull", str(tmp_path / "source.json"), "--quiet"),
        *("--output", str(tmp_path / "out")),
    ]
    with_state = [*command, "--state", str(tmp_path / "state.db")]
    environment = python_path()
    for line, code, words in (
        (command, 128 + number, "interrupted" if number == signal.SIGINT else "terminated"),
        (with_state, 3, "rows: parked"),
    ):
        api.asked.clear()
        run = subprocess.Popen(line, env=environment, stderr=subprocess.PIPE, text=True)
        until(lambda: len(api.asked) >= 4)
        run.send_signal(number)
        _, said = run.communicate(timeout=60)
        assert (run.returncode, "Traceback" in said) == (code, False), said
        assert words in said
    (tmp_path / "source.json").write_text(json.dumps(_source(api)))
    assert subprocess.run(with_state, env=environment, check=False).returncode == 0
    assert _ids(tmp_path / "out/rows.jsonl") == list(range(ROWS))


# ---------------------------------------------------------------------------------- the state


def test_a_state_of_the_version_before_is_taken_on(api: _Api, tmp_path: Path) -> None:
    import sqlite3

    state = tmp_path / "state.db"
    parked(1, {**_source(api), "limits": "5/1h"}, tmp_path, state=state)
    with sqlite3.connect(state) as database:
        database.execute("DROP TABLE seen")
        database.execute("DROP TABLE numbers")
        database.execute("PRAGMA user_version = 1")
    database.close()
    assert penstock.pull(_source(api), tmp_path, state=state).ok
    assert _ids(tmp_path / "rows.jsonl") == list(range(ROWS))


def test_disks_that_take_nothing_are_told(api: _Api, tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    penstock.State(state).close()
    done = in_a_namespace(read_only(tmp_path), f"import penstock; penstock.State({str(state)!r})")
    assert done.returncode != 0 and "StorageError" in done.stderr and str(state) in done.stderr
    out = tmp_path / "out"
    out.mkdir()
    pull = f"import penstock; penstock.pull({_source(api)!r}, {str(out)!r})"
    done = in_a_namespace(read_only(out), pull)
    assert done.returncode != 0 and "StorageError" in done.stderr and str(out) in done.stderr
    assert list(out.iterdir()) == []


def test_a_state_on_another_disk_than_the_files(api: _Api, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        assert os.stat(elsewhere).st_dev != os.stat(tmp_path).st_dev
        state = Path(elsewhere) / "state.db"
        report = parked(1, {**_source(api), "limits": "5/1h"}, tmp_path, state=state)
        assert report["rows"].state == "parked"
        assert penstock.pull(_source(api), tmp_path, state=state).ok
        assert _ids(tmp_path / "rows.jsonl") == list(range(ROWS))
        with penstock.State(state) as kept:
            assert kept.verify()["ok"]


def test_a_state_that_another_holds_and_one_that_died(api: _Api, tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    slow = {**_source(api), "limits": "5/1h"}
    (tmp_path / "source.json").write_text(json.dumps(slow))
    command = [
        *(sys.executable, "-m", "penstock", "pull", str(tmp_path / "source.json"), "--quiet"),
        *("--output", str(tmp_path / "out"), "--state", str(state)),
    ]
    run = subprocess.Popen(command, env=python_path())
    until(lambda: len(api.asked) >= 3)
    # Alive, though it does nothing.
    run.send_signal(signal.SIGSTOP)
    # It may have been stopped in the middle of a commit.
    words = "is being written by another run|in use by another process"
    with pytest.raises(penstock.PenstockError, match=words):
        penstock.pull(_source(api), tmp_path / "out", state=state)
    run.kill()
    run.wait()
    assert penstock.pull(_source(api), tmp_path / "out", state=state).ok
    assert _ids(tmp_path / "out/rows.jsonl") == list(range(ROWS))


@pytest.mark.parametrize("how", ["cut", "edited", "newer", "empty"])
def test_checkpoints_that_were_cut_or_edited_are_refused(api: _Api, how: str) -> None:
    with penstock.Client(_source(api)) as client:
        good = next(iter(client.pages("rows"))).checkpoint
        assert good
        bad, words = {
            "cut": (good[:-9], "cut off"),
            "edited": (good.replace('"20"', '"40"'), "cut off or edited"),
            "newer": (good.replace('"penstock":1', '"penstock":7'), "from a newer library"),
            "empty": ("{}", "no checkpoint"),
        }[how]
        with pytest.raises(penstock.ConfigError, match=words):
            client.pages("rows", checkpoint=bad)
