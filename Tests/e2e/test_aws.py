"""AWS Signature Version 4 against botocore's signer: a server that takes each request as it came
off the wire, has botocore sign the like of it, and compares."""

from __future__ import annotations

import datetime
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock

import penstock
import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY, SECRET, SESSION = "AKIDEXAMPLE", "canary/secret+key=", "canary session/token=="
CHARACTERS = "abcXYZ012 -._~/?&=+%:@!$'()*,;[]{}<>|^`\\\"#äπ漢🚀"


class Checking(ThreadingHTTPServer):
    def __init__(self, service: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.service = service
        self.session: str | None = None
        self.problems: list[str] = []
        self.count = 0

    def check(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        self.count += 1
        given = headers["authorization"]
        signed = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        # botocore adds these itself, and would count them twice.
        own = ("host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256")
        kept = {name: headers[name] for name in signed if name not in own}
        port = self.server_address[1]
        request = AWSRequest(method, f"http://127.0.0.1:{port}{target}", kept, body)
        request.context["payload_signing_enabled"] = True
        signer = auth.S3SigV4Auth if self.service == "s3" else auth.SigV4Auth
        when = datetime.datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        now = when.replace(tzinfo=datetime.UTC)
        with mock.patch.object(auth, "get_current_datetime", lambda *_, **__: now):
            signer(Credentials(KEY, SECRET, self.session), self.service, "eu-central-1").add_auth(
                request
            )
        age = datetime.datetime.now(datetime.UTC) - now
        if abs(age.total_seconds()) > 60:
            self.problems.append(f"signed at {when}")
        if request.headers["Authorization"] != given:
            self.problems.append(
                f"{method} {target}: {given} is not {request.headers['Authorization']}"
            )


class Handler(BaseHTTPRequestHandler):
    server: Checking
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            self.server.check(self.command, self.path, headers, body)
        except Exception as problem:
            self.server.problems.append(f"{self.command} {self.path}: {problem!r}")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    do_GET = do_POST = do_PUT = do_DELETE = handle_any


def text(chance: random.Random, most: int = 12) -> str:
    return "".join(chance.choice(CHARACTERS) for _ in range(chance.randrange(1, most)))


def request(chance: random.Random) -> dict[str, Any]:
    safe = "abc -~:@!$'()*,äπ漢%41%2F"
    segments = [
        "".join(chance.choice(safe) for _ in range(chance.randrange(1, 8))) for _ in range(3)
    ]
    path = "/" + chance.choice(["/", "//"]).join(segments) + chance.choice(["", "/"])
    made: dict[str, Any] = {
        "method": chance.choice(["GET", "POST", "PUT", "DELETE"]),
        "path": path.replace("%", "%25").replace(" ", "%20"),
        "query": {
            text(chance): chance.choice(
                [text(chance, 40), [text(chance), text(chance)], "", 7, True]
            )
            for _ in range(chance.randrange(5))
        },
    }
    if chance.random() < 0.3:
        made["headers"] = {
            "X-Amz-Meta-Thing": "a   b  " + text(chance).encode("ascii", "ignore").decode().strip()
        }
    if made["method"] in ("POST", "PUT"):
        made[chance.choice(["json", "form"])] = {text(chance): text(chance, 300)}
    return made


@pytest.mark.parametrize("service", ["execute-api", "s3"])
@pytest.mark.parametrize("session", [False, True])
def test_signatures_are_those_of_botocore(service: str, session: bool) -> None:
    chance = random.Random(f"{service} {session}")
    server = Checking(service)
    server.session = SESSION if session else None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    credential = {
        "type": "aws_sigv4",
        "access_key_id": KEY,
        "secret_access_key": SECRET,
        "region": "eu-central-1",
        "service": service,
    }
    if session:
        credential["session_token"] = SESSION
    try:
        base = f"http://127.0.0.1:{server.server_address[1]}"
        with penstock.Client({"base_url": base, "auth": credential}) as api:
            for _ in range(500):
                wanted = request(chance)
                api.request(**wanted)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert server.problems == []
    assert server.count == 500
