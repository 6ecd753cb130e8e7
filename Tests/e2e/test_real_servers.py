"""Penstock against servers that others wrote: Django REST framework, nginx, Datasette."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import penstock
import pytest

from real_servers.launch import launch

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def drf() -> Iterator[dict[str, Any]]:
    with launch("drf") as announced:
        yield announced


@pytest.fixture(scope="module")
def nginx(drf: dict[str, Any]) -> Iterator[dict[str, Any]]:
    with launch("nginx", "--upstream", drf["url"], "--keepalive-requests", "5") as announced:
        yield announced


def source(base: str, path: str, **more: Any) -> dict[str, Any]:
    stream = {"path": path, **more.pop("stream", {})}
    return {"base_url": base, "streams": {"records": stream}, **more}


def walked(document: dict[str, Any]) -> tuple[int, str, list[dict[str, Any]]]:
    """Count, checksum over the records' own bytes with line feeds, and the pages' metadata."""
    digest, count, told = hashlib.sha256(), 0, []
    with penstock.Client(document) as api:
        for page in api.pages("records"):
            for record in page.raw:
                digest.update(record)
                digest.update(b"\n")
                count += 1
            told.append(page.metadata)
    return count, digest.hexdigest(), told


@pytest.mark.parametrize(
    ("path", "stream"),
    [
        ("/page-number/", {}),
        (
            "/page-number/",
            {
                "pagination": {
                    "type": "page",
                    "size": {"param": "page_size", "value": 300},
                    "total": "count",
                },
                "records": "results",
            },
        ),
        # More than the server gives: it caps its pages at 1,000 and says nothing.
        (
            "/limit-offset/",
            {
                "pagination": {"type": "offset", "size": {"param": "limit", "value": 5000}},
                "records": "results",
            },
        ),
        ("/limit-offset/", {}),
        ("/cursor/", {}),
        ("/cursor/", {"pagination": {"type": "next_url", "from": "next"}, "records": "results"}),
        ("/unpaginated/", {}),
    ],
)
def test_paginators_of_django_rest_framework(
    drf: dict[str, Any], path: str, stream: dict[str, Any]
) -> None:
    count, checksum, _ = walked(source(drf["url"], path, stream=stream))
    assert (count, checksum) == (drf["count"], drf["sha256_as_sent"])


def test_page_behind_the_last_is_an_end_where_the_document_says_so(drf: dict[str, Any]) -> None:
    """Page 26 of 25 is a 404 there, and a page size that divides the count leads to it."""
    paging = {"type": "page", "size": {"param": "page_size", "value": 100}}
    silent = source(
        drf["url"], "/page-number/", stream={"pagination": paging, "records": "results"}
    )
    silent["streams"]["records"]["pagination"] = {**paging, "has_more": "nothing_of_that_name"}
    with pytest.raises(penstock.HTTPStatusError, match="end_statuses") as failed:
        walked(silent)
    assert failed.value.http_status == 404
    told = {**paging, "end_statuses": [404]}
    silent["streams"]["records"]["pagination"] = told
    assert walked(silent)[0] == drf["count"]


@pytest.mark.parametrize(
    ("path", "auth"),
    [
        (
            "/with-token/",
            lambda drf: {
                "type": "api_key",
                "header": "Authorization",
                "prefix": "Token ",
                "value": drf["token"],
            },
        ),
        (
            "/with-password/",
            lambda drf: {"type": "basic", "username": drf["username"], "password": drf["password"]},
        ),
    ],
)
def test_credentials(drf: dict[str, Any], path: str, auth: Any) -> None:
    count, checksum, _ = walked(source(drf["url"], path, auth=auth(drf)))
    assert (count, checksum) == (drf["count"], drf["sha256_as_sent"])
    with pytest.raises(penstock.AuthError) as refused:
        walked(source(drf["url"], path))
    assert refused.value.http_status == 401


def test_throttle_is_waited_out(drf: dict[str, Any]) -> None:
    """No limit configured: the server's 429 and its Retry-After are all there is to go by."""
    stream = {
        "pagination": {
            "type": "page",
            "size": {"param": "page_size", "value": 250},
            "total": "count",
        },
        "records": "results",
    }
    begin = time.monotonic()
    count, checksum, told = walked(source(drf["url"], "/throttled/scoped/", stream=stream))
    assert (count, checksum) == (drf["count"], drf["sha256_as_sent"])
    assert sum(page["attempts"] for page in told) > len(told), "it was throttled"
    assert time.monotonic() - begin < 30


