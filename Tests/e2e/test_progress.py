"""What people see of a pull on a terminal, and programs without one."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import penstock
import pytest
from penstock.cli import progress
from watching import python_path


def on_terminal(arguments: list[str], columns: int, **environment: str) -> str:
    """What a terminal of that width gets from the command line."""
    main, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock", *arguments],
        stdin=other,
        stdout=subprocess.DEVNULL,
        stderr=other,
        env=python_path(COLUMNS=str(columns), LINES="24", TERM="xterm", **environment),
    )
    os.close(other)
    seen = b""
    while True:
        try:
            more = os.read(main, 65536)
        except OSError:
            break
        if not more:
            break
        seen += more
    os.close(main)
    assert process.wait(60) == 0
    return seen.decode()


@pytest.mark.parametrize("columns", [20, 80])
def test_lines_fit_the_terminal(server: str, tmp_path: Path, columns: int) -> None:
    source = tmp_path / "source.json"
    source.write_text(
        json.dumps(
            {
                "base_url": f"{server}/fault/on:2:429;ra=2;name=w{columns}",
                "streams": {
                    "a-stream-with-a-long-name": {
                        "path": "/offset/users",
                        "pagination": {"type": "offset", "size": 100},
                    },
                    "users": "/offset/users",
                },
            }
        )
    )
    arguments = ["pull", str(source), "--output", str(tmp_path / "out")]
    seen = on_terminal(arguments, columns)
    for drawn in seen.split("\x1b[J"):
        for line in drawn.replace("\r", "").split("\n"):
            plain = line
            for code in ("\x1b[0m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1A"):
                plain = plain.replace(code, "")
            assert len(plain) < columns and "\x1b" not in plain, (plain, line)
    assert "server's pause" in seen
    plain = on_terminal(arguments, columns, NO_COLOR="1")
    assert "\x1b[32m" not in plain and "\x1b[31m" not in plain


def test_plain_lines_quiet_and_json(server: str, tmp_path: Path) -> None:
    source = tmp_path / "source.json"
    source.write_text(json.dumps({"base_url": server, "streams": {"users": "/offset/users"}}))

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "penstock",
                "pull",
                str(source),
                "--output",
                str(tmp_path),
                *more,
            ],
            env=python_path(),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )

    plain = run()
    assert "users  " in plain.stderr and "\x1b" not in plain.stderr and "\r" not in plain.stderr
    assert run("--quiet").stderr == ""
    found = run("--json")
    assert json.loads(found.stdout)["ok"]
    events = [json.loads(line)["event"] for line in found.stderr.splitlines()]
    assert events[0] == "stream_started" and events[-1] == "stream_finished"


def test_names_are_shown_and_not_obeyed() -> None:
    stream = penstock.StreamReport(
        source=None, stream="x", file=None, state="running", records=5, pages=1, bytes=1,
        requests=1,
        retries=0, total=None, elapsed=1, records_per_second=5, error=None,
        waiting={"stream": "x", "for": "limit", "limit": "4 per 1s", "left_ms": 65_000},
    )  # fmt: skip
    line = progress.line_of("a\x1b[2Jb\nc\u202e", stream, 200)
    assert "\x1b" not in line and "\n" not in line and "\u202e" not in line
    assert "limit 4 per 1s, 65s" in line
    for width in range(1, 120):
        assert len(progress.line_of("a-long-name-of-a-stream", stream, width)) <= width
