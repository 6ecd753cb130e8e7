"""Searches that give the first records of their result and no more, read whole: the records' bytes
against the practice API's own, nothing lost at a seam and nothing doubled."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from pathlib import Path
from typing import Any

import penstock
import pytest

TESTS = Path(__file__).resolve().parents[1]


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        body: bytes = answer.read()
    return body


def document(server: str, stream: dict[str, Any]) -> dict[str, Any]:
    return {"base_url": server, "retry": {"attempts": 1}, "streams": {"s": stream}}


def walked(server: str, stream: dict[str, Any]) -> tuple[list[bytes], list[dict[str, Any]]]:
    lines: list[bytes] = []
    told: list[dict[str, Any]] = []
    with penstock.Client(document(server, stream)) as api:
        for page in api.pages("s"):
            lines += [bytes(record) for record in page.raw]
            told.append(page.metadata)
            assert page.has_more is not None
    return lines, told


def restart(**more: Any) -> dict[str, Any]:
    return {
        "after_records": 1000,
        "from": {"last_record": "created_at"},
        "param": "created_at_gte",
        **more,
    }


LIMIT = {"param": "limit", "value": 90}
PAGES: dict[str, dict[str, Any]] = {
    "offset": {"type": "offset", "size": 90},
    "page": {"type": "page", "size": LIMIT, "total": "total"},
    "cursor": {"type": "cursor", "from": "next_cursor", "size": 90},
    "next": {"type": "next_url", "from": "next", "size": LIMIT},
    "link": {"type": "link", "size": LIMIT},
}


@pytest.mark.parametrize("beyond", ["refuse", "reach", "empty", "end"])
@pytest.mark.parametrize("then", list(PAGES))
@pytest.mark.parametrize("collection", ["transactions:3000", "events:2500", "users:1000"])
def test_a_capped_search_is_read_whole(
    server: str, then: str, beyond: str, collection: str
) -> None:
    lines, told = walked(
        server,
        {
            "path": f"/search;cap=1000;then={then};beyond={beyond}/{collection}",
            "records": "data",
            "key": "id",
            "pagination": {**PAGES[then], "restart": restart()},
        },
    )
    truth = json.loads(fetched(f"{server}/_truth/{collection}"))
    assert len(lines) == truth["count"]
    digest = hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()
    assert digest == truth["sha256"]
    rounds = [page["restart"]["number"] for page in told if "restart" in page]
    assert max(rounds) >= 1
    assert not [text for page in told for text in page["warnings"] if "restart" in text]


def test_newest_first_goes_down(server: str) -> None:
    lines, _ = walked(
        server,
        {
            "path": "/search;cap=1000;then=page;beyond=refuse;order=desc/transactions:3000",
            "records": "data",
            "key": "id",
            "pagination": {
                "type": "page",
                "size": {"param": "limit", "value": 100},
                "restart": {
                    "after_pages": 10,
                    "from": {"last_record": "created_at"},
                    "param": "created_at[lte]",
                },
            },
        },
    )
    assert lines == fetched(f"{server}/_dump/transactions:3000").splitlines()[::-1]


def test_a_filter_in_a_post_body_moves_on(server: str) -> None:
    """As HubSpot's search has it."""
    lines, told = walked(
        server,
        {
            "path": "/search;cap=1000;then=post;beyond=refuse/transactions:3000",
            "method": "POST",
            "idempotent": True,
            "records": "data",
            "key": "id",
            "json": {
                "filterGroups": [
                    {
                        "filters": [
                            {
                                "propertyName": "created_at",
                                "operator": "GTE",
                                "value": "{page.restart}",
                            }
                        ]
                    }
                ],
                "limit": 100,
            },
            "pagination": {
                "type": "cursor",
                "from": "paging.next.after",
                "slot": {"in": "json", "name": "after"},
                "restart": {
                    "after_records": 1000,
                    "from": {"last_record": "created_at"},
                    "start": "2000-01-01T00:00:00Z",
                },
            },
        },
    )
    assert lines == fetched(f"{server}/_dump/transactions:3000").splitlines()
    assert max(page.get("restart", {}).get("number", 0) for page in told) >= 2


def test_ids_that_no_two_records_share_need_no_key(server: str) -> None:
    lines, told = walked(
        server,
        {
            "path": "/search;cap=100;then=offset;beyond=reach;by=id/users:950",
            "records": "data",
            "pagination": {
                "type": "offset",
                "size": 30,
                "restart": {
                    "after_records": 100,
                    "from": {"last_record": "id"},
                    "param": "id_gt",
                    "inclusive": False,
                },
            },
        },
    )
    assert lines == fetched(f"{server}/_dump/users:950").splitlines()
    assert [page["restart"]["next"] for page in told if "next" in page.get("restart", {})][:2] == [
        "90",
        "180",
    ]


def test_more_of_one_value_than_the_cap_is_an_error(server: str) -> None:
    """Up to 250 transactions share a time."""
    stream = {
        "path": "/search;cap=50;then=offset/transactions:3000",
        "records": "data",
        "key": "id",
        "pagination": {"type": "offset", "size": 25, "restart": restart(after_records=50)},
    }
    with (
        penstock.Client(document(server, stream)) as api,
        pytest.raises(penstock.DataError) as caught,
    ):
        for _ in api.pages("s"):
            pass
    message = str(caught.value)
    assert 'stream "s", page ' in message
    assert "restart (/streams/s/pagination/restart): the last of 50 records still has" in message


def test_what_a_document_says_of_it(server: str) -> None:
    stream = {
        "path": "/search/users",
        "records": "data",
        "key": "id",
        "pagination": {"type": "offset", "size": 90, "restart": restart()},
    }
    told = penstock.explain(document(server, stream))
    text = json.dumps(told)
    assert "after 1000 records it starts again from page one, with created_at of the page's" in text
    with pytest.raises(penstock.ConfigError, match='needs a "key"') as caught:
        penstock.explain(document(server, {k: v for k, v in stream.items() if k != "key"}))
    assert "/streams/s/pagination/restart" in str(caught.value)


def test_each_walk_over_something_has_restarts_of_its_own(server: str) -> None:
    source = {
        "base_url": server,
        "streams": {
            "s": {
                "path": "/search;cap=200;then=page;beyond=refuse/events:2500",
                "query": {"type": {"over": "type"}},
                "records": {"path": "data", "add": {"of": {"over": "type"}}},
                "key": "id",
                "over": {"items": ["click", "view"], "as": "type", "at_once": 2},
                "pagination": {
                    "type": "page",
                    "size": {"param": "limit", "value": 50},
                    "restart": restart(after_records=200),
                },
            }
        },
    }
    truth = [json.loads(line) for line in fetched(f"{server}/_dump/events:2500").splitlines()]
    with penstock.Client(source) as api:
        found = [record for page in api.pages("s") for record in page.records]
    for kind in ("click", "view"):
        wanted = [record["id"] for record in truth if record["type"] == kind]
        assert len(wanted) > 400
        assert [record["id"] for record in found if record["of"] == kind] == wanted


def test_a_file_is_written_whole(server: str, tmp_path: Path) -> None:
    stream = {
        "path": "/search;cap=1000;then=link;beyond=reach/transactions:3000",
        "records": "data",
        "key": "id",
        "pagination": {**PAGES["link"], "restart": restart()},
    }
    job = {"source": document(server, stream), "output": {"directory": str(tmp_path)}}
    report = penstock.pull(job)["s"]
    assert report.records == 3000 and not report.missing
    truth = fetched(f"{server}/_dump/transactions:3000")
    assert (tmp_path / "s.jsonl").read_bytes() == truth
