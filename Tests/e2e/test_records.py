"""Records, error rules and shifting data, over real sockets: what a document asks for is what the
host gets, nothing doubled, nothing lost in silence."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import penstock
import pytest

TESTS = Path(__file__).resolve().parents[1]


def asked(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def dumped(url: str) -> list[bytes]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        lines: list[bytes] = answer.read().splitlines()
    return lines


def document(server: str, stream: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"base_url": server, "retry": {"attempts": 1}, "streams": {"s": stream}, **more}


def walked(server: str, stream: dict[str, Any], **more: Any) -> tuple[list[bytes], list[Any]]:
    """The records' bytes, and what each page tells."""
    records: list[bytes] = []
    told: list[Any] = []
    with penstock.Client(document(server, stream, **more)) as api:
        for page in api.pages("s"):
            records += [bytes(record) for record in page.raw]
            told.append(page.metadata)
    return records, told


OFFSET = {"type": "offset", "size": 50, "total": "total"}


@pytest.mark.parametrize("where", ["random", "head", "tail"])
@pytest.mark.parametrize("change", ["insert", "delete"])
@pytest.mark.parametrize("parallel", [1, 4])
def test_shifting_rows_come_once_and_misses_are_told(
    server: str, where: str, change: str, parallel: int
) -> None:
    spec = f"{change}=2;where={where};changes=6;seed=7;name=e2e{parallel}"
    path = f"/shift/{spec}/offset/users:500"
    records, told = walked(
        server,
        {
            "path": path,
            "records": "data",
            "key": "id",
            "pagination": OFFSET,
            "parallel": parallel,
        },
    )
    keys = [json.loads(record)["id"] for record in records]
    assert len(keys) == len(set(keys))
    report = asked(f"{server}/_shift/{spec}/users:500")
    # The keys are texts in the report; these rows were there from the first request to the last.
    lost = set(map(str, report["kept"])) - set(map(str, keys))
    missing = sum(page.get("missing") or 0 for page in told)
    if lost:
        assert missing > 0
        assert any("expected" in warning for warning in told[-1]["warnings"])
    if change == "insert" and parallel == 1:
        # Rows that move down are met again. (Pages asked for at once may be answered in any order.)
        assert not lost
    if where == "head" and change == "insert" and parallel == 1:
        assert sum(page["duplicates"] for page in told) > 0, (report, told)


def test_sync_tells_duplicates_and_misses(server: str, tmp_path: Path) -> None:
    path = "/shift/insert=1;where=head;changes=9;name=sync/offset/users:500"
    stream = {"path": path, "records": "data", "key": "id", "pagination": OFFSET}
    job = {"source": document(server, stream), "output": {"directory": str(tmp_path)}}
    report = penstock.pull(job)["s"]
    assert report.records == 500
    assert report.duplicates == 9
    assert report.missing == 9
    assert any("expected 509 records" in warning for warning in report.warnings)
    lines = (tmp_path / "s.jsonl").read_bytes().splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == len(lines) == 500


def test_filter_hands_the_servers_bytes_on(server: str) -> None:
    truth = dumped(f"{server}/_dump/transactions")
    records, told = walked(
        server,
        {
            "path": "/offset/transactions",
            "pagination": {"type": "offset", "size": 100},
            "records": {"path": "data", "filter": {"path": "status", "op": "!=", "value": "x"}},
        },
    )
    assert records == truth
    kinds = {json.loads(line)["status"] for line in truth}
    wanted = sorted(kinds)[0]
    records, told = walked(
        server,
        {
            "path": "/offset/transactions",
            "pagination": {"type": "offset", "size": 100},
            "records": {"path": "data", "filter": {"path": "status", "value": wanted}},
        },
    )
    assert records == [line for line in truth if json.loads(line)["status"] == wanted]
    assert sum(page["filtered"] for page in told) == len(truth) - len(records)


def test_added_members_stand_behind_the_servers_bytes(server: str) -> None:
    truth = dumped(f"{server}/_dump/users:250")
    records, _told = walked(
        server,
        {
            "path": "/cursor/users:250",
            "pagination": "cursor",
            "records": {"path": "data", "add": {"src": "crm", "n": 1.5}},
        },
    )
    assert records == [line[:-1] + b',"src":"crm","n":1.5}' for line in truth]
    with (
        penstock.Client(
            document(server, {"path": "/cursor/users:250", "records": {"add": {"id": 1}}})
        ) as api,
        pytest.raises(penstock.DataError, match='record 0 has a member "id" already'),
    ):
        next(iter(api.pages("s")))


def test_children_carry_what_they_were_walked_over(server: str) -> None:
    streams = {
        "users": {"path": "/cursor/users:20", "records": "data", "pagination": "cursor"},
        "posts": {
            "path": "/offset/posts",
            "query": {"user_id": {"over": "user_id"}},
            "over": {"stream": "users", "key": "id", "as": "user_id"},
            "pagination": {"type": "offset", "size": 100},
            "records": {"path": "data", "add": {"of_user": {"over": "user_id"}}},
        },
    }
    found = 0
    with penstock.Client({"base_url": server, "streams": streams}) as api:
        for page in api.pages("posts"):
            for record in page.records:
                assert record["of_user"] == record["user_id"]
                found += 1
    assert found > 0


def test_errors_of_status_200_fail_with_the_apis_message(server: str) -> None:
    rules = [
        {
            "body": {"path": "ok", "=": False},
            "also_on_2xx": True,
            "action": "fail",
            "message": {"body": "error"},
        }
    ]
    stream = {"path": "/fault/on:2:error200;name=e200/slack/users", "records": "members"}
    with penstock.Client(document(server, stream, errors=rules)) as api:
        pages = iter(api.pages("s"))
        next(pages)
        with pytest.raises(penstock.HTTPStatusError) as caught:
            for _ in pages:
                pass
    assert caught.value.http_status == 200
    assert "(error rule /errors/0)" in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "count", "warned"),
    [
        ({"status": 404, "action": "ignore"}, 100, True),
        ({"status": "4xx", "action": "end"}, 100, True),
        ({"status": [403, 404], "action": "retry"}, 300, False),
        ({"status": 404, "action": "rate_limited", "wait": "10ms"}, 300, False),
    ],
)
def test_a_404_in_the_middle_means_what_the_rule_says(
    server: str, rule: dict[str, Any], count: int, warned: bool
) -> None:
    name = f"mid-{rule['action']}"
    records, told = walked(
        server,
        {
            "path": f"/fault/on:2:404;name={name}/page/users:300",
            "records": "data",
            "pagination": {"type": "page", "size": 100},
            "errors": [rule],
        },
        retry={"attempts": 3, "base": "1ms"},
    )
    assert len(records) == count
    text = json.dumps([page["warnings"] for page in told])
    assert ("by error rule /streams/s/errors/0" in text) == warned
