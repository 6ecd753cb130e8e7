"""Servers that mean harm: each thing that one can do is refused or bounded, and says so.

`LESSONS` has what others learnt the hard way, and where it is tested here.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import penstock
import pytest
from hostile import CAPS, KEY, Raw, answered, ask, failed, source, walk

from namespaces import in_a_namespace

TESTS = Path(__file__).resolve().parents[1]
# What happened to others, and the tests that it does not happen here: in this file, or in another.
LESSONS = {
    "credential headers follow redirects: curl CVE-2018-1000007, follow-redirects CVE-2026-40895": [
        "test_redirects_carry_nothing_to_strangers",
        "RedirectTests.swift listedOriginsAreVisitedAsAStranger",
    ],
    "credentials come back later in the chain: Go CVE-2024-45336": [
        "test_credentials_do_not_come_back_later_in_the_chain"
    ],
    "the same host on another port or scheme: curl CVE-2022-27774": [
        "test_redirects_carry_nothing_to_strangers",
        "test_addresses_in_disguise_are_no_way_out",
    ],
    "from https to http: requests CVE-2018-18074": ["test_nothing_leads_from_https_to_http"],
    ".netrc: curl CVE-2024-11053": ["TransportConductTests.swift netrcIsNotRead"],
    "bearer tokens over other protocols: curl CVE-2022-22576": [
        "test_places_that_no_redirect_leads_to",
        "test_addresses_in_disguise_are_no_way_out",
    ],
    "connections mix identities: curl CVE-2022-27782": ["test_clients_share_no_connection"],
    "digest state, negotiation: curl CVE-2026-11856": ["test_challenges_are_not_answered"],
    "proxies of the environment, httpoxy: CVE-2016-5385": [
        "TransportConductTests.swift theEnvironmentsProxyIsNotUsed"
    ],
    "requests forged by next links: axios CVE-2024-39338": [
        "test_next_links_stay_at_home",
        "test_names_that_lead_to_loopback_are_seen_through",
        "test_a_public_document_is_not_led_to_private_addresses",
        "test_block_private.py test_private_addresses_are_not_connected_to",
    ],
    "line breaks in headers and URLs: urllib3 CVE-2019-11236": [
        "test_what_a_server_says_begins_no_line_of_ours",
        "test_line_breaks_from_the_host_are_refused",
    ],
    "decompression bombs: urllib3 CVE-2025-66418": [
        "test_floods_are_bounded",
        "TransportLimitTests.swift aZstandardBombIsRefused",
    ],
    "header floods: curl CVE-2023-38039": ["test_floods_are_bounded"],
    "cookies: curl CVE-2022-35252": ["test_cookies_are_not_kept"],
    "TLS that is not checked: requests CVE-2024-35195": [
        "TransportTLSTests.swift aCertificateForAnotherNameIsRefused",
        "test_real_servers.py test_unknown_authority_and_wrong_host_are_refused",
    ],
    "HSTS, which is not relied on: curl CVE-2022-30115": ["test_nothing_leads_from_https_to_http"],
    "secrets in logs: go-retryablehttp CVE-2024-6104": [
        "test_canaries.py test_behind_a_server_that_repeats_what_it_is_sent",
        "test_canaries.py test_through_every_fault",
        "CanaryTests.swift noCanaryLeavesItsOriginOrIsSaid",
    ],
    "JSON that is too deep or too large: jansson CVE-2016-4425": ["test_floods_are_bounded"],
    "Link headers that take for ever: parse-link-header CVE-2021-23490": [
        "test_a_link_header_of_pathological_form_takes_no_time",
        "LinkHeaderTests.swift isLinear",
    ],
    "absurd waits: Sentry's Rust SDK": ["test_absurd_waits_have_an_end"],
    "token answers: RFC 6749": [
        "test_token_answers_with_line_breaks",
        "test_a_token_endpoint_is_not_followed",
        "test_token_store.py test_four_processes_of_64_threads_renew_an_expired_token_once",
    ],
    "files that others can read: curl CVE-2023-46219": [
        "test_token_store.py test_what_stands_in_the_file_and_who_can_read_it"
    ],
    "a POST that is sent again by itself: libcurl": [
        "test_a_post_arrives_once_where_reused_connections_die",
        "TransportConnectionTests.swift aFreshConnectionSendsExactlyOnce",
    ],
}


def test_every_lesson_has_its_tests() -> None:
    for lesson, tests in LESSONS.items():
        for test in tests:
            *file, name = test.split()
            places = [found for found in TESTS.rglob(file[0])] if file else [Path(__file__)]
            assert any(f" {name}(" in found.read_text() for found in places), (lesson, test)


@pytest.fixture(scope="module")
def practice_options() -> list[str]:
    return ["--tls"]


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_OWN", "canary-own-5")


# ------------------------------------------------------------------------------ redirects


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["other", "localhost"])
def test_redirects_carry_nothing_to_strangers(practice: dict[str, Any], code: int, to: str) -> None:
    ask(practice, "/_reset")
    path = f"/redirect/{code}:{to}/single/users:3"
    refused = failed(source(practice["http"], path))
    assert isinstance(refused, penstock.DataError) and "another origin" in str(refused)
    assert ask(practice, "/_canary") == []
    # Allowed, it is followed as a stranger would.
    port = practice["http"].rsplit(":", 1)[1]
    origin = practice["other"] if to == "other" else f"http://localhost:{port}"
    assert len(walk(source(practice["http"], path, other_origins=[origin]))) == 3
    seen = json.dumps(ask(practice, "/_canary"))
    assert "canary-" not in seen and "api_key" not in seen
    if to == "other":
        assert ask(practice, "/_canary") != []


def test_same_origin_redirects_keep_the_credentials(practice: dict[str, Any]) -> None:
    path = f"/redirect/302:chain:3/auth/header:X-API-Key:{KEY}/single/users:3"
    assert len(walk(source(practice["http"], path))) == 3


@pytest.mark.parametrize(
    ("to", "error", "told"),
    [
        ("loop", penstock.LimitError, "more than 5 redirects"),
        ("pingpong", penstock.LimitError, "more than 5 redirects"),
        ("chain:6", penstock.LimitError, "more than 5 redirects"),
        ("file", penstock.DataError, "can't be followed"),
        ("userinfo", penstock.DataError, "user information"),
        ("bad", penstock.DataError, "can't be followed"),
        ("missing", penstock.HTTPStatusError, "302"),
    ],
)
def test_places_that_no_redirect_leads_to(
    practice: dict[str, Any], to: str, error: type[Exception], told: str
) -> None:
    refused = failed(source(practice["http"], f"/redirect/302:{to}/single/users:3"))
    assert isinstance(refused, error) and told in str(refused)


@pytest.mark.parametrize(
    "place",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1/x",
        "javascript:alert(1)",
        "data:application/json,[]",
        "//127.0.0.1:1@127.0.0.1/",
        "http://127.0.0.1:PORT@evil.example/",
        "http://evil.example\\@127.0.0.1:PORT/",
        "http://127.0.0.1%2eevil.example/",
        "http://127.0.0.1:PORT.evil.example/",
        "http://[::ffff:127.0.0.1]:PORT/x",
        "http://[::1]:PORT/x",
        "http://2130706433:PORT/x",
        "http://0x7f.1:PORT/x",
        "http://0177.0.0.1:PORT/x",
        "http://127.1:PORT/x",
        "http://１２７.0.0.1:PORT/x",
        "http://localhoſt:PORT/x",
        "http://LOCALHOST.:PORT/x",
        "https://127.0.0.1:PORT/x",
        "/\\evil.example/x",
        "///evil.example/x",
        "http:evil.example",
    ],
)
@pytest.mark.parametrize("how", ["redirect", "link", "body"])
def test_addresses_in_disguise_are_no_way_out(place: str, how: str) -> None:
    """No other host, and no other spelling of this one, gets the credentials."""

    def answer(head: bytes) -> bytes:
        to = place.replace("PORT", str(server.port))
        if b"GET /start" not in head:
            return answered(b"[]")
        if how == "redirect":
            return answered(b"", f"Location: {to}".encode().decode("latin-1"), status="302 Found")
        if how == "link":
            return answered(b"[1]", f'Link: <{to}>; rel="next"'.encode().decode("latin-1"))
        return answered(json.dumps({"data": [1], "next": to}).encode())

    with Raw(answer) as server:
        pagination = {"body": {"type": "next_url", "from": "next"}, "link": "link"}.get(how, "none")
        document = source(server.url, "/start")
        document["streams"]["s"]["pagination"] = pagination
        with contextlib.suppress(penstock.PenstockError):
            walk(document)
        for head in server.asked[1:]:
            # A path of this server's own, however odd: nothing has left.
            assert f"Host: 127.0.0.1:{server.port}\r\n".encode() in head, head
            assert b"evil.example" not in head.split(b"\r\n")[1], head


def test_credentials_do_not_come_back_later_in_the_chain(practice: dict[str, Any]) -> None:
    with Raw(lambda head: b"") as home, Raw(lambda head: b"") as stranger:
        home.answer = lambda head: (
            answered(b"", f"Location: {stranger.url}/x", status="302 Found")
            if b"GET /start" in head
            else answered(b"[1]")
        )
        stranger.answer = answered(b"", f"Location: {home.url}/chosen", status="302 Found")
        document = source(home.url, "/start", other_origins=[stranger.url])
        assert walk(document) == [1]
        assert b"canary" in home.asked[0]
        assert b"GET /chosen" in home.asked[1] and b"canary" not in home.asked[1]
        assert b"canary" not in stranger.asked[0]


def test_nothing_leads_from_https_to_http(practice: dict[str, Any]) -> None:
    connections = {"ca_file": practice["ca_file"]}
    for path in ("/redirect/302:http/single/users:3", "/nexturl;host=http/users:300"):
        refused = failed(
            source(
                practice["https"],
                path,
                connections=connections,
                other_origins=[practice["http"], practice["other"]],
            )
        )
        assert "from https to http" in str(refused)
    with pytest.raises(penstock.ConfigError) as caught:
        penstock.Client(
            {
                "base_url": practice["https"],
                "auth": {
                    "type": "oauth2_client_credentials",
                    "token_url": practice["http"] + "/oauth/token",
                    "client_id": "c",
                },
            }
        )
    assert "over http, readable on the way" in str(caught.value)


@pytest.mark.parametrize("style", ["nexturl", "link"])
def test_next_links_stay_at_home(practice: dict[str, Any], style: str) -> None:
    ask(practice, "/_reset")
    for host in ("other", "localhost"):
        refused = failed(source(practice["http"], f"/{style};host={host}/users:300"))
        assert "another origin" in str(refused)
    assert ask(practice, "/_canary") == []
    allowed = source(
        practice["http"], f"/{style};host=other/users:300", other_origins=[practice["other"]]
    )
    walk(allowed)
    seen = ask(practice, "/_canary")
    assert seen and "canary-" not in json.dumps(seen)
    # At home all is as ever.
    guarded = f"/auth/header:X-API-Key:{KEY}/{style}/users:300"
    assert len(walk(source(practice["http"], guarded))) == 300


# ------------------------------------------------------------------------------ floods


def resident(kind: str) -> int:
    """KiB of this process: now (`VmRSS`), or the most since the last reset (`VmHWM`)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind))


