"""The demonstration, made small: what it prints without and with a terminal, and how it ends."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from demo import __main__ as demo
from demo import servers, streams

from .conftest import ROOT, environment

SCRIPT = ROOT / "scripts" / "demo.sh"
SMALL = ("--records", "400", "--without-flights", "--without-exercise")
# More than the blog lets through in one second, so that progress is seen.
LONGER = ("--records", "1600", "--without-flights", "--without-exercise")
ESCAPE = "\x1b"
COLOR = re.compile(r"\x1b\[[0-9;]*m")


def venv() -> str:
    """demo.sh runs the interpreter of an environment: this one's."""
    return str(Path(sys.prefix))


def plain(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPT, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(PENSTOCK_VENV=venv(), **changes),
        timeout=60,
    )


def test_without_a_terminal(tmp_path: Path) -> None:
    done = plain(*SMALL, "--directory", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert ESCAPE not in done.stdout
    shown = done.stdout.replace(str(tmp_path), "")  # a name may be as long as it likes
    assert max(map(len, shown.splitlines())) <= 80
    assert done.stdout.count("identical") == 4
    assert "0 violations" in done.stdout and "Everything matches" in done.stdout
    assert {each.name for each in tmp_path.iterdir()} == {
        "accounts.users.jsonl",
        "tracking.events.jsonl",
        "blog.posts.jsonl",
        "blog.comments.jsonl",
        "engagement.csv",
    }


def test_where_only_ascii_can_be_shown(tmp_path: Path) -> None:
    done = plain(*SMALL, "--directory", str(tmp_path), PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.isascii() and "   ok each file" in done.stdout


def test_a_directory_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = plain(*SMALL, "--directory", str(tmp_path / "file" / "below"))
    assert done.returncode == 1
    assert "below" in done.stdout and "Traceback" not in done.stderr


def test_what_does_not_match_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def told_wrong(url: str) -> dict[str, Any]:
        answer = servers.ask(url)
        if url.endswith("/_truth/posts"):
            answer["sha256"] = "0" * 64
        return answer

    monkeypatch.setattr(streams, "ask", told_wrong)
    monkeypatch.setattr(sys, "argv", ["demo", *SMALL, "--directory", str(tmp_path)])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert demo.main() == 1
    shown = capsys.readouterr().out
    assert shown.count("identical") == 3 and shown.count("DIFFERENT") == 1
    assert "Everything matches" not in shown and "1 check failed" in shown


def test_a_limit_that_is_exceeded_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in streams.NAMES:
        text = (streams.SOURCES / f"practice-{name}.json").read_text()
        promised = '{"requests": 30, "per": "1s"}'
        (tmp_path / f"practice-{name}.json").write_text(text.replace(promised, '"900/s"'))
    monkeypatch.setattr(streams, "SOURCES", tmp_path)
    monkeypatch.setattr(streams, "_limit_text", lambda _: "none")
    monkeypatch.setattr(streams, "_least_seconds", lambda *_: 0.0)
    monkeypatch.setattr(sys, "argv", ["demo", *SMALL, "--directory", str(tmp_path)])
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--records", "4000"])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert demo.main() == 1
    shown = capsys.readouterr().out
    # Refused requests are asked for again, so the data is right all the same.
    assert shown.count("identical") == 4
    assert "1 check failed" in shown and " 0 violations" not in shown


class Terminal:
    """The demonstration on a terminal of its own."""

    def __init__(self, *arguments: str, **changes: str) -> None:
        changes.setdefault("TERM", "xterm-256color")
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.execve(
                SCRIPT, [str(SCRIPT), *arguments], environment(PENSTOCK_VENV=venv(), **changes)
            )
        self.shown = ""

    def read_until(self, text: str, within: float = 30.0) -> bool:
        """False when it ended without having shown the text."""
        deadline = time.monotonic() + within
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            if select.select([self._terminal], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self._terminal, 65536).decode(errors="replace")
                except OSError:  # how the end of a terminal shows
                    return False
        return True

    def press_control_c(self) -> None:
        os.write(self._terminal, b"\x03")

    def children(self) -> list[int]:
        text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(child) for child in text.split()]

    def exit_code(self) -> int:
        self.read_until("\0")
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_on_a_terminal(tmp_path: Path) -> None:
    terminal = Terminal(*LONGER, "--directory", str(tmp_path))
    assert terminal.exit_code() == 0, terminal.shown
    assert f"{ESCAPE}[4A" in terminal.shown  # the lines of progress move in place
    assert COLOR.search(terminal.shown)


def test_on_a_terminal_without_color(tmp_path: Path) -> None:
    terminal = Terminal(*LONGER, "--directory", str(tmp_path), NO_COLOR="1")
    assert terminal.exit_code() == 0, terminal.shown
    assert f"{ESCAPE}[4A" in terminal.shown
    assert not COLOR.search(terminal.shown)


def test_control_c_leaves_nothing_behind(tmp_path: Path) -> None:
    terminal = Terminal("--directory", str(tmp_path))
    assert terminal.read_until("/s ")  # the first line of progress
    children = terminal.children()
    assert children
    terminal.press_control_c()
    assert terminal.exit_code() == 130, terminal.shown
    assert "interrupted" in terminal.shown and "Traceback" not in terminal.shown
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


def test_sigterm_leaves_nothing_behind(tmp_path: Path) -> None:
    terminal = Terminal("--directory", str(tmp_path))
    assert terminal.read_until("/s ")
    children = terminal.children()
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.exit_code() == 143, terminal.shown
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
