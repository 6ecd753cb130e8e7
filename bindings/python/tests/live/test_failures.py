"""Each kind of failure is an exception of its own kind, with what is known about it."""

from __future__ import annotations

import json
import pickle
import socket
from pathlib import Path
from typing import Any

import pytest

import penstock

from .conftest import Practice


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ("{}", "base_url"),
        ('{"base_url": "http://127.0.0.1",\n  "streams": {,}}', "line 2"),
        ('{"base_url": 5}', "/base_url"),
        ('{"base_url": "http://127.0.0.1", "bse": 1}', "/bse"),
        ('{"base_url": "http://127.0.0.1", "limits": "ten"}', "/limits"),
        ('{"base_url": "http://127.0.0.1", "streams": {"a": {"path": 7}}}', "/streams/a/path"),
    ],
)
def test_a_wrong_document_is_told_by_its_place(document: str, place: str, tmp_path: Path) -> None:
    with pytest.raises(penstock.ConfigError) as caught:
        penstock.Client(document)
    assert place in str(caught.value)
    assert "\n" not in str(caught.value)
    path = tmp_path / "source.json"
    path.write_text(document)
    for use in (lambda: penstock.Client(path), lambda: penstock.pull(path, tmp_path / "out")):
        with pytest.raises(penstock.ConfigError) as caught:
            use()
        assert str(caught.value).startswith(f"{path}: ")
        assert place in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_options_are_checked(client: penstock.Client) -> None:
    for wrong in (
        lambda: client.pages("/x", max_pages=0),
        lambda: client.pages("/x", pages=1),
        lambda: client.pages("none"),
        lambda: client.get("/x", qery={}),
        lambda: penstock.Limiter("ten"),
    ):
        with pytest.raises(penstock.ConfigError):
            wrong()


def test_a_missing_secret_is_told_at_once(practice: Practice) -> None:
    auth = {"type": "bearer", "token": {"env": "PENSTOCK_NO_SUCH_VARIABLE"}}
    with pytest.raises(penstock.AuthError, match="PENSTOCK_NO_SUCH_VARIABLE"):
        penstock.Client(practice.source(auth=auth))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/fault/404/single/users", penstock.HTTPStatusError),
        ("/fault/500/single/users", penstock.HTTPStatusError),
        ("/auth/bearer:right/single/users", penstock.AuthError),
        ("/fault/reset/single/users", penstock.NetworkError),
        ("/fault/close/single/users", penstock.NetworkError),
        ("/fault/truncated/single/users", penstock.NetworkError),
        ("/fault/not-http/single/users", penstock.NetworkError),
        ("/fault/429;ra=86400/single/users", penstock.RateLimited),
        ("/fault/html/single/users", penstock.DataError),
        ("/fault/cut-json/single/users", penstock.DataError),
        ("/fault/bad-utf8/single/users", penstock.DataError),
        ("/cursor;loop=same/users", penstock.DataError),
    ],
)
def test_each_failure_is_its_own_exception(
    client: penstock.Client, path: str, kind: type[penstock.PenstockError]
) -> None:
    with pytest.raises(penstock.PenstockError) as caught:
        list(client.pages(path))
    error = caught.value
    assert type(error) is kind, error
    assert error.message
    assert "\n" not in error.message
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (kind, str(error), vars(error))
    if kind is not penstock.DataError:
        assert error.attempts == 1


def test_an_http_error_says_what_a_support_desk_asks(client: penstock.Client) -> None:
    with pytest.raises(penstock.HTTPStatusError) as caught:
        client.get("/fault/404/single/users", query={"token": "s3cr3t"})
    error = caught.value
    assert error.http_status == 404
    assert error.url is not None
    assert "/single/users" in error.url
    assert "s3cr3t" not in json.dumps(dict(error.detail)) + repr(error) + str(vars(error))
    page = client.get("/fault/404/single/users", accept_status=[404])
    assert page.status == 404


def test_a_wait_that_is_too_long_is_told(client: penstock.Client) -> None:
    with pytest.raises(penstock.RateLimited) as caught:
        client.get("/fault/429;ra=86400/single/users")
    assert (caught.value.http_status, caught.value.retry_after) == (429, 86400.0)


def test_nobody_listens(practice: Practice) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        # Kept, so that nobody else gets it and listens.
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        with penstock.Client(practice.source(base_url=url)) as client:
            with pytest.raises(penstock.NetworkError) as caught:
                client.get("/")
            assert isinstance(caught.value, ConnectionError)


def test_tls_is_checked(practice: Practice) -> None:
    trusted = {"connections": {"ca_file": practice.ready["ca_file"]}}
    good = practice.source(base_url=practice.ready["https"], **trusted)
    with penstock.Client(good) as client:
        assert client.get("/single/users:1").status == 200
    for name in ("https_untrusted", "https_wrong_host"):
        bad = practice.source(base_url=practice.ready[name], **trusted)
        with penstock.Client(bad) as client, pytest.raises(penstock.TLSError):
            client.get("/single/users:1")


def test_time_limits_have_their_own_words(practice: Practice) -> None:
    slow = practice.source(timeouts={"first_byte": "200ms"})
    with penstock.Client(slow) as client, pytest.raises(penstock.Timeout) as caught:
        client.get("/fault/stall/single/users:1")
    assert caught.value.status is penstock.Status.ERROR_TIMEOUT


def test_a_cap_ends_a_body_that_is_too_large(practice: Practice) -> None:
    capped = practice.source(caps={"max_body_bytes": 1000})
    with penstock.Client(capped) as client, pytest.raises(penstock.LimitError):
        client.get("/single/users:100")


def test_pages_before_the_failure_are_given(practice: Practice, client: penstock.Client) -> None:
    spec = f"503;on=3;name={practice.name()}"
    pages = client.pages(
        {"path": f"/fault/{spec}/page/users:500", "pagination": {"type": "page", "size": 100}}
    )
    assert [next(pages).index, next(pages).index] == [0, 1]
    with pytest.raises(penstock.HTTPStatusError) as caught:
        next(pages)
    assert caught.value.page == 2
    with pytest.raises(penstock.HTTPStatusError):
        next(pages)


def test_a_directory_that_cannot_be_made(practice: Practice, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    source: dict[str, Any] = practice.source(streams={"users": "/single/users:1"})
    with pytest.raises(penstock.StorageError) as caught:
        penstock.pull(source, tmp_path / "file" / "out")
    assert isinstance(caught.value, OSError)