@contextlib.contextmanager
def little_memory() -> Iterator[None]:
    """What happens in here takes little beyond the cap of 8 MiB."""
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    yield
    assert resident("VmHWM") - before < 40 << 10


@pytest.mark.parametrize(
    ("fault", "error", "told"),
    [
        ("headers:1000", penstock.LimitError, "header"),
        ("big-header:200000", penstock.LimitError, "header"),
        ("endless", penstock.LimitError, "8"),
        ("endless-chunks", penstock.LimitError, "8"),
        ("endless-head", penstock.LimitError, "header"),
        ("endless-interim", penstock.PenstockError, ""),
        ("slow:300ms", penstock.Timeout, ""),
        ("stall", penstock.Timeout, ""),
        ("stall-head", penstock.Timeout, ""),
        ("stall-body", penstock.Timeout, ""),
        ("nested:100000", penstock.LimitError, "nest"),
        ("html", penstock.DataError, ""),
        ("html-as-json", penstock.DataError, ""),
        ("garbage", penstock.DataError, ""),
        ("gzip-twice", penstock.PenstockError, ""),
        ("not-http", penstock.NetworkError, ""),
        ("bad-status", penstock.NetworkError, ""),
        ("chunked;end=bad", penstock.NetworkError, ""),
        ("chunked;end=missing", penstock.NetworkError, ""),
        ("wrong-length:5", penstock.PenstockError, ""),
    ],
)
def test_floods_are_bounded(
    practice: dict[str, Any], fault: str, error: type[Exception], told: str
) -> None:
    with little_memory():
        began = time.monotonic()
        refused = failed(source(practice["http"], f"/fault/{fault}/single/users:50"))
        assert isinstance(refused, error) and told in str(refused)
        assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("caps", "told"),
    [
        # Which cap a bomb meets first depends on how its bytes come in; so each one alone.
        ({"max_ratio": 1_000_000}, "8388608"),
        ({"max_body_bytes": "1GiB"}, "200 times its size"),
    ],
)
def test_a_bomb_is_refused_while_it_unpacks(
    practice: dict[str, Any], caps: dict[str, Any], told: str
) -> None:
    document = source(practice["http"], "/fault/bomb:64/single/users:50", caps={**CAPS, **caps})
    with little_memory():
        refused = failed(document)
        assert isinstance(refused, penstock.LimitError) and told in str(refused)


