"""Files that are packed: `zcat` and `zstdcat` give what would have been written plainly."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import penstock
import pytest
from penstock.cli import main
from watching import parked

from loopback import JSONServer

ROWS, SIZE = 1000, 40
Kind = Literal["gzip", "zstd"]
SUFFIXES = {"gzip": ".gz", "zstd": ".zst"}
KINDS = [
    "gzip",
    pytest.param("zstd", marks=pytest.mark.skipif(not shutil.which("zstd"), reason="no zstd here")),
]


class _Rows(JSONServer):
    feed: list[dict[str, Any]]

    def answer(self, path: str, query: dict[str, str]) -> Any:
        start = int(query.get("offset", 0))
        if path == "/overlap":
            # Each page begins with the last three rows of the one before.
            first = start // SIZE * (SIZE - 3)
            return [{"id": n} for n in range(first, min(first + SIZE, ROWS))]
        if path == "/none":
            return []
        if path == "/feed":
            return [row for row in self.feed if row["at"] >= query["since"]]
        return [{"id": n, "text": f"row {n} é"} for n in range(start, min(start + SIZE, ROWS))]


@pytest.fixture(scope="module")
def server() -> Iterator[_Rows]:
    with _Rows() as server:
        yield server


@pytest.fixture(scope="module")
def source(server: _Rows) -> dict[str, Any]:
    offset = {"type": "offset", "size": SIZE}
    return {
        "base_url": server.url,
        "streams": {
            "rows": {"path": "/rows", "pagination": offset},
            "overlap": {"path": "/overlap", "key": "id", "pagination": offset},
            "none": {"path": "/none", "pagination": offset},
        },
    }


def unpacked(kind: str, content: bytes) -> bytes:
    """By programs that others wrote: all members, one behind the other."""
    if kind == "gzip":
        return gzip.decompress(content)
    run = subprocess.run(["zstd", "-dcq"], input=content, stdout=subprocess.PIPE, check=True)
    return run.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_packed_files_hold_the_lines_as_they_would_be(
    kind: Kind, source: dict[str, Any], tmp_path: Path
) -> None:
    penstock.pull(source, tmp_path / "plain")
    report = penstock.pull(source, tmp_path / "alone", compress=kind)
    assert report["rows"].file == str(tmp_path / f"alone/rows.jsonl{SUFFIXES[kind]}")
    job = {
        "source": source,
        "state": str(tmp_path / "state.db"),
        "commit_every": "0s",
        "output": {"directory": str(tmp_path / "committed"), "compress": kind},
    }
    penstock.pull(job)
    names = [f"{name}.jsonl" for name in ("none", "overlap", "rows")]
    for folder in ("alone", "committed"):
        found = sorted((tmp_path / folder).iterdir())
        assert [file.name for file in found] == [name + SUFFIXES[kind] for name in names]
        for file in found:
            plain = (tmp_path / "plain" / file.stem).read_bytes()
            assert unpacked(kind, file.read_bytes()) == plain
    with penstock.State(tmp_path / "state.db") as state:
        assert state.verify()["ok"]
        stream = next(one for one in state.export()["streams"] if one["name"] == "rows")
    # Each commit can be unpacked by itself.
    whole = (tmp_path / "committed/rows.jsonl").with_suffix(".jsonl" + SUFFIXES[kind]).read_bytes()
    counted = 0
    for _, start, end, records, _ in stream["pieces"]:
        assert unpacked(kind, whole[start:end]).count(b"\n") == records
        counted += records
    assert counted == ROWS and len(stream["pieces"]) > 10
    # A byte that was changed is found.
    file = tmp_path / f"committed/rows.jsonl{SUFFIXES[kind]}"
    file.write_bytes(whole[:900] + bytes([whole[900] ^ 1]) + whole[901:])
    assert main(["verify", str(tmp_path / "state.db")]) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_packed_file_is_gone_on_with_behind_its_last_commit(
    kind: Kind, source: dict[str, Any], tmp_path: Path
) -> None:
    job = {
        "source": {**source, "limits": "4/1h"},
        "streams": ["overlap"],
        "state": str(tmp_path / "state.db"),
        "output": {"directory": str(tmp_path), "compress": kind},
    }
    first = parked(1, job)["overlap"]
    part = tmp_path / f"overlap.jsonl{SUFFIXES[kind]}.part"
    assert first.state == "parked" and 0 < first.records < ROWS
    with penstock.State(tmp_path / "state.db") as state:
        committed = state.export()["streams"][0]["bytes"]
    lines = unpacked(kind, part.read_bytes()[:committed]).splitlines()
    assert [json.loads(line)["id"] for line in lines] == list(range(first.records))
    # What no commit knows of is no whole member.
    part.write_bytes(part.read_bytes() + b"\x1f\x8b\x08half of one")
    plain = {**job, "output": {"directory": str(tmp_path)}}
    with pytest.raises(penstock.StateError, match="under way into"):
        penstock.pull(plain)
    # What the run before wrote is told by its keys, out of the packed lines.
    report = penstock.pull({**job, "source": source})["overlap"]
    assert report.earlier_records == first.records
    lines = unpacked(kind, part.with_suffix("").read_bytes()).splitlines()
    assert [json.loads(line)["id"] for line in lines] == list(range(ROWS))
    with penstock.State(tmp_path / "state.db") as state:
        assert state.verify()["ok"]


@pytest.mark.parametrize("kind", KINDS)
def test_packed_files_of_several_runs(
    kind: Kind, source: dict[str, Any], server: _Rows, tmp_path: Path
) -> None:
    for _ in range(2):
        penstock.pull(source, tmp_path / "kept", streams=["rows"], keep_runs=True, compress=kind)
    kept = sorted(file.name for file in (tmp_path / "kept").iterdir())
    assert kept == [f"rows.00000{n}.jsonl{SUFFIXES[kind]}" for n in (1, 2)]
    feed = {
        "path": "/feed",
        "key": "id",
        "incremental": {"field": "at", "from": "since", "start": "2024-01-01"},
    }
    growing = {"base_url": source["base_url"], "streams": {"feed": feed}}
    server.feed = [{"id": 1, "at": "2024-01-02"}]
    for number in (2, 3):
        penstock.pull(growing, tmp_path / "fed", state=tmp_path / "state.db", compress=kind)
        server.feed.append({"id": number, "at": f"2024-01-0{number + 1}"})
    penstock.pull(growing, tmp_path / "fed", state=tmp_path / "state.db", compress=kind)
    lines = unpacked(kind, (tmp_path / f"fed/feed.jsonl{SUFFIXES[kind]}").read_bytes())
    assert [json.loads(line)["id"] for line in lines.splitlines()] == [1, 2, 3]


def test_what_is_wrong_with_it_is_said(source: dict[str, Any], tmp_path: Path) -> None:
    job = {"source": source, "output": {"directory": str(tmp_path / "out"), "compress": "lzma"}}
    with pytest.raises(penstock.ConfigError, match="/output/compress"):
        penstock.pull(job)
    assert not (tmp_path / "out").exists()