def test_http2_over_tls(nginx: dict[str, Any], drf: dict[str, Any]) -> None:
    connections = {"ca_file": nginx["authority"]}
    count, checksum, told = walked(source(nginx["urls"]["h2"], "/cursor/", connections=connections))
    assert (count, checksum) == (drf["count"], drf["sha256_as_sent"])
    assert {page["http_version"] for page in told} == {"2"}
    # gzip on the wire, the server's bytes in hand
    assert all(page["wire_bytes"] < page["body_bytes"] for page in told)
    port = int(nginx["urls"]["h2"].rsplit(":", 1)[1])
    time.sleep(0.2)
    log = [json.loads(line) for line in Path(nginx["access_log"]).read_text().splitlines()]
    assert len({entry["connection"] for entry in log if entry["port"] == port}) == 1, "kept alive"


def test_http1_over_tls_when_http2_is_off(nginx: dict[str, Any], drf: dict[str, Any]) -> None:
    connections = {"ca_file": nginx["authority"], "http2": False}
    count, _, told = walked(source(nginx["urls"]["h2"], "/page-number/", connections=connections))
    assert count == drf["count"]
    assert {page["http_version"] for page in told} == {"1.1"}


@pytest.mark.parametrize("port", ["short", "short_h2"])
def test_server_that_closes_its_connections_often(
    nginx: dict[str, Any], drf: dict[str, Any], port: str
) -> None:
    """Every five requests; over HTTP/2 with a GOAWAY that not every client survives."""
    document = source(nginx["urls"][port], "/cursor/", connections={"ca_file": nginx["authority"]})
    document["streams"]["records"]["query"] = {"page_size": "100"}
    count, checksum, told = walked(document)
    assert (count, checksum) == (drf["count"], drf["sha256_as_sent"])
    assert len(told) == 25


def test_unknown_authority_and_wrong_host_are_refused(nginx: dict[str, Any]) -> None:
    with pytest.raises(penstock.TLSError):
        walked(source(nginx["urls"]["h2"], "/cursor/"))
    with pytest.raises(penstock.TLSError):
        walked(
            source(
                nginx["urls"]["wrong_host"], "/cursor/", connections={"ca_file": nginx["authority"]}
            )
        )


def test_client_certificate(nginx: dict[str, Any], drf: dict[str, Any]) -> None:
    url = nginx["urls"]["client_certificate"]
    connections = {"ca_file": nginx["authority"]}
    with pytest.raises(penstock.PenstockError):
        walked(source(url, "/cursor/", connections=connections))
    connections |= {
        "client_certificate_file": nginx["client_certificate"],
        "client_key_file": nginx["client_key"],
    }
    assert walked(source(url, "/cursor/", connections=connections))[0] == drf["count"]


def test_limits_of_nginx_are_kept(nginx: dict[str, Any], drf: dict[str, Any]) -> None:
    """10 requests a second, bursts of 5: with the same limit here nginx refuses nothing."""
    document = source(
        nginx["urls"]["limit_req"],
        "/cursor/",
        connections={"ca_file": nginx["authority"]},
        limits=[{"requests": 10, "per": "1s", "burst": 5}],
    )
    document["streams"]["records"]["query"] = {"page_size": "100"}
    count, _, told = walked(document)
    assert count == drf["count"]
    assert [page["attempts"] for page in told] == [1] * len(told)


def test_all_flights_of_datasette(tmp_path: Path) -> None:
    """336,776 rows that somebody else's database holds, through the command of a job."""
    with launch("flights") as flights:
        document = source(
            flights["url"],
            "/flights/flights.json",
            query={"_shape": "objects", "_nocount": "1", "_nofacet": "1"},
            stream={
                "records": "rows",
                "key": "id",
                "pagination": {
                    "type": "cursor",
                    "param": "_next",
                    "from": "next",
                    "size": {"param": "_size", "value": 5000},
                },
            },
        )
        report = penstock.pull(document, directory=str(tmp_path))
    assert report["records"].records == 336_776
    truth = json.loads(
        subprocess.run(
            [sys.executable, str(TESTS / "real_servers"), "flights", "truth", "flights"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    digest = hashlib.sha256((tmp_path / "records.jsonl").read_bytes()).hexdigest()
    assert digest == truth["sha256_as_sent"]
