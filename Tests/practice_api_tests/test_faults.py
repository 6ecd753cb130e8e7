"""Each fault, seen from a raw socket or an independent client."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import time
import zlib
from typing import Any

import pytest
import requests

from practice_api_tests.conftest import Server, sha256, slices

USERS = "single/users:40"


def raw(
    server: Server, path: str, seconds: float = 3.0, most: int = 1 << 22, first: float = 20
) -> tuple[bytes, str]:
    """Everything that came, and how it ended: `fin`, `rst`, `silence` or `enough`. Silence is so
    many seconds without a byte; before the first one a busy server has longer."""
    host, port = server.http.removeprefix("http://").split(":")
    got = b""
    with socket.create_connection((host, int(port))) as link:
        link.settimeout(first)
        link.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        while len(got) < most:
            try:
                more = link.recv(1 << 16)
            except TimeoutError:
                return got, "silence"
            except ConnectionResetError:
                return got, "rst"
            if not more:
                return got, "fin"
            got += more
            link.settimeout(seconds)
    return got, "enough"


def parts(whole: bytes) -> tuple[bytes, bytes]:
    head, _, body = whole.partition(b"\r\n\r\n")
    return head, body


@pytest.fixture(scope="module")
def right(server: Server) -> bytes:
    return server.get(f"/{USERS}").content


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 502, 503, 504])
def test_statuses(server: Server, status: int) -> None:
    reply = server.get(f"/fault/{status};ra=7/{USERS}")
    assert (reply.status_code, reply.headers["Retry-After"]) == (status, "7")
    assert "Retry-After" not in server.get(f"/fault/{status}/{USERS}").headers
    assert "html" in server.get(f"/fault/{status};body=html/{USERS}").headers["Content-Type"]


def test_connections_that_end_early(server: Server, right: bytes) -> None:
    assert raw(server, f"/fault/reset/{USERS}") == (b"", "rst")
    assert raw(server, f"/fault/close/{USERS}") == (b"", "fin")
    got, end = raw(server, f"/fault/reset-headers/{USERS}")
    assert end == "rst" and parts(got)[1] == b""
    got, end = raw(server, f"/fault/reset-body/{USERS}")
    assert end == "rst" and parts(got)[1] == right[: len(right) // 2]
    got, end = raw(server, f"/fault/truncated/{USERS}")
    head, body = parts(got)
    assert end == "fin" and body == right[: len(right) // 2]
    assert f"Content-Length: {len(right)}".encode() in head


def test_stalls(server: Server, right: bytes) -> None:
    assert raw(server, f"/fault/stall/{USERS}", first=0.2) == (b"", "silence")
    got, end = raw(server, f"/fault/stall-head/{USERS}", 0.2)
    assert end == "silence" and b"\r\n\r\n" not in got
    got, end = raw(server, f"/fault/stall-body/{USERS}", 0.2)
    assert end == "silence" and len(parts(got)[1]) == len(right) // 2


def test_lengths_that_lie(server: Server, right: bytes) -> None:
    got, _ = raw(server, f"/fault/wrong-length:10/{USERS}", 0.2)
    head, body = parts(got)
    assert b"Content-Length: 10" in head and body == right
    got, _ = raw(server, f"/fault/extra/{USERS}", 0.2)
    head, body = parts(got)
    assert f"Content-Length: {len(right)}".encode() in head and len(body) > len(right)


def test_chunked(server: Server, right: bytes) -> None:
    for end in ("right", "trailers", "extensions"):
        reply = server.get(f"/fault/chunked:100;end={end}/{USERS}")
        assert reply.content == right and reply.headers["Transfer-Encoding"] == "chunked"
    for end in ("missing", "bad"):
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            server.get(f"/fault/chunked;end={end}/{USERS}")


def test_bodies_that_are_not_what_they_say(server: Server, right: bytes) -> None:
    for kind in ("garbage", "html", "html-as-json", "invalid-json", "empty-body", "cut-json"):
        reply = server.get(f"/fault/{kind}/{USERS}")
        assert reply.status_code == 200
        with pytest.raises(ValueError):
            reply.json()
    with pytest.raises(UnicodeDecodeError):
        server.get(f"/fault/bad-utf8/{USERS}").content.decode()
    assert server.get(f"/fault/bom/{USERS}").content == b"\xef\xbb\xbf" + right
    assert server.get(f"/fault/null-body/{USERS}").json() is None
    assert server.get(f"/fault/error200/{USERS}").json()["ok"] is False
    assert "Content-Type" not in server.get(f"/fault/content-type/{USERS}").headers
    plain = server.get(f"/fault/content-type:text_plain/{USERS}")
    assert plain.headers["Content-Type"] == "text/plain"
    nested = server.get("/fault/nested:100000/x/y").content
    assert nested == b"[" * 100_000 + b"]" * 100_000


def test_encodings(server: Server, right: bytes) -> None:
    for kind in ("gzip", "deflate", "gzip-twice"):
        assert server.get(f"/fault/{kind}/{USERS}").content == right
    body = parts(raw(server, f"/fault/deflate-raw/{USERS}", 0.3)[0])[1]
    assert zlib.decompress(body, wbits=-15) == right
    body = parts(raw(server, f"/fault/gzip-cut/{USERS}", 0.3)[0])[1]
    with pytest.raises(EOFError):
        gzip.decompress(body)
    body = parts(raw(server, f"/fault/gzip-bad/{USERS}", 0.3)[0])[1]
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(body)
    with pytest.raises(requests.exceptions.ContentDecodingError):
        server.get(f"/fault/wrong-encoding/{USERS}")
    unknown = server.get(f"/fault/unknown-encoding/{USERS}")
    assert unknown.headers["Content-Encoding"] == "snappy"
    got, _ = raw(server, "/fault/bomb:32/x/y", 0.5)
    body = parts(got)[1]
    assert len(body) < 100_000 and len(gzip.decompress(body)) > 32 << 20


def test_floods(server: Server) -> None:
    got, _ = raw(server, f"/fault/headers:500/{USERS}", 0.3)
    assert parts(got)[0].count(b"\r\nX-Flood-") == 500
    got, _ = raw(server, f"/fault/big-header:200000/{USERS}", 0.3)
    assert b"x" * 200_000 in parts(got)[0]
    for kind in ("endless", "endless-chunks", "endless-head", "endless-interim"):
        got, end = raw(server, f"/fault/{kind}/x/y", 5, 8 << 20)
        assert end == "enough" and got.startswith(b"HTTP/1.1 "), kind
    reply = server.get(f"/fault/cookies:4/{USERS}")
    assert len(reply.raw.headers.getlist("Set-Cookie")) == 4
    server.session.cookies.clear()


def test_old_and_odd_http(server: Server, right: bytes) -> None:
    got, end = raw(server, f"/fault/http10/{USERS}")
    assert got.startswith(b"HTTP/1.0 200") and end == "fin"
    got, end = raw(server, f"/fault/until-close/{USERS}")
    head, body = parts(got)
    assert end == "fin" and body == right and b"Content-Length" not in head
    got, end = raw(server, f"/fault/204/{USERS}", 0.2)
    assert got.startswith(b"HTTP/1.1 204") and parts(got)[1] == b"" and end == "silence"
    assert raw(server, f"/fault/not-http/{USERS}")[0].startswith(b"SSH-2.0")
    assert b"abc Huh" in raw(server, f"/fault/bad-status/{USERS}")[0]
    got, _ = raw(server, f"/fault/interim:3/{USERS}", 0.3)
    assert got.count(b"HTTP/1.1 103 ") == 3 and got.endswith(right)
    assert raw(server, f"/fault/connection-close/{USERS}")[1] == "fin"
    got, end = raw(server, f"/fault/silent-close:reset/{USERS}")
    assert end == "rst" and b"onnection: close" not in got and parts(got)[1] == right


def test_slow_bytes(server: Server) -> None:
    began = time.monotonic()
    reply = server.get("/fault/slow:2ms;size=20/single/users:2")
    assert len(reply.json()) == 2
    assert time.monotonic() - began > len(reply.content) / 20 * 0.002


def test_connection_dies_on_reuse(server: Server) -> None:
    """A raw client, because requests and curl would quietly try again."""
    for kind, end in (("close-reuse", b""), ("close-reuse:reset", None)):
        path = f"/fault/{kind};name=r{end!r}/write/reuse-{kind[-5:]}"
        host, port = server.http.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as link:
            ask = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}".encode()
            link.sendall(ask)
            assert b" 201 " in link.recv(65536)
            link.sendall(ask)
            if end is None:
                with pytest.raises(ConnectionResetError):
                    link.recv(65536)
            else:
                assert link.recv(65536) == end
        assert server.ask("/_stats")["routes"][path] == 2, "both arrived"
        assert server.ask(f"/_writes/reuse-{kind[-5:]}")["arrivals"] == 1


def test_lost_answers(server: Server) -> None:
    """`;after`: the write is done and its answer lost; without, nothing happens."""
    for option, done in (("", 0), (";after", 1)):
        path = f"{server.http}/fault/reset{option}/write/lost{done}"
        with pytest.raises(requests.ConnectionError):
            requests.post(path, json={"a": 1}, timeout=5)
        assert server.ask(f"/_writes/lost{done}")["created"] == done


def statuses(server: Server, spec: str, count: int, path: str = USERS) -> list[int]:
    return [server.get(f"/fault/{spec}/{path}").status_code for _ in range(count)]


def test_schedules(server: Server) -> None:
    assert statuses(server, "fail:2:503", 4) == [503, 503, 200, 200]
    # Each URL has attempts of its own, unless the spec counts them together.
    assert statuses(server, "fail:2:503", 3, "single/users:41") == [503, 503, 200]
    assert statuses(server, "fail:1:500;per=spec;name=p", 2) == [500, 200]
    assert statuses(server, "fail:1:500;per=spec;name=p", 1, "single/users:42") == [200]
    assert statuses(server, "nth:3:502", 7) == [200, 200, 502] * 2 + [200]
    assert statuses(server, "on:2,4:500", 5) == [200, 500, 200, 500, 200]
    assert statuses(server, "seq:503,ok,429;again", 6) == [503, 200, 429] * 2
    assert statuses(server, "seq:500,200", 3) == [500, 200, 200]
    assert server.ask("/_stats")["faults"]["nth:3:502"] == {
        "requests": 7, "fired": {"502": 2}, "total": 2,
    }  # fmt: skip


def test_random_faults_follow_the_seed(server: Server) -> None:
    one = statuses(server, "rate:0.3:500;seed=5;name=a", 200)
    assert one == statuses(server, "rate:0.3:500;seed=5;name=b", 200)
    assert one != statuses(server, "rate:0.3:500;seed=6;name=c", 200)
    assert 30 < one.count(500) < 90


def test_layers_compose(server: Server) -> None:
    path = "/fault/fail:1:503/limit/sliding:3:1h;name=comp/auth/bearer:t/fault/gzip/cursor/users:9"
    headers = {"Authorization": "Bearer t"}
    got = [server.get(path, headers=headers) for _ in range(5)]
    # The outer fault answered before the limit saw anything.
    assert [reply.status_code for reply in got] == [503, 200, 200, 200, 429]
    assert sha256(slices(got[1].content, "data")) == server.truth("users:9")["sha256"]
    assert got[1].headers["Content-Encoding"] == "gzip"


def test_unknown_names_are_refused(server: Server) -> None:
    for path in ("/fault/nonsense/single/users", "/nothing", "/single/nobody", "/fault/503",
                 "/single/users:x", "/redirect/302:nowhere/canary", "/auth/magic/single/users",
                 "/delay/soon/single/users", "/offset/users?limit=-1"):  # fmt: skip
        assert server.get(path).status_code in (400, 404), path


def test_requests_the_parser_must_get_right(server: Server) -> None:
    host, port = server.http.removeprefix("http://").split(":")

    def talk(*pieces: bytes) -> bytes:
        with socket.create_connection((host, int(port))) as link:
            link.settimeout(0.5)
            for piece in pieces:
                link.sendall(piece)
                time.sleep(0.02)
            got = b""
            try:
                while more := link.recv(65536):
                    got += more
            except TimeoutError:
                pass
            return got

    page = b"GET /single/users:1 HTTP/1.1\r\nHost: x\r\n\r\n"
    assert talk(page * 5).count(b"HTTP/1.1 200 OK") == 5, "pipelined"
    assert talk(*(page[at : at + 1] for at in range(10)), page[10:]).count(b" 200 OK") == 1
    chunked = (
        b"POST /write/parser HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'4\r\n{"a"\r\n3;x=y\r\n:1}\r\n0\r\n\r\n'
    )
    assert b'"body":{"a":1}' in talk(chunked[:70], chunked[70:])
    expect = b"POST /write/parser HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2"
    got = talk(expect + b"\r\n\r\n", b"{}")
    assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 ")
    head = talk(b"HEAD /single/users:1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b"Content-Length: 3" in head and head.endswith(b"\r\n\r\n")
    assert b" 400 " in talk(b"NONSENSE\r\n\r\n")


def test_sixty_four_connections_and_speed(server: Server) -> None:
    host, port = server.http.removeprefix("http://").split(":")
    ask = f"GET /offset/users:1000?limit=100 HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
    links = [socket.create_connection((host, int(port))) for _ in range(100)]
    try:
        for link in links:
            link.sendall(ask)
        for link in links:
            assert link.recv(65536).startswith(b"HTTP/1.1 200")
    finally:
        for link in links:
            link.close()
    with socket.create_connection((host, int(port))) as link:
        size, began = 0, time.monotonic()
        for _ in range(300):
            link.sendall(ask)
            got = link.recv(1 << 20)
            length = int(got.split(b"Content-Length: ")[1].split(b"\r\n")[0])
            size = got.find(b"\r\n\r\n") + 4 + length
            while len(got) < size:
                got += link.recv(1 << 20)
        took = (time.monotonic() - began) / 300
    # A tenth of the speed of two quiet cores will do.
    assert took < 0.02, f"{took * 1e6:.0f} us a page of {size} bytes"


def test_tls(server: Server) -> None:
    ready: dict[str, Any] = server.ready
    ca = ready["ca_file"]

    def get(name: str, **more: Any) -> int:
        return requests.get(f"{ready[name]}/single/users:1", timeout=5, **more).status_code

    assert get("https", verify=ca) == get("https_other", verify=ca) == 200
    assert get("https_tls12", verify=ca) == 200
    for name in ("https_wrong_host", "https_untrusted"):
        with pytest.raises(requests.exceptions.SSLError):
            get(name, verify=ca)
    with pytest.raises(requests.exceptions.ConnectionError):
        get("https_mutual", verify=ca)
    assert get("https_mutual", verify=ca, cert=(ready["client_cert"], ready["client_key"])) == 200
    context = ssl.create_default_context(cafile=ca)
    context.check_hostname = False  # then only the name was wrong
    host, port = ready["https_wrong_host"].removeprefix("https://").split(":")
    with socket.create_connection((host, int(port))) as link, context.wrap_socket(link) as tls:
        tls.sendall(b"GET /single/users:1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert tls.recv(100).startswith(b"HTTP/1.1 200")
    assert json.loads(requests.get(ready["https"] + "/_ready", verify=ca, timeout=5).text) == ready
