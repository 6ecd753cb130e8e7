"""What a document expects of its data: told, failing, in figures and exit codes, through Python and
the command line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import penstock
import pytest
from prometheus_client.parser import text_string_to_metric_families as families
from watching import command

from loopback import JSONServer

# One of each kind that does not hold.
ROWS = [
    {"id": 1, "mail": "a@b.c", "age": 7, "at": "2020-01-01T00:00:00Z", "team": "red"},
    {"id": 2, "mail": None, "age": 200, "at": "2020-01-02T00:00:00Z", "team": "red"},
    {"id": 2, "mail": "nobody", "age": 3, "at": "2020-01-02T00:00:00Z", "team": "blue"},
]
WRONG: dict[str, tuple[Any, str]] = {
    "complete": (True, "3 of 5 records came"),
    "min_records": (10, "3 records, fewer than 10"),
    "unique": (["id"], 'record 2: "id" came before'),
    "not_null": (["mail"], 'record 1: "mail" is null or not there'),
    "range": ({"age": {"min": 5, "max": 150}}, 'record 1: "age" is above 150.0 (and 1 more)'),
    "pattern": ({"mail": "*@*"}, 'record 2: "mail" does not match'),
    "fresh": ({"path": "at", "within": "24h"}, 'the newest "at" is '),
}
RIGHT: dict[str, Any] = {
    "min_records": 3,
    "unique": ["id", "team"],
    "not_null": ["id", "at"],
    "range": {"age": {"min": 0}},
    "pattern": {"team": "*e*"},
    "fresh": {"path": "at", "within": "87600h"},
}


class _Api(JSONServer):
    def answer(self, path: str, query: dict[str, str]) -> Any:
        return {"data": ROWS if query["offset"] == "0" else [], "total": 5}


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    with _Api() as server:
        yield server.url


def stream(**expect: Any) -> dict[str, Any]:
    return {
        "path": "/rows",
        "records": "data",
        "pagination": {"type": "offset", "size": 100, "total": "total"},
        "expect": expect,
    }


def pull(document: Any, directory: Path, *more: str) -> subprocess.CompletedProcess[str]:
    file = directory / "source.json"
    file.write_text(json.dumps(document))
    return command("pull", str(file), "--output", str(directory), *more)


def test_each_kind_is_told_counted_and_fails(api: str, tmp_path: Path) -> None:
    streams = {name: stream(**{name: value}) for name, (value, _) in WRONG.items()}
    streams["right"] = stream(**RIGHT)
    document: Any = {"base_url": api, "streams": streams}
    report = penstock.pull(document, tmp_path, check=False, metrics_file=tmp_path / "pull.prom")
    for name, (_, message) in WRONG.items():
        one = report[name]
        assert one.state == "failed" and isinstance(one.error, penstock.DataError), one
        assert [check["check"] for check in one.checks] == [name]
        assert one.checks[0]["message"].startswith(message) and one.checks[0]["failed"]
        assert f"{name}: {message}" in str(one.error)
        # The records are in the file either way.
        assert (tmp_path / f"{name}.jsonl").read_text().count("\n") == len(ROWS)
    assert report["right"].ok and report["right"].checks == ()
    failed = {
        sample.labels["stream"]: sample.value
        for family in families((tmp_path / "pull.prom").read_text())
        for sample in family.samples
        if sample.name == "penstock_checks_failed_total"
    }
    assert failed == {**dict.fromkeys(WRONG, 1.0), "right": 0.0}


def test_the_command_line_ends_with_it(api: str, tmp_path: Path) -> None:
    everything = {name: value for name, (value, _) in WRONG.items()}
    done = pull({"base_url": api, "streams": {"rows": stream(**everything)}}, tmp_path)
    assert done.returncode == 1
    assert "rows: expected of the data and not so: complete: 3 of 5" in done.stderr
    assert "(and 6 more)" in done.stderr
    told = stream(**everything, on_fail="warn")
    done = pull({"base_url": api, "streams": {"rows": told}}, tmp_path)
    assert done.returncode == 0
    for name, (_, message) in WRONG.items():
        assert f"penstock: rows: {name}: {message}" in done.stderr
    done = pull({"base_url": api, "streams": {"rows": told}}, tmp_path, "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    done = pull({"base_url": api, "streams": {"rows": stream(**RIGHT)}}, tmp_path, "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["streams"][0]["checks"] == []
    done = pull({"base_url": api, "streams": {"rows": stream(fresh={"path": "at"})}}, tmp_path)
    assert done.returncode == 2 and "/streams/rows/expect/fresh" in done.stderr
