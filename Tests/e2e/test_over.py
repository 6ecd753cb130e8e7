"""Streams walked over others: users, their posts, the posts' comments, byte for byte against the
practice API."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import penstock
import pytest

TESTS = Path(__file__).resolve().parents[1]
USERS = "users:30"
OVER_USERS = {"stream": "users", "key": "id", "as": "user_id"}


def dump(server: str, question: str) -> list[bytes]:
    with urllib.request.urlopen(f"{server}/_dump/{question}", timeout=30) as answer:
        body: bytes = answer.read()
    return body.splitlines()


def ids(lines: list[bytes]) -> list[Any]:
    return [json.loads(line)["id"] for line in lines]


def source(server: str, over: Any = None, layer: str = "", **stream: Any) -> dict[str, Any]:
    """Posts over users, comments over those posts; `over` is that of posts."""
    return {
        "base_url": server,
        "retry": {"attempts": 2, "base": "10ms"},
        "streams": {
            "users": {"path": f"/cursor/{USERS}", "records": "data", "pagination": "cursor"},
            "posts": {
                "path": f"{layer}/offset/posts",
                "records": "data",
                "pagination": {"type": "offset", "size": 3},
                "query": {"user_id": {"over": "user_id"}},
                "over": OVER_USERS if over is None else over,
                **stream,
            },
            "comments": {
                "path": "/page/comments",
                "records": "data",
                "pagination": {"type": "page", "size": 2},
                "query": {"post_id": "{over.post_id}"},
                "over": {"stream": "posts", "key": "id", "as": "post_id", "at_once": 8},
            },
        },
    }


def walked(
    document: dict[str, Any], stream: str, **options: Any
) -> tuple[list[bytes], list[penstock.Page]]:
    records: list[bytes] = []
    pages: list[penstock.Page] = []
    with penstock.Client(document) as client:
        for page in client.pages(stream, **options):
            records += [bytes(record) for record in page.raw]
            pages.append(page)
    return records, pages


def posts_of(server: str, users: list[Any]) -> list[bytes]:
    by_user: dict[Any, list[bytes]] = {}
    for line in dump(server, "posts"):
        by_user.setdefault(json.loads(line)["user_id"], []).append(line)
    return [line for user in users for line in by_user.get(user, [])]


def test_children_come_in_the_order_of_their_parents(server: str) -> None:
    users = ids(dump(server, USERS))
    records, pages = walked(source(server), "posts")
    assert records == posts_of(server, users)
    assert len(records) > 25
    assert [page.index for page in pages] == list(range(len(pages)))
    assert pages[0].metadata["over"] == {"user_id": str(users[0])}
    assert pages[0].metadata["page"] == 0
    assert [page.metadata["over"]["user_id"] for page in pages if page.metadata["page"] == 0] == [
        str(user) for user in users
    ]


def comments_of(server: str, users: list[Any]) -> list[bytes]:
    by_post: dict[Any, list[bytes]] = {}
    for line in dump(server, "comments"):
        by_post.setdefault(json.loads(line)["post_id"], []).append(line)
    return [line for post in ids(posts_of(server, users)) for line in by_post.get(post, [])]


def test_three_levels(server: str) -> None:
    records, pages = walked(source(server), "comments")
    assert records == comments_of(server, ids(dump(server, USERS)))
    assert len(records) > 50
    assert set(pages[-1].metadata["over"]) == {"user_id", "post_id"}


@pytest.mark.parametrize(
    "options",
    [{"at_once": 1}, {"at_once": 25}, {"order": "any"}, {"on_error": "skip"}],
    ids=str,
)
def test_however_many_at_once_nothing_is_lost_or_doubled(
    server: str, options: dict[str, Any]
) -> None:
    records, _ = walked(source(server, {**OVER_USERS, **options}, "/delay/2ms"), "posts")
    wanted = posts_of(server, ids(dump(server, USERS)))
    assert Counter(records) == Counter(wanted)
    if options.get("order") != "any":
        assert records == wanted


def test_with_parallel_pages_of_each_child(server: str) -> None:
    records, _ = walked(source(server, parallel=4), "posts")
    assert records == posts_of(server, ids(dump(server, USERS)))


def test_ids_from_a_parameter_or_else_the_parent(server: str) -> None:
    over = {
        "items": {"param": "users"},
        "as": "user_id",
        "else": {"stream": "users", "key": "id"},
    }
    users = ids(dump(server, USERS))
    records, _ = walked(source(server, over), "posts", params={"users": users[3:5]})
    assert records == posts_of(server, users[3:5])
    records, _ = walked(source(server, over), "posts")
    assert records == posts_of(server, users)


def test_a_product_is_each_combination(server: str) -> None:
    users = ids(dump(server, USERS))
    states = sorted({json.loads(line)["status"] for line in dump(server, "transactions")})
    document = source(server)
    document["streams"]["payments"] = {
        "path": "/offset/transactions",
        "records": "data",
        "pagination": {"type": "offset", "size": 5},
        "query": {"user_id": "{over.user_id}", "status": {"over": "status"}},
        "over": [{"items": states, "as": "status"}, OVER_USERS],
    }
    records, pages = walked(document, "payments")
    assert records == [
        line
        for status in states
        for user in users
        for line in dump(server, f"transactions?user_id={user}&status={status}")
    ]
    assert len(records) > 50
    assert len({json.dumps(page.metadata["over"]) for page in pages}) == len(states) * len(users)


def test_one_record_in_the_path_for_each_parent(server: str) -> None:
    document = source(server)
    document["streams"]["profile"] = {
        "path": "/single/users/{user_id}",
        "pagination": "none",
        "over": OVER_USERS,
    }
    records, _ = walked(document, "profile")
    assert [json.loads(record)["id"] for record in records] == ids(dump(server, USERS))


def test_a_parent_that_fails_is_named_or_skipped(server: str, tmp_path: Path) -> None:
    users = ids(dump(server, USERS))
    # Of a missing user there is no profile.
    document = source(server)
    some = [users[0], 999_999, users[1]]
    profile: dict[str, Any] = {
        "path": "/single/users/{user_id}",
        "pagination": "none",
        "over": {"items": some, "as": "user_id"},
    }
    document["streams"] = {"profile": profile}
    with pytest.raises(penstock.PenstockError) as caught:
        walked(document, "profile")
    assert 'stream "profile", user_id "999999", page 0: HTTP 404' in str(caught.value)
    assert caught.value.detail["over"] == {"user_id": "999999"}

    profile["over"]["on_error"] = "skip"
    records, pages = walked(document, "profile")
    assert [json.loads(record)["id"] for record in records] == users[:2]
    assert any("999999" in warning for page in pages for warning in page.metadata["warnings"])

    report = penstock.pull(document, tmp_path)
    assert report["profile"].ok
    assert report["profile"].records == 2
    assert report["profile"].skipped == 1
    assert "999999" in report["profile"].first_skipped[0]


def test_a_sync_of_all_levels(server: str, tmp_path: Path) -> None:
    report = penstock.pull(source(server), tmp_path)
    users = ids(dump(server, USERS))
    assert report["users"].records == len(users)
    assert (tmp_path / "posts.jsonl").read_bytes().splitlines() == posts_of(server, users)
    assert (tmp_path / "comments.jsonl").read_bytes().splitlines() == comments_of(server, users)


def test_left_in_the_middle(server: str) -> None:
    with penstock.Client(source(server, layer="/delay/5ms")) as client:
        for page in client.pages("comments"):
            if page.index == 3:
                break
        assert sum(1 for _ in client.records("users")) == 30


def test_the_first_records_of_the_whole(server: str) -> None:
    records, _ = walked(source(server), "posts", max_records=17)
    assert records == posts_of(server, ids(dump(server, USERS)))[:17]
