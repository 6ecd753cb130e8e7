"""Django REST framework: each paginator walked whole, throttles, logins, writing."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from real_servers.launch import launch

Records = list[dict[str, Any]]


def walk(url: str, **options: Any) -> Iterator[Records]:
    following: str | None = url
    with requests.Session() as session:
        while following:
            response = session.get(following, timeout=30, **options)
            response.raise_for_status()
            page = response.json()
            yield page["results"]
            following = page["next"]


def checksum(records: Records) -> str:
    """As drf/database.py defines it, from parsed records."""
    result = hashlib.sha256()
    for record in records:
        text = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
        result.update(text.replace("\u2028", "\\u2028").encode() + b"\n")
    return result.hexdigest()


@pytest.mark.parametrize("path", ["page-number", "limit-offset", "cursor"])
@pytest.mark.parametrize("query", ["", "?page_size=33&limit=33"])
def test_every_paginator_gives_everything(drf: dict[str, Any], path: str, query: str) -> None:
    records = [record for page in walk(f"{drf['url']}/{path}/{query}") for record in page]
    assert len(records) == drf["count"] == 2_500
    assert checksum(records) == drf["sha256_as_sent"]


def test_unpaginated_list_and_time_filter(drf: dict[str, Any]) -> None:
    url = drf["url"] + "/unpaginated/"
    records: Records = requests.get(url, timeout=30).json()
    assert checksum(records) == drf["sha256_as_sent"]
    assert len({record["created"] for record in records[999:1299]}) == 1

    window = {"created_gte": records[999]["created"], "created_lt": records[1299]["created"]}
    within: Records = requests.get(url, params=window, timeout=30).json()
    assert [each["id"] for each in within] == [
        each["id"]
        for each in records
        if window["created_gte"] <= each["created"] < window["created_lt"]
    ]
    assert requests.get(url, params={"created_gte": "soon"}, timeout=30).status_code == 400


def test_members_of_a_page(drf: dict[str, Any]) -> None:
    counted = requests.get(drf["url"] + "/page-number/", timeout=30).json()
    assert list(counted) == ["count", "next", "previous", "results"]
    assert counted["next"] == drf["url"] + "/page-number/?page=2"
    offset = requests.get(drf["url"] + "/limit-offset/", timeout=30).json()
    assert offset["next"] == drf["url"] + "/limit-offset/?limit=100&offset=100"
    cursor = requests.get(drf["url"] + "/cursor/", timeout=30).json()
    assert list(cursor) == ["next", "previous", "results"]


def test_past_the_end(drf: dict[str, Any]) -> None:
    beyond = requests.get(drf["url"] + "/page-number/?page=26", timeout=30)
    assert (beyond.status_code, beyond.json()) == (404, {"detail": "Invalid page."})
    empty = requests.get(drf["url"] + "/limit-offset/?offset=2500", timeout=30)
    assert (empty.status_code, empty.json()["results"]) == (200, [])


def test_page_sizes_are_capped_without_a_word(drf: dict[str, Any]) -> None:
    for query in ("page-number/?page_size=5000", "limit-offset/?limit=5000"):
        response = requests.get(f"{drf['url']}/{query}", timeout=30)
        assert (response.status_code, len(response.json()["results"])) == (200, 1_000)


def test_throttles_answer_429_with_retry_after() -> None:
    with launch("drf", "--rate", "scoped=3/second", "--rate", "per-minute=2/minute") as drf:
        for path, allowed in (("scoped", 3), ("per-minute", 2), ("anon", 20)):
            url = f"{drf['url']}/throttled/{path}/?page_size=1"
            with requests.Session() as session:
                answers = [session.get(url, timeout=30) for _ in range(allowed + 1)]
            assert [each.status_code for each in answers] == [200] * allowed + [429], path
            wait = int(answers[-1].headers["Retry-After"])
            assert wait == 1 if path != "per-minute" else 55 <= wait <= 60
            assert "throttled" in answers[-1].json()["detail"]
        # Who waits as told is served.
        time.sleep(1)
        assert requests.get(drf["url"] + "/throttled/scoped/", timeout=30).status_code == 200


def test_token(drf: dict[str, Any]) -> None:
    url = drf["url"] + "/with-token/"
    refused = requests.get(url, timeout=30)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Token")
    login = {"username": drf["username"], "password": drf["password"]}
    token = requests.post(drf["url"] + "/token/", json=login, timeout=30).json()["token"]
    assert token == drf["token"]
    headers = {"Authorization": f"Token {token}"}
    records = [record for page in walk(url, headers=headers) for record in page]
    assert checksum(records) == drf["sha256_as_sent"]


def test_password(drf: dict[str, Any]) -> None:
    url = drf["url"] + "/with-password/"
    wrong = requests.get(url, auth=(drf["username"], "guessed"), timeout=30)
    assert (wrong.status_code, wrong.headers["WWW-Authenticate"]) == (401, 'Basic realm="api"')
    login = (drf["username"], drf["password"])
    records = [record for page in walk(url, auth=login) for record in page]
    assert checksum(records) == drf["sha256_as_sent"]


def test_a_page_the_client_has_is_not_sent_again(drf: dict[str, Any]) -> None:
    url = drf["url"] + "/cursor/"
    tag = requests.get(url, timeout=30).headers["ETag"]
    again = requests.get(url, headers={"If-None-Match": tag}, timeout=30)
    assert (again.status_code, again.content) == (304, b"")


def test_writing_shifts_pages_of_this_start_only(drf: dict[str, Any]) -> None:
    with launch("drf") as own:
        url = own["url"] + "/records/"
        made = {"name": "new", "amount": "1.10", "ratio": 1.5, "big": 1, "active": True}
        made |= {"created": "2025-01-01T00:00:00Z"}
        created = requests.post(url, json=made, timeout=30)
        assert (created.status_code, created.json()["id"]) == (201, 2_501)
        pages = walk(own["url"] + "/page-number/")
        seen = next(pages)
        assert requests.delete(f"{url}1/", timeout=30).status_code == 204
        seen += [record for page in pages for record in page]
        # A record that stood between the first two pages moved to the first, and was never seen.
        assert {*range(1, 2_502)} - {record["id"] for record in seen} == {101}
    assert requests.get(drf["url"] + "/page-number/", timeout=30).json()["count"] == 2_500
