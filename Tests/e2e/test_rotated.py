"""Files of some size or age: each closed for good at a commit, all of them the whole stream."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import penstock
import pytest
from penstock.cli import main
from watching import parked

from budget.redis_server import Redis
from loopback import JSONServer

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples/python"))

from own_state_store import DictStore

ROWS, SIZE = 600, 20


class _Rows(JSONServer):
    rows = ROWS
    wait = 0.0
    feed: list[dict[str, Any]]

    def answer(self, path: str, query: dict[str, str]) -> Any:
        time.sleep(self.wait)
        start = int(query.get("offset", 0))
        if path == "/overlap":
            # Each page begins with the last three rows of the one before.
            first = start // SIZE * (SIZE - 3)
            return [{"id": n} for n in range(first, min(first + SIZE, ROWS))]
        if path == "/feed":
            return [row for row in self.feed if row["at"] >= query["since"]]
        return [{"id": n, "text": "x" * 20} for n in range(start, min(start + SIZE, self.rows))]


@pytest.fixture
def server() -> Iterator[_Rows]:
    with _Rows() as server:
        yield server


@pytest.fixture
def source(server: _Rows) -> dict[str, Any]:
    offset = {"type": "offset", "size": SIZE}
    return {
        "base_url": server.url,
        "streams": {
            "rows": {"path": "/rows", "pagination": offset},
            "overlap": {"path": "/overlap", "key": "id", "pagination": offset},
        },
    }


def _files(folder: Path) -> dict[str, list[int]]:
    """The ids in each file."""
    found = {}
    for file in sorted(folder.iterdir()):
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        found[file.name] = [json.loads(line)["id"] for line in content.splitlines()]
    return found


def _all(files: dict[str, list[int]]) -> list[int]:
    return [one for name in sorted(files) for one in files[name]]


def _verdict(state: Path) -> dict[str, Any]:
    with penstock.State(state) as held:
        return held.verify()


def test_a_file_is_closed_with_the_page_that_fills_it(source: Any, tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    pulled = penstock.pull(
        source, tmp_path / "out", streams=["rows"], state=state, rotate={"bytes": "2kB"}
    )
    files = _files(tmp_path / "out")
    assert list(files) == [f"rows.{n + 1:06}.jsonl" for n in range(len(files))]
    # A page is about 800 bytes: three of them fill a file.
    assert [len(ids) for ids in files.values()] == [60] * 10
    assert _all(files) == list(range(ROWS))
    assert pulled["rows"].records == ROWS
    assert pulled["rows"].file == str(tmp_path / "out/rows.000010.jsonl")
    verdict = _verdict(state)
    assert verdict["ok"]
    assert len(verdict["streams"]) == 10
    assert sum(stream["records"] for stream in verdict["streams"]) == ROWS
    # Each file is proved, not only the last one.
    third = tmp_path / "out/rows.000003.jsonl"
    third.write_bytes(third.read_bytes().replace(b"x", b"y", 1))
    problems = [one for one in _verdict(state)["streams"] if not one["ok"]]
    assert [one["name"] for one in problems] == ["rows/rows.000003.jsonl"]
    assert "was changed between" in problems[0]["problem"]


def test_the_next_run_replaces_the_files_of_the_one_before_when_it_is_done(
    source: Any, server: _Rows, tmp_path: Path
) -> None:
    out, state = tmp_path / "out", tmp_path / "state.db"
    job = {
        "source": source,
        "streams": ["rows"],
        "state": str(state),
        "output": {"directory": str(out), "rotate": {"bytes": "2kB"}},
    }
    penstock.pull(job)
    before = _files(out)
    server.rows = 200
    slow = {**job, "source": {**source, "limits": "5/1h"}}
    first = parked(100, slow)["rows"]
    assert first.state == "parked" and first.records == 100
    # Until then both are there.
    assert before.items() <= _files(out).items()
    assert _verdict(state)["ok"]
    report = penstock.pull(job)["rows"]
    assert report.earlier_records == 100
    files = _files(out)
    assert list(files) == [f"rows.0000{n}.jsonl" for n in (11, 12, 13, 14)]
    assert _all(files) == list(range(200))
    assert _verdict(state)["ok"] and len(_verdict(state)["streams"]) == 4


def test_files_of_another_directory_are_nobody_elses_to_remove(
    source: Any, server: _Rows, tmp_path: Path
) -> None:
    job = {"source": source, "streams": ["rows"], "state": str(tmp_path / "state.db")}
    rotate = {"rotate": {"bytes": "2kB"}}
    penstock.pull({**job, "output": {"directory": str(tmp_path / "monday"), **rotate}})
    server.rows = 100
    for _ in range(2):
        penstock.pull({**job, "output": {"directory": str(tmp_path / "tuesday"), **rotate}})
    assert _all(_files(tmp_path / "monday")) == list(range(ROWS))
    assert _all(_files(tmp_path / "tuesday")) == list(range(100))
    verdict = _verdict(tmp_path / "state.db")
    assert verdict["ok"] and len(verdict["streams"]) == 2


def test_kept_runs_are_proved_all_of_them(
    source: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out, state = tmp_path / "out", tmp_path / "state.db"
    for _ in range(2):
        penstock.pull(source, out, streams=["rows"], state=state, keep_runs=True)
        rotate = {"bytes": 1, "every": "1h"}
        job = {
            "source": source,
            "streams": ["rows"],
            "state": str(state),
            "commit_every": "0s",
            "output": {"directory": str(out), "runs": "keep", "compress": "gzip", "rotate": rotate},
        }
        penstock.pull(job)
    files = _files(out)
    # What is packed counts when its commit has ended a member.
    assert [len(ids) for ids in files.values()].count(ROWS) == 2 and len(files) > 10
    assert _all(files) == list(range(ROWS)) * 4
    verdict = _verdict(state)
    assert verdict["ok"] and len(verdict["streams"]) == len(files)
    first = out / "rows.000001.jsonl"
    first.unlink()
    assert main(["verify", str(state)]) == 1
    assert "rows/rows.000001.jsonl: " in capfd.readouterr().err
    # Who takes files away says so; the state goes on to prove the others.
    assert main(["state", "reset", str(state), "rows/rows.000001.jsonl"]) == 0
    assert main(["verify", str(state)]) == 0
    with penstock.State(state) as held:
        exported = held.export()
        held.reset("rows")
        assert held.export()["streams"] == []
        held.take(exported)
    assert _verdict(state)["ok"]


def test_keys_are_remembered_from_file_to_file_and_run_to_run(source: Any, tmp_path: Path) -> None:
    out, state = tmp_path / "out", tmp_path / "state.db"
    job = {
        "source": {**source, "limits": "20/1h"},
        "streams": ["overlap"],
        "state": str(state),
        "output": {"directory": str(out), "rotate": {"bytes": 400}, "compress": "gzip"},
        "commit_every": "0s",
    }
    first = parked(8 * SIZE, job)["overlap"]
    assert first.state == "parked" and len(list(out.iterdir())) > 1
    report = penstock.pull({**job, "source": source})["overlap"]
    assert (report.earlier_records, report.records) == (first.records, ROWS - first.records)
    assert _all(_files(out)) == list(range(ROWS))
    assert _verdict(state)["ok"]


def test_an_incremental_stream_only_adds_files(source: Any, server: _Rows, tmp_path: Path) -> None:
    incremental = {"field": "at", "from": "since", "start": "2024-01-01"}
    stream = {"path": "/feed", "key": "id", "incremental": incremental}
    document = {"base_url": source["base_url"], "streams": {"feed": stream}}
    server.feed = [{"id": 1, "at": "2024-01-02"}]
    for number in (2, 3, 4):
        penstock.pull(document, tmp_path / "out", state=tmp_path / "state", rotate={"every": "1h"})
        server.feed.append({"id": number, "at": f"2024-01-0{number + 1}"})
    assert list(_files(tmp_path / "out").values()) == [[1], [2], [3]]
    verdict = _verdict(tmp_path / "state")
    assert verdict["ok"] and len(verdict["streams"]) == 3


def test_by_time_and_without_a_state(
    source: Any, server: _Rows, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server.wait = 0.003
    document = tmp_path / "source.json"
    document.write_text(json.dumps(source))
    out = tmp_path / "out"
    command = ["pull", str(document), "--quiet", "--stream", "rows", "--output", str(out)]
    assert main([*command, "--rotate-every", "1ms"]) == 2
    assert '/output/rotate: files that are rotated need a "state"' in capfd.readouterr().err
    for runs in (1, 2):
        assert main([*command, "--keep-runs", "--rotate-every", "1ms"]) == 0
        files = _files(out)
        assert all(ids for ids in files.values())
        assert _all(files) == list(range(ROWS)) * runs
    assert len(files) > 10


def test_a_batch_function_and_rotation(source: Any, tmp_path: Path) -> None:
    job = {
        "source": source,
        "streams": ["rows"],
        "state": str(tmp_path / "state.db"),
        "batch_records": 40,
        "output": {"directory": str(tmp_path / "out"), "rotate": {"bytes": "1kB"}},
    }
    report = penstock.pull(job, batch=lambda _, records: records[::2])["rows"]
    files = _files(tmp_path / "out")
    assert _all(files) == list(range(0, ROWS, 2)) and report.records == ROWS // 2
    assert len(files) > 5
    assert _verdict(tmp_path / "state.db")["ok"]


@pytest.mark.parametrize("compress", ["none", "gzip"])
def test_the_records_of_each_commit_have_a_hash_that_no_order_changes(
    source: Any, tmp_path: Path, compress: str
) -> None:
    output = {"directory": str(tmp_path), "canonical_hash": True, "compress": compress}
    job = {"source": source, "streams": ["rows"], "output": output}
    with pytest.raises(penstock.ConfigError, match=r'/output/canonical_hash: .*"state"'):
        penstock.pull(job)
    state = tmp_path / "state.db"
    penstock.pull({**job, "state": str(state), "commit_every": "0s"})
    file = tmp_path / ("rows.jsonl" if compress == "none" else "rows.jsonl.gz")
    whole = file.read_bytes()
    with penstock.State(state) as held:
        exported = held.export()
        held.reset()
        held.take(exported)
        assert held.export()["streams"] == [
            {**stream, "updated_at": held.export()["streams"][0]["updated_at"]}
            for stream in exported["streams"]
        ]
    pieces = exported["streams"][0]["pieces"]
    for _, start, end, _, sha256, canonical in pieces:
        content = whole[start:end]
        assert hashlib.sha256(content).hexdigest() == sha256
        lines = gzip.decompress(content) if compress == "gzip" else content
        digests = sorted(
            hashlib.sha256(
                json.dumps(json.loads(line), sort_keys=True, separators=(",", ":")).encode()
            ).digest()
            for line in lines.splitlines()
        )
        assert hashlib.sha256(b"".join(digests)).hexdigest() == canonical
    # What was put into another order is told from what was changed.
    if compress == "none":
        end = pieces[0][2]
        lines = b"".join(reversed(whole[:end].splitlines(keepends=True)))
        file.write_bytes(lines + whole[end:])
        assert "and its records are the same" in _verdict(state)["streams"][0]["problem"]
        file.write_bytes(lines.replace(b"x", b"y", 1) + whole[end:])
        problem = _verdict(state)["streams"][0]["problem"]
        assert "was changed between" in problem and "the same" not in problem


@pytest.mark.parametrize("kind", ["dict", "redis"])
def test_wherever_the_state_is(source: Any, server: _Rows, tmp_path: Path, kind: str) -> None:
    if kind == "redis" and shutil.which("redis-server") is None:
        pytest.skip("no redis-server here: scripts/setup-debian.sh")
    with ExitStack() as ended:
        if kind == "redis":
            redis = Redis(tmp_path)
            ended.callback(redis.stop)
            state = f"unix://{redis.socket}?prefix=test"
        else:
            store = DictStore()
            ended.callback(store.close)
            state = store.url
        _run_after_run(source, server, tmp_path / "out", state)


def _run_after_run(source: Any, server: _Rows, out: Path, state: str) -> None:
    job = {
        "source": {**source, "limits": "5/1h"},
        "streams": ["rows"],
        "state": state,
        "output": {"directory": str(out), "rotate": {"bytes": "2kB"}, "canonical_hash": True},
    }
    parked(1, job)
    whole = {**job, "source": source}
    assert penstock.pull(whole)["rows"].earlier_records
    assert _all(_files(out)) == list(range(ROWS)) and len(_files(out)) == 10
    server.rows = 100
    penstock.pull(whole)
    assert _all(_files(out)) == list(range(100)) and len(_files(out)) == 2
    with penstock.State(state) as held:
        verdict = held.verify()
        assert verdict["ok"] and len(verdict["streams"]) == 2
        exported = held.export()
        held.reset("rows")
        assert held.export()["streams"] == []
        held.take(exported)
        assert held.verify() == verdict
        held.reset("rows/rows.000011.jsonl")
        assert [stream["name"] for stream in held.verify()["streams"]] == ["rows"]
