"""Start a server from a test, and have it gone when the test is done.

with launch("flights") as flights:
    requests.get(flights["url"] + "/flights/flights.json")
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
_READY_WITHIN_S = 120.0  # the first start of flights also builds its database


@contextmanager
def launch(server: str, *arguments: str, python: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield what the launcher announced; its standard input is the leash that ends it."""
    command = [python or sys.executable, str(_HERE), server, *arguments, "--until-eof"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    try:
        yield _announcement(process)
    finally:
        process.stdin.close()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait(15)
        if process.stdout is not None:
            process.stdout.close()


def _announcement(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    deadline = time.monotonic() + _READY_WITHIN_S
    line = b""
    while not line.endswith(b"\n"):
        left = max(0.0, deadline - time.monotonic())
        if not select.select([process.stdout], [], [], left)[0]:
            raise TimeoutError(f"{process.args!r} announced nothing in {_READY_WITHIN_S:.0f} s")
        got = os.read(process.stdout.fileno(), 65536)
        if not got:
            raise RuntimeError(f"{process.args!r} ended with {process.wait()} before it was ready")
        line += got
    announced: dict[str, Any] = json.loads(line)
    return announced
