"""What is proposed for an unknown endpoint walks the whole of it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import penstock
import pytest
import requests

from practice_api_tests.conftest import Server
from real_servers.flights_data import truth as flights_truth
from real_servers.launch import launch

# In the words of the practice API, and the pagination that is found.
STYLES = [
    ("offset", "offset"),
    ("offset;at=items", "offset"),
    ("offset;total=missing", "offset"),
    ("offset;total=missing;max=30", "offset"),
    ("offset;param=skip", "offset"),
    ("page", "page"),
    ("page;base=0", "page"),
    ("page;more", "page"),
    ("page;more=has_next;total=missing", "page"),
    ("page;pages", "page"),
    ("page;last", "page"),
    ("page;total=missing", "page"),
    ("page;total=missing;base=0", "page"),
    ("cursor", "cursor"),
    ("cursor;more", "cursor"),
    ("cursor;next=meta.next_cursor", "cursor"),
    ("cursor;shape=numeric", "cursor"),
    ("cursor;end=empty", "cursor"),
    ("cursor;end=absent", "cursor"),
    ("slack", "cursor"),
    ("stripe", "cursor"),
    ("token", "cursor"),
    ("token;param=page_token", "cursor"),
    ("headercursor", "cursor"),
    ("lastid", "cursor"),
    ("nexturl", "next_url"),
    ("nexturl;next=paging.next", "next_url"),
    ("nexturl;next=@odata..nextLink", "next_url"),
    ("nexturl;url=path", "next_url"),
    ("nexturl;url=query", "next_url"),
    ("link", "link"),
    ("link;form=tricky", "link"),
    ("link;form=split", "link"),
    ("single;in=data.users", "none"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    started = Server()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def drf() -> Iterator[dict[str, Any]]:
    with launch("drf") as announced:
        yield announced


def walked(document: dict[str, Any]) -> tuple[int, str]:
    """How many records the one stream has, and the digest of their bytes."""
    (name,) = document["streams"]
    count, seen = 0, hashlib.sha256()
    with penstock.Client(document) as client:
        for page in client.pages(name):
            for record in page.raw:
                seen.update(bytes(record) + b"\n")
                count += 1
    return count, seen.hexdigest()


def truth(server: Server, collection: str) -> tuple[int, str]:
    told = server.truth(collection)
    return told["count"], told["sha256"]


@pytest.mark.parametrize(("style", "kind"), STYLES)
def test_the_proposal_walks_everything(server: Server, style: str, kind: str) -> None:
    guesses: list[str] = []
    document = penstock.detect(
        f"{server.http}/{style}/users:1000?status=active", on_request=guesses.append
    )
    stream = document["streams"]["users"]
    assert stream["pagination"]["type"] == kind
    assert stream["query"] == {"status": "active"}
    assert stream["key"] == "id"
    assert "time: created_at (ISO 8601)" in stream["description"]
    assert walked(document) == truth(server, "users:1000?status=active")
    assert len(guesses) <= 3
    # The document is whole: it says the same when it is explained.
    assert penstock.explain(document)["streams"][0]["name"] == "users"


def test_a_bare_list_that_is_whole_stays_one_page(server: Server) -> None:
    guesses: list[str] = []
    document = penstock.detect(f"{server.http}/single/users:250", on_request=guesses.append)
    assert document["streams"]["users"]["pagination"] == {"type": "none"}
    assert len(guesses) == 3
    assert walked(document) == truth(server, "users:250")


def test_without_guesses_only_what_is_shown_is_proposed(server: Server) -> None:
    guesses: list[str] = []
    document = penstock.detect(
        f"{server.http}/lastid/users:250", probe=False, on_request=guesses.append
    )
    assert document["streams"]["users"]["pagination"] == {"type": "none"}
    assert guesses == []


@pytest.mark.parametrize("style", ["offset", "page", "cursor", "stripe"])
def test_a_page_size_in_the_url_becomes_the_paginations(server: Server, style: str) -> None:
    name = "per_page" if style == "page" else "limit"
    document = penstock.detect(f"{server.http}/{style}/users:250?{name}=70")
    stream = document["streams"]["users"]
    assert stream["pagination"]["size"] == {"param": name, "value": 70}
    assert "query" not in stream
    assert walked(document) == truth(server, "users:250")


def test_a_list_that_is_filtered_by_what_is_guessed_is_no_paging(server: Server) -> None:
    with launch("flights") as flights:
        url = f"{flights['url']}/flights/airlines.json?_shape=array"
        document = penstock.detect(url)
        assert document["streams"]["airlines"]["pagination"] == {"type": "none"}
        assert walked(document)[0] == flights_truth("airlines")["count"]


def test_datasette(server: Server) -> None:
    with launch("flights") as flights:
        for url, table in (
            (flights["flights"] + "&_size=1000", "flights"),
            (f"{flights['url']}/flights/airlines.json?_shape=objects&_size=5", "airlines"),
            (f"{flights['url']}/flights/airlines.json?_shape=array&_size=5", "airlines"),
        ):
            document = penstock.detect(url)
            told = flights_truth(table)
            assert walked(document) == (told["count"], told["sha256_as_sent"])
            assert document["streams"][table]["pagination"] == {"type": "link"}


@pytest.mark.parametrize("path", ["page-number", "limit-offset", "cursor", "unpaginated"])
def test_django_rest_framework(drf: dict[str, Any], path: str) -> None:
    for query in ("", "?page_size=33&limit=33"):
        document = penstock.detect(f"{drf['url']}/{path}/{query}")
        assert walked(document) == (drf["count"], drf["sha256_as_sent"])
        assert document["streams"][path]["key"] == "id"


def test_a_page_number_in_the_url_is_the_walks(server: Server) -> None:
    document = penstock.detect(f"{server.http}/page/users:250?page=1")
    assert "query" not in document["streams"]["users"]
    assert walked(document) == truth(server, "users:250")


@pytest.mark.parametrize("dialect", ["github", "ietf", "draft03", "draft07"])
def test_limits_that_the_server_states_are_proposed_with_a_reserve(
    server: Server, dialect: str
) -> None:
    document = penstock.detect(
        f"{server.http}/limit/sliding:60:60s;dialect={dialect};name={dialect}-d/cursor/users:250"
    )
    assert document["limits"] == [{"requests": 54, "per": "60s"}]


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    source = os.path.join(os.path.dirname(__file__), "../../bindings/python/src")
    return subprocess.run(
        [sys.executable, "-m", "penstock", *arguments],
        env={**os.environ, "PYTHONPATH": source, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_credentials_come_from_the_environment_and_stay_there(server: Server) -> None:
    secret = "canary-of-detection"
    url = f"{server.http}/auth/bearer:{secret}+header:X-K:{secret}/cursor/users:250"
    ended = command(
        "detect",
        url,
        "--bearer-env",
        "T",
        "--api-key-env",
        "T",
        "--api-key-header",
        "X-K",
        T=secret,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    document = json.loads(ended.stdout)
    assert document["auth"] == [
        {"type": "bearer", "token": {"env": "T"}},
        {"type": "api_key", "value": {"env": "T"}, "header": "X-K"},
    ]
    # The URL of this test's server says it; nothing else does.
    assert secret not in ended.stdout.replace(document["base_url"], "")
    missing = command("detect", url, "--bearer-env", "NOT_THERE")
    assert missing.returncode == 1
    assert "NOT_THERE" in missing.stderr


def test_each_guess_is_told(server: Server) -> None:
    ended = command("detect", f"{server.http}/lastid/users:250")
    assert ended.returncode == 0
    assert ended.stderr.splitlines()[:3] == [
        "penstock: trying ?page=2",
        "penstock: trying ?offset=30&limit=30",
        "penstock: trying ?since=30",
    ]
    refused = command("detect", "ftp://example.com/")
    assert (refused.returncode, refused.stdout) == (2, "")


def test_check_live_tries_each_stream_once(server: Server, tmp_path: Any) -> None:
    requests.get(f"{server.http}/_reset", timeout=10)
    path = tmp_path / "source.json"
    streams = {
        "users": {"path": "/cursor/users:250", "key": "id", "pagination": "cursor"},
        "posts": {"path": "/page/posts:250", "key": "user_id"},
        "gone": "/fault/404/single/users",
    }
    path.write_text(
        json.dumps({"base_url": server.http, "retry": {"attempts": 1}, "streams": streams})
    )
    ended = command("check", str(path), "--live", "--json")
    assert ended.returncode == 1
    users, posts, gone = json.loads(ended.stdout)["live"]
    assert (users["ok"], users["status"], users["records"]) == (True, 200, 100)
    assert users["next"]
    assert users["fields"]["id"] == "integer"
    assert users["key"] == "id: in all of them, and different"
    assert posts["key"] == "user_id: does not tell all records apart"
    assert posts["total"] == 250
    assert posts["next"] == "2"
    assert "paging: page number in page, sent as page" in posts["detected"]
    assert gone["ok"] is False
    assert "HTTP 404" in gone["error"]

    ended = command("check", str(path), "--live", "--stream", "users", "--quiet")
    assert ended.returncode == 0
    assert "users: HTTP 200, 100 records" in ended.stdout
    assert "posts: HTTP" not in ended.stdout
    assert all(len(line) <= 80 for line in ended.stdout.splitlines()[1:])
