"""Starts one practice API for the whole run; every test names its own limits and ledgers."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

TESTS = Path(__file__).resolve().parent.parent


class Server:
    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "practice_api", "--until-eof", "--quiet", *options],
            cwd=TESTS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.http: str = self.ready["http"]
        self.session = requests.Session()

    def get(self, path: str, **more: Any) -> requests.Response:
        more.setdefault("timeout", 10)
        return self.session.get(self.http + path, **more)

    def ask(self, path: str) -> Any:
        reply = requests.get(self.http + path, timeout=10)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def truth(self, collection: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask(f"/_truth/{collection}")
        return found

    def stop(self) -> int:
        assert self.process.stdin is not None
        self.session.close()
        self.process.stdin.close()
        return self.process.wait(60)


def slices(body: bytes, path: str = "") -> list[bytes]:
    """The records of a page as bytes, cut by CPython's own decoder and not by the server's code."""
    text = body.decode()
    decoder = json.JSONDecoder()
    spaces = " \t\r\n"

    def skip(at: int) -> int:
        while text[at] in spaces:
            at += 1
        return at

    def value_at(at: int, names: list[str]) -> int:
        """Where the value at `names` begins, `at` being the start of an object."""
        if not names:
            return at
        assert text[at] == "{", path
        at = skip(at + 1)
        while text[at] != "}":
            name, at = decoder.raw_decode(text, at)
            at = skip(skip(at) + 1)
            if name == names[0]:
                return value_at(at, names[1:])
            at = skip(decoder.raw_decode(text, at)[1])
            at = skip(at + 1) if text[at] == "," else at
        raise KeyError(path)

    at = skip(value_at(skip(0), path.split(".") if path else []))
    if text.startswith("null", at):
        return []
    assert text[at] == "["
    at = skip(at + 1)
    found = []
    while text[at] != "]":
        end = decoder.raw_decode(text, at)[1]
        found.append(text[at:end].encode())
        at = skip(end)
        at = skip(at + 1) if text[at] == "," else at
    return found


def sha256(records: list[bytes]) -> str:
    return hashlib.sha256(b"".join(record + b"\n" for record in records)).hexdigest()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    started = Server("--tls")
    yield started
    assert started.stop() == 0