def test_absurd_waits_have_an_end(practice: dict[str, Any]) -> None:
    for wait in ("86400", "31000000", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"):
        with Raw(answered(b"{}", f"Retry-After: {wait}", status="429 Too Many")) as server:
            document = source(server.url, "/s")
            # More than a year is taken for no word at all, and the document's own backoff holds.
            document["retry"] = {"attempts": 2, "base": "10ms", "cap": "10ms"}
            refused = failed(document)
            assert isinstance(refused, penstock.RateLimited)
            assert len(server.asked) == (1 if len(wait) < 10 else 2)


def test_a_link_header_of_pathological_form_takes_no_time() -> None:
    evil = "<" * 20000 + "; " * 10000
    with Raw(answered(b"[1]", "Link: " + evil)) as server:
        document = source(server.url, "/s")
        document["streams"]["s"]["pagination"] = "link"
        began = time.monotonic()
        assert walk(document) == [1]
        assert time.monotonic() - began < 30


# ------------------------------------------------------------------------------ what is said


@pytest.mark.parametrize("where", ["query", "header", "path", "json"])
def test_what_a_server_says_begins_no_line_of_ours(where: str) -> None:
    evil = "a\r\nX-Injected: 1\r\n\r\nGET /injected HTTP/1.1\r\nHost: x\r\n\r\n"
    body = json.dumps({"data": [1], "next": evil}).encode()
    with Raw(answered(body)) as server:
        stream: dict[str, Any] = {"path": "/s", "records": "data", "max_pages": 3}
        slot: dict[str, Any] = {"in": where, "name": "cursor"}
        if where == "path":
            stream["path"] = "/s/{cursor}"
            slot = {"in": "path", "name": "cursor"}
        if where == "json":
            stream["method"] = "POST"
            stream["json"] = {}
        stream["pagination"] = {"type": "cursor", "slot": slot, "from": "next"}
        document = source(server.url, "/s")
        document["streams"]["s"] = stream
        try:
            api = penstock.Client(document)
        except penstock.ConfigError as refused:
            assert where == "path", refused
            return
        with api, contextlib.suppress(penstock.DataError):
            list(api.records("s"))
        for head in server.asked:
            assert b"\nX-Injected" not in head and b"\nGET /injected" not in head


def test_line_breaks_from_the_host_are_refused(practice: dict[str, Any]) -> None:
    with penstock.Client(source(practice["http"], "/x")) as api:
        for given in (
            {"headers": {"X-A": "a\r\nX-B: 1"}},
            {"headers": {"X-A\r\nX-B": "1"}},
        ):
            with pytest.raises(penstock.ConfigError):
                api.request("GET", "/single/users:1", **given)  # type: ignore[arg-type]
        with pytest.raises(penstock.PenstockError):
            api.request("GET", "/a\r\nX-B: 1")
        with pytest.raises(penstock.PenstockError):
            api.request("GET\r\nX-B: 1", "/")
    evil = {"X-Own": {"param": "own"}}
    with pytest.raises(penstock.PenstockError):
        penstock.Client(source(practice["http"], "/x", headers=evil), params={"own": "a\r\nX-B: 1"})


def test_cookies_are_not_kept(practice: dict[str, Any]) -> None:
    cookies = ["Set-Cookie: evil=1; Path=/", "Set-Cookie: evil2=2; Domain=127.0.0.1"]
    with Raw(answered(b"[1]", *cookies)) as server:
        document = source(server.url, "/s")
        del document["headers"]["Cookie"]
        with penstock.Client(document) as api:
            for _ in range(3):
                list(api.records("s"))
        assert len(server.asked) == 3
        assert not any(b"cookie" in head.lower() for head in server.asked)


def test_challenges_are_not_answered() -> None:
    challenges = [
        'WWW-Authenticate: Digest realm="r", nonce="n"',
        "WWW-Authenticate: Negotiate",
        "WWW-Authenticate: NTLM",
        "Proxy-Authenticate: Basic",
    ]
    for status in ("401 Unauthorized", "407 Proxy Authentication Required"):
        with Raw(answered(b"{}", *challenges, status=status)) as server:
            refused = failed(source(server.url, "/s"))
            assert refused.http_status == int(status[:3]) and len(server.asked) == 1


def test_an_answer_that_repeats_all_it_was_sent_shows_no_secret() -> None:
    with Raw(lambda head: answered(head, status="400 Bad")) as server:
        failed(source(server.url, "/s"))
        assert b"canary" in server.asked[0]


def test_clients_share_no_connection(practice: dict[str, Any]) -> None:
    with Raw(answered(b"[1]")) as server:
        first = source(server.url, "/s")
        second = source(server.url, "/s", auth={"type": "bearer", "token": "canary-second"})
        with penstock.Client(first) as one:
            list(one.records("s"))
            with penstock.Client(second) as two:
                list(two.records("s"))
            list(one.records("s"))
        assert [KEY.encode() in head for head in server.asked] == [True, False, True]
        assert [b"canary-second" in head for head in server.asked] == [False, True, False]


# ------------------------------------------------------------------------------ tokens


@pytest.mark.parametrize(
    "answer",
    [
        {"access_token": "canary\r\nX-Injected: 1"},
        {"access_token": "canary\nb"},
        {"access_token": "canary\0b"},
        {"access_token": "t", "token_type": "Bearer\r\nX-Injected: 1"},
        {"access_token": "t", "token_type": "mac"},
        {"access_token": ""},
        {"access_token": {"a": 1}},
        {"error": "server\r\nX-Injected: 1", "error_description": "canary-secret\r\nand more"},
        ["canary"],
        "canary",
    ],
)
def test_token_answers_with_line_breaks(answer: Any) -> None:
    def says(head: bytes) -> bytes:
        return answered(json.dumps(answer).encode() if b"/token" in head else b"[1]")

    with Raw(says) as server:
        document = source(server.url, "/s")
        document["auth"] = {
            "type": "oauth2_client_credentials",
            "token_url": "/token",
            "client_id": "c",
            "client_secret": "canary-secret",
        }
        document["headers"] = {}
        with penstock.Client(document) as api:
            try:
                list(api.records("s"))
            except penstock.AuthError as refused:
                assert "\n" not in str(refused) and "canary-secret" not in str(refused)
        for head in server.asked:
            assert b"\nX-Injected" not in head


def test_a_token_endpoint_is_not_followed() -> None:
    with Raw(answered(b'{"access_token": "t"}')) as stranger:
        for status in (301, 302, 303, 307, 308):
            moved = answered(b"", f"Location: {stranger.url}/token", status=f"{status} Moved")
            with Raw(moved) as server:
                document = source(server.url, "/s", other_origins=[stranger.url])
                document["auth"] = {
                    "type": "oauth2_client_credentials",
                    "token_url": "/token",
                    "client_id": "c",
                    "client_secret": "canary-secret",
                }
                refused = failed(document)
                assert isinstance(refused, penstock.AuthError) and "redirect" in str(refused)
        assert stranger.asked == []


# ------------------------------------------------------------------------------ addresses


@pytest.mark.parametrize("host", ["localhost", "four.test", "six.test", "mapped.test"])
def test_names_that_lead_to_loopback_are_seen_through(host: str, tmp_path: Path) -> None:
    """`block_private` looks at the address that is connected to, whatever its name."""
    names = tmp_path / "hosts"
    names.write_text(
        "127.0.0.1 localhost\n127.7.7.7 four.test\n::1 six.test\n::ffff:127.0.0.1 mapped.test\n"
    )
    document = source(f"http://{host}:9", "/s", connections={"block_private": True})
    code = f"import penstock; list(penstock.Client({document!r}).records('s'))"
    done = in_a_namespace(f"mount --bind {names} /etc/hosts", code)
    assert done.returncode != 0
    assert "ConfigError" in done.stderr and "block_private" in done.stderr, done.stderr
    assert "canary" not in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("how", ["redirect", "next"])
def test_a_public_document_is_not_led_to_private_addresses(how: str) -> None:
    """Allowed origins are no way around it."""
    with Raw(answered(b"[]")) as inner:
        document = source(
            "http://127.0.0.1:9",
            "/s",
            other_origins=[inner.url],
            connections={"block_private": True},
        )
        document["streams"]["s"]["path"] = inner.url + "/x"
        with (
            penstock.Client(document) as api,
            pytest.raises(penstock.ConfigError) as caught,
        ):
            list(api.records("s"))
        assert "block_private" in str(caught.value) and inner.asked == []


def test_an_allow_list_of_hosts_holds_whatever_parameters_say() -> None:
    document = {
        "base_url": {"param": "base_url"},
        "auth": {"type": "bearer", "token": "canary-token"},
        "hosts": ["api.example.com", "*.example.net"],
    }
    for url in ("https://api.example.com/v1", "https://eu.example.net"):
        penstock.Client(document, params={"base_url": url}).close()
    for url in ("https://evil.example", "http://127.0.0.1:1", "https://api.example.com.evil.test"):
        with pytest.raises(penstock.ConfigError) as caught:
            penstock.Client(document, params={"base_url": url})
        assert "/hosts" in str(caught.value) and "not on the list" in str(caught.value)
    # The program's own list holds besides.
    with pytest.raises(penstock.ConfigError):
        penstock.Client(
            document,
            params={"base_url": "https://api.example.com"},
            options={"hosts": ["*.example.net"]},
        )


# ------------------------------------------------------------------------------ once


@pytest.mark.parametrize("fault", ["close-reuse", "close-reuse:reset"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"retry": {"attempts": 1}},
        {"retry": {"attempts": 10, "base": "1ms"}},
        {"connections": {"http2": False}},
        {"connections": {"idle": 1, "total": 1}},
        {"connections": {"idle": 100}},
        {"limits": [{"concurrent": 1}]},
        {"limits": [{"concurrent": 64}]},
    ],
)
def test_a_post_arrives_once_where_reused_connections_die(
    practice: dict[str, Any], fault: str, settings: dict[str, Any]
) -> None:
    ask(practice, "/_reset")
    name = f"once-{abs(hash(str(settings) + fault))}"
    path = f"/fault/{fault};name={name}/write/{name}"
    document = {"base_url": practice["http"], **settings}
    with penstock.Client(document) as api:
        for number in range(10):
            # Leaves a connection in the pool.
            api.request("GET", "/single/users:1")
            page = api.request("POST", path, json={"n": number})
            assert page.status == 201
    assert ask(practice, "/_stats")["routes"][path] == 10
    assert ask(practice, f"/_writes/{name}")["arrivals"] == 10
