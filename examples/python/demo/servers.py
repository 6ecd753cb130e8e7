"""Servers that live as long as a `with` block, and what they answer about themselves."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_END_WITHIN_S = 10.0


class ServerFailed(Exception):
    """A server did not come up, or a command about it failed."""


@contextmanager
def running(command: Sequence[str | Path], within: float = 30.0) -> Iterator[dict[str, Any]]:
    """Start a server that says in a line of JSON when it listens, and that ends when its standard
    input does. So it ends with this process, whatever ends this process.

    It gets a session of its own: Ctrl-C reaches this process alone, which then ends the server in
    order, instead of both at once.
    """
    process = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield _announced(process, within)
    finally:
        _end(process)


def _announced(process: subprocess.Popen[bytes], within: float) -> dict[str, Any]:
    assert process.stdout is not None
    deadline = time.monotonic() + within
    line = b""
    while not line.endswith(b"\n"):
        left = max(0.0, deadline - time.monotonic())
        if not select.select([process.stdout], [], [], left)[0]:
            raise ServerFailed(f"{_name(process)} was not ready within {within:.0f} s")
        got = os.read(process.stdout.fileno(), 65536)
        if not got:
            raise ServerFailed(f"{_name(process)} ended before it was ready")
        line += got
    announced: dict[str, Any] = json.loads(line)
    return announced


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.close()
    try:
        process.wait(_END_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    finally:
        process.stdout.close()


def _name(process: subprocess.Popen[bytes]) -> str:
    return " ".join(str(part) for part in process.args) if isinstance(process.args, list) else "?"


def answer_of(command: Sequence[str | Path]) -> dict[str, Any]:
    """The JSON object that a command prints. Its session is its own for the reason given above."""
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        start_new_session=True,
        check=False,
    )
    if done.returncode:
        raise ServerFailed(f"{' '.join(map(str, command))} ended with {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def ask(url: str) -> dict[str, Any]:
    """A question to a server about itself: not through penstock, whose work is being checked."""
    # Not through a proxy either, whatever the environment says: the servers are on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as reply:
        answer: dict[str, Any] = json.load(reply)
    return answer
