"""Secrets are in nothing that comes out: canaries stand in every place that a secret can stand in,
and everything that people or programs see is searched for them, through every fault of the practice
API and behind a server that repeats what it was sent in every form that it knows."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import pickle
import threading
import traceback
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import penstock
import pytest
from penstock.cli import main

TESTS = Path(__file__).resolve().parents[1]
# Letters that every encoding changes.
CANARIES = {
    "BEARER": "canary/bearer+1==",
    "HEADER": "canary-header&2",
    "QUERY": "canary query%3",
    "STREAM": "canary-stream\"4'",
    "BODY": "canary-body<5>",
    "CLIENT": "canary-client/6+",
    "REFRESH": "canary-refresh~7",
    "PASSWORD": "canary-pässword-8",
    "COOKIE": "canary=cookie; 9",
    "LITERAL": "canary-literal-10",
}
FAULTS = [
    "500",
    "404",
    "401",
    "403;body=html",
    "429;ra=1",
    "reset",
    "close",
    "close-reuse",
    "stall",
    "stall-head",
    "stall-body",
    "reset-headers",
    "reset-body",
    "truncated",
    "wrong-length",
    "extra",
    "cut-json",
    "garbage",
    "html",
    "html-as-json",
    "invalid-json",
    "empty-body",
    "null-body",
    "error200",
    "bad-utf8",
    "bom",
    "content-type",
    "nested:600",
    "slow:20ms",
    "chunked;end=bad",
    "chunked;end=missing",
    "gzip",
    "deflate",
    "gzip-twice",
    "gzip-cut",
    "gzip-bad",
    "wrong-encoding",
    "unknown-encoding",
    "bomb:16",
    "headers:1000",
    "big-header:200000",
    "cookies",
    "endless",
    "endless-chunks",
    "endless-head",
    "endless-interim",
    "interim",
    "http10",
    "until-close",
    "connection-close",
    "silent-close",
    "204",
    "not-http",
    "bad-status",
]


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CANARIES.items():
        monkeypatch.setenv(name, value)


def env(name: str) -> dict[str, str]:
    return {"env": name}


def document(url: str, path: str, **stream: Any) -> dict[str, Any]:
    return {
        "base_url": url,
        "auth": [
            {"type": "bearer", "token": env("BEARER")},
            {"type": "api_key", "query": "key", "value": env("QUERY")},
        ],
        "headers": {
            "X-Own": env("HEADER"),
            "Cookie": env("COOKIE"),
            "X-Api-Token": CANARIES["LITERAL"],
        },
        "query": {"tenant": env("QUERY"), "access_token": CANARIES["LITERAL"]},
        "retry": {"attempts": 2, "base": "1ms", "cap": "5ms", "max_retry_after": "0s"},
        "timeouts": {"connect": "2s", "first_byte": "300ms", "idle": "300ms", "total": "800ms"},
        "caps": {"max_body_bytes": "2MiB"},
        "breaker": False,
        "streams": {
            "s": {
                "path": path,
                "headers": {"X-Stream": env("STREAM")},
                "query": {"signature": env("STREAM"), "limit": 2},
                "max_pages": 3,
                **stream,
            }
        },
    }


def forms(secret: str) -> set[str]:
    """As it may stand in what comes out, half of it or more."""
    raw = secret.encode()
    found = {
        secret,
        urllib.parse.quote(secret, safe=""),
        urllib.parse.quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    }
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        found |= {text[shift + 1 if shift else 0 : -1]}
    return found


SEARCHED = {form for secret in CANARIES.values() for form in forms(secret)} | {"canary"}


def clean(*texts: object) -> None:
    for text in texts:
        shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        for form in SEARCHED:
            assert form not in shown, f"{form!r} in {shown[:2000]!r}"


def shown(error: BaseException) -> list[object]:
    """Every way to look at an exception."""
    out: list[object] = [
        str(error),
        repr(error),
        error.args,
        pickle.dumps(error),
        "".join(traceback.format_exception(error)),
        vars(error),
    ]
    if isinstance(error, penstock.PenstockError):
        out += [json.dumps(dict(error.detail)), error.url, error.request_id]
    return out


def everything(source: dict[str, Any], servers_words: bool = False) -> int:
    """Walks it and a single request; how many requests failed. What a server says of its own
    (records, headers) is its own, unless it knows no secret."""
    failures = 0
    with penstock.Client(source) as api:
        clean(repr(api))
        walk = api.pages("s")
        try:
            for page in walk:
                clean(repr(page), page.checkpoint or "")
                if not servers_words:
                    clean(page.url, dict(page.metadata) if hasattr(page, "metadata") else "")
        except penstock.PenstockError as error:
            failures += 1
            clean(*shown(error))
        clean(repr(walk))
        try:
            api.request("POST", source["streams"]["s"]["path"], json={"a": 1})
        except penstock.PenstockError as error:
            failures += 1
            clean(*shown(error))
        clean(json.dumps(api.state()))
    return failures


@pytest.mark.parametrize("fault", FAULTS)
def test_through_every_fault(practice: dict[str, Any], fault: str) -> None:
    source = document(practice["http"], f"/fault/{fault}/offset/users:5")
    everything(source)


@pytest.mark.parametrize(
    "to",
    ["other", "localhost", "loop", "pingpong", "chain:9", "file", "userinfo", "bad", "missing"],
)
def test_through_every_redirect(practice: dict[str, Any], to: str) -> None:
    assert everything(document(practice["http"], f"/redirect/302:{to}/offset/users:5")) >= 1


@pytest.mark.parametrize("fault", ["500", "cut-json", "reset-body", "rate:0.5:503"])
def test_runs_with_state_progress_and_files(
    practice: dict[str, Any], fault: str, tmp_path: Path
) -> None:
    source = document(practice["http"], f"/fault/{fault}/offset/users:9")
    told: list[object] = []
    state = tmp_path / "state.db"
    for _ in range(2):
        report = penstock.pull(
            source,
            directory=tmp_path / "out",
            state=state,
            on_progress=lambda report, told=told: told.append(repr(report)),  # type: ignore[misc]
            check=False,
        )
        told += [report, repr(report), vars(report) if hasattr(report, "__dict__") else ""]
    clean(*told)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            clean(path.read_bytes())
    with penstock.State(state) as opened:
        clean(json.dumps(opened.export()))


def test_the_command_line(practice: dict[str, Any], tmp_path: Path) -> None:
    for fault in ("500", "401", "html", "204"):
        path = tmp_path / f"{fault}.json"
        path.write_text(json.dumps(document(practice["http"], f"/fault/{fault}/offset/users:5")))
        document_itself = path.read_text()
        for arguments in (
            ["check", str(path)],
            ["check", "--live", str(path)],
            ["pull", str(path), "--output", str(tmp_path / "o")],
        ):
            out, err = io.StringIO(), io.StringIO()
            with (
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
                contextlib.suppress(SystemExit),
            ):
                main(arguments)
            # The one literal stands in the document, which the user wrote.
            assert CANARIES["LITERAL"] in document_itself
            clean(out.getvalue(), err.getvalue())


def test_explanations(practice: dict[str, Any]) -> None:
    clean(json.dumps(penstock.explain(document(practice["http"], "/offset/users"))))


# ------------------------------------------------------------------------ a server that repeats


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "url": lambda text: urllib.parse.quote(text, safe=""),
    "plus": urllib.parse.quote_plus,
    "lower": lambda text: urllib.parse.quote(text, safe="").replace("%2F", "%2f"),
    "json": lambda text: json.dumps(text, ensure_ascii=False),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64-1": lambda text: base64.b64encode(b"x" + text.encode()).decode(),
    "base64-2": lambda text: base64.b64encode(b"xy" + text.encode() + b"z").decode(),
    "base64-url": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
}


class Parrot(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ParrotHandler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.heard: list[str] = []


class ParrotHandler(BaseHTTPRequestHandler):
    server: Parrot
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urllib.parse.urlsplit(self.path)
        fields = [*self.headers.values(), *(v for _, v in urllib.parse.parse_qsl(parts.query))]
        fields += [v for _, v in urllib.parse.parse_qsl(body.decode("utf-8", "replace"))]
        fields += [field.removeprefix("Bearer ") for field in fields]
        self.server.heard += fields
        kind = parts.path.split("/")[1]
        how = parts.path.split("/")[2] if parts.path.count("/") > 1 else ""
        said = " | ".join(ENCODINGS[how](field) for field in fields if "canary" in field)
        latin = said.encode("utf-8").decode("latin-1").replace("\r", " ").replace("\n", " ")
        status, out = (200, b"[1]")
        headers = [("X-Request-Id", latin[:3000])]
        if kind == "error":
            status, out = 400, said.encode()
        elif kind == "json":
            status, out = 422, json.dumps({"error": {"message": said, "sent": fields}}).encode()
        elif kind == "unreadable":
            out = said.encode()
        elif kind == "token":
            status, out = 400, json.dumps({"error": said, "error_description": said}).encode()
        elif kind == "redirect":
            status = 302
            headers.append(("Location", "http://evil.example/?" + parts.query + "&said=" + latin))
        elif kind == "next":
            out = json.dumps({"data": [1], "next": "http://evil.example/?" + said}).encode()
        elif kind == "reason":
            status, out = 500, b""
        self.send_response(status, latin[:200].replace("|", " ") or None)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(out)))
        self.end_headers()
        self.wfile.write(out)

    do_GET = handle_any
    do_POST = handle_any


@pytest.fixture(scope="module")
def parrot() -> Iterator[Parrot]:
    server = Parrot()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


HOW = list(ENCODINGS)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("kind", ["error", "json", "unreadable", "redirect", "next", "reason"])
def test_behind_a_server_that_repeats_what_it_is_sent(parrot: Parrot, kind: str, how: str) -> None:
    source = document(parrot.url, f"/{kind}/{how}", pagination={"type": "next_url", "from": "next"})
    parrot.heard.clear()
    assert everything(source, servers_words=True) >= 1
    # They did go out, or nothing would be shown here.
    for name in ("BEARER", "HEADER", "QUERY", "STREAM", "COOKIE", "LITERAL"):
        assert any(CANARIES[name] in heard for heard in parrot.heard), name
    posted = document(
        parrot.url,
        f"/{kind}/{how}",
        method="POST",
        form={"password": env("PASSWORD"), "b": env("BODY")},
    )
    everything(posted, servers_words=True)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(
    "auth",
    [
        {"type": "oauth2_client_credentials", "client_secret": env("CLIENT")},
        {
            "type": "oauth2_client_credentials",
            "client_auth": "basic",
            "client_secret": env("CLIENT"),
        },
        {"type": "oauth2_refresh_token", "refresh_token": env("REFRESH")},
        {"type": "oauth2_password", "username": env("CLIENT"), "password": env("PASSWORD")},
        {
            "type": "token_request",
            "json_body": {"p": "{env.PASSWORD}"},
            "headers": {"X": env("BODY")},
        },
        {"type": "token_request", "basic": {"username": "u", "password": env("PASSWORD")}},
        {"type": "token_request", "form_fields": {"p": "a-{env.PASSWORD}-b"}},
    ],
    ids=lambda auth: str(auth["type"]),
)
def test_token_endpoints_that_repeat_what_they_are_sent(
    parrot: Parrot, auth: dict[str, Any], how: str
) -> None:
    key = "url" if auth["type"] == "token_request" else "token_url"
    given = {**auth, key: f"/token/{how}", "attempts": 1}
    if auth["type"] != "token_request":
        given["client_id"] = "me"
    source = {"base_url": parrot.url, "auth": given, "streams": {"s": {"path": "/error/plain"}}}
    assert everything(source, servers_words=True) == 2


def test_missing_secrets_are_told_without_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BEARER", "QUERY", "HEADER", "STREAM"):
        for value in (None, "", " canary-x", "canary-x\n", "canary\rx", "canary\x00x"[:6]):
            with monkeypatch.context() as patch:
                if value is None:
                    patch.delenv(name)
                else:
                    patch.setenv(name, value)
                if value == "canary":
                    continue
                with pytest.raises(penstock.AuthError) as caught:
                    penstock.Client(document("http://127.0.0.1:9", "/x"))
                assert name in str(caught.value) and "at /" in str(caught.value)
                clean(*shown(caught.value))
