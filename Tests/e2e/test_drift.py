"""The schema of a stream over its runs: kept in the state, and what changes in it told, counted and
made a failure where that is asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import penstock
import pytest
from prometheus_client.parser import text_string_to_metric_families as families
from watching import TESTS, command

from loopback import JSONServer, Status

sys.path.insert(0, str(TESTS.parent / "examples/python"))

from own_state_store import DictStore

Row = Callable[[int], str]


class Api(JSONServer):
    """A list whose rows a test exchanges between runs."""

    rows = 60
    broken_from: int | None = None

    def __init__(self) -> None:
        super().__init__()
        self.row: Row = usual

    def answer(self, path: str, query: dict[str, str]) -> Any:
        start = int(query.get("after", 0))
        if self.broken_from is not None and start >= self.broken_from:
            return Status(400, {"error": "broken"})
        end = min(start + 20, self.rows)
        records = ",".join(self.row(n) for n in range(start, end))
        more = "null" if end == self.rows else f'"/rows?after={end}"'
        return f'{{"data":[{records}],"next":{more}}}'.encode()


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as api:
        yield api


def usual(n: int) -> str:
    return f'{{"id":{n},"name":"n{n}","mail":"m","at":{{"zone":1}}}}'


def drifted(n: int) -> str:
    mail = "null" if n % 2 else '"m"'
    return f'{{"id":"{n}","full_name":"n","mail":{mail},"at":{{"zone":1}}}}'


def source(api: Api, **expect: Any) -> Any:
    stream: dict[str, Any] = {"path": "/rows", "records": "data", "pagination": "next_url"}
    if expect:
        stream["expect"] = expect
    return {"base_url": api.url, "streams": {"rows": stream}}


def pull(document: Any, directory: Path, **more: Any) -> penstock.StreamReport:
    report = penstock.pull(
        document, directory / "out", state=directory / "state.db", check=False, **more
    )
    return report["rows"]


def told(report: penstock.StreamReport) -> set[tuple[str, str]]:
    return {(one["change"], one["path"]) for one in report.drift}


CHANGES = {("new", "full_name"), ("gone", "name"), ("type", "id"), ("null_share", "mail")}


def test_changes_are_told_once(api: Api, tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert pull(source(api), tmp_path).drift == ()
    assert pull(source(api), tmp_path).drift == ()
    api.row = drifted
    report = pull(
        source(api),
        tmp_path,
        metrics_file=tmp_path / "pull.prom",
        log={"level": "warning", "file": str(log)},
    )
    assert report.ok and told(report) == CHANGES
    by_path = {one["path"]: one for one in report.drift}
    assert by_path["id"]["types_before"] == ["integer"] and by_path["id"]["types_now"] == ["string"]
    assert by_path["id"]["message"] == '"id" is a string, and was an integer'
    assert by_path["mail"]["share_before"] == 1.0 and by_path["mail"]["share_now"] == 0.5
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert [event["event"] for event in events] == ["schema_drift"] * 4
    assert {(event["change"], event["path"]) for event in events} == CHANGES
    assert all(event["level"] == "warning" and not event["failed"] for event in events)
    found = {
        sample.labels["change"]: sample.value
        for family in families((tmp_path / "pull.prom").read_text())
        for sample in family.samples
        if sample.name == "penstock_schema_drift_total"
    }
    assert found == {"new": 1, "gone": 1, "type": 1, "null_share": 1}
    assert pull(source(api), tmp_path).drift == ()


def test_a_failure_lasts_until_it_is_taken(api: Api, tmp_path: Path) -> None:
    document = source(api, drift={"fail_on": ["gone", "type"]})
    assert pull(document, tmp_path).ok
    api.row = drifted
    for _ in range(2):
        report = pull(document, tmp_path)
        assert report.state == "failed" and told(report) == CHANGES
        assert isinstance(report.error, penstock.DataError)
        assert '"id" is a string, and was an integer (and 1 more)' in str(report.error)
        assert {one["path"] for one in report.drift if one["failed"]} == {"id", "name"}
        # The records are there either way.
        assert (tmp_path / "out/rows.jsonl").read_text().count("full_name") == 60
    assert pull(document, tmp_path, drift="tell").ok
    report = pull(document, tmp_path)
    assert report.ok and report.drift == ()


def test_what_was_seen_before_an_interruption_counts(api: Api, tmp_path: Path) -> None:
    pull(source(api), tmp_path)
    # Only the first page is of the new kind, and then the run breaks off.
    api.row = lambda n: drifted(n) if n < 20 else usual(n)
    api.broken_from = 20
    assert pull(source(api), tmp_path).state == "failed"
    api.broken_from = None
    report = pull(source(api), tmp_path)
    assert report.ok and report.earlier_records == 20
    assert ("new", "full_name") in told(report) and ("type", "id") in told(report)


def test_a_store_of_the_program_keeps_it(api: Api, tmp_path: Path) -> None:
    store = DictStore()

    def run() -> penstock.StreamReport:
        return penstock.pull(source(api), tmp_path, state=store)["rows"]

    assert run().drift == ()
    api.row = drifted
    assert told(run()) == CHANGES
    assert run().drift == ()
    with penstock.State(store) as state:
        fields = state.export()["streams"][0]["schema"]["fields"]
        assert [field["path"] for field in fields][:2] == ["id", "full_name"]
        state.reset("rows")
    assert not store.collections["schemas/rows"]
    store.close()


def test_the_state_shows_it_and_takes_it(api: Api, tmp_path: Path) -> None:
    pull(source(api), tmp_path)
    with penstock.State(tmp_path / "state.db") as state:
        exported = state.export()
        schema = exported["streams"][0]["schema"]
        assert schema["records"] == 60
        assert schema["fields"] == [
            {"path": "id", "of": 60, "integer": 60},
            {"path": "name", "of": 60, "string": 60},
            {"path": "mail", "of": 60, "string": 60},
            {"path": "at", "of": 60, "object": 60},
            {"path": "at.zone", "of": 60, "integer": 60},
        ]
        state.reset("rows")
        assert state.export()["streams"] == []
        state.take(exported)
        assert state.export()["streams"][0]["schema"] == schema
    api.row = drifted
    assert told(pull(source(api), tmp_path)) == CHANGES
    shown = command("state", "show", "--schema", str(tmp_path / "state.db"))
    assert "full_name: string 60 of 60" in shown.stdout
    assert "mail: string 30, null 30 of 60" in shown.stdout


def test_the_command_line_says_so(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "source.json"
    file.write_text(json.dumps(source(api)))
    arguments = ["pull", str(file), "--output", str(tmp_path / "out"), "--json", "--state"]
    arguments.append(str(tmp_path / "state.db"))
    assert command(*arguments).returncode == 0
    api.row = drifted
    done = command(*arguments, "--drift", "fail")
    assert done.returncode == 1
    assert "rows: the schema is not that of the run before: " in done.stderr
    assert len(json.loads(done.stdout)["streams"][0]["drift"]) == 4
    done = command(*arguments, "--drift", "tell")
    assert done.returncode == 0
    assert 'penstock: rows: schema: "name" is gone: it was a string, in 100 %' in done.stderr
    done = command("pull", str(file), "--drift", "fail")
    assert done.returncode == 2 and '"state"' in done.stderr


def test_hostile_names_are_bounded_and_shown(api: Api, tmp_path: Path) -> None:
    canary = "canary-token-1234"
    document = source(api)
    document["auth"] = {"type": "bearer", "token": canary}
    assert pull(document, tmp_path).ok
    deep = '{"a":' * 400 + "1" + "}" * 400
    names = ",".join(f'"k{n}":{n}' for n in range(1200))
    odd = f'"\\u001b]0;owned\\u0007":{deep},"\\u202e{canary}":1,"{"x" * 5000}":1'
    api.row = lambda n: f'{{"id":{n},{odd},"by":{{{names}}}}}'
    report = pull(document, tmp_path)
    assert report.ok, report.error
    messages = "\n".join(one["message"] for one in report.drift)
    assert "\\u{1b}]0;owned\\u{7}" in messages and "\x1b" not in messages
    shown = command("state", "show", "--schema", str(tmp_path / "state.db")).stdout
    assert "by: object 60 of 60, more names than are kept" in shown
    assert "values at places that are not kept" in shown
    for text in (messages, json.dumps([dict(one) for one in report.drift]), shown):
        assert canary not in text
        assert not {char for char in text if not char.isprintable()} - {"\n"}
    assert "\u202e" not in messages
