"""Launchers end when told, and leave nothing behind however they end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from real_servers import _process
from real_servers.launch import launch

LAUNCHER = str(Path(__file__).parents[1] / "real_servers")
# Nothing has to listen behind nginx for these.
COMMANDS = [["flights"], ["drf"], ["nginx", "--upstream", "http://127.0.0.1:9"]]


def start(arguments: list[str]) -> tuple[subprocess.Popen[bytes], set[int]]:
    """A launcher, and the process ids of all that it started."""
    process = subprocess.Popen(
        [sys.executable, LAUNCHER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    server = int(json.loads(process.stdout.readline())["pid"])
    time.sleep(0.3)  # its workers
    return process, {server, *children(server)}


def children(parent: int) -> list[int]:
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(each) for each in listed.split()]


def gone(processes: set[int], within_s: float = 10) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not any(running(each) for each in processes):
            return True
        time.sleep(0.05)
    return False


def running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_sigterm_ends_all_of_it(command: list[str]) -> None:
    process, started = start(command)
    process.terminate()
    assert process.wait(10) == 0
    assert gone(started)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_end_of_standard_input_ends_all_of_it(command: list[str]) -> None:
    process, started = start([*command, "--until-eof"])
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 0
    assert gone(started)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_kill_of_the_launcher_ends_all_of_it(command: list[str]) -> None:
    process, started = start(command)
    process.kill()
    process.wait()
    assert gone(started)


def test_death_of_the_starter_ends_all_of_it() -> None:
    # Started as a shell starts a job, without a leash.
    script = f'"{sys.executable}" "{LAUNCHER}" nginx --upstream http://127.0.0.1:9 & echo $!; wait'
    shell = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE)
    assert shell.stdout is not None
    launcher = int(shell.stdout.readline())
    server = int(json.loads(shell.stdout.readline())["pid"])
    started = {launcher, server, *children(server)}
    os.kill(shell.pid, signal.SIGKILL)
    shell.wait()
    assert gone(started)


def test_a_launcher_that_cannot_start_says_why(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError), launch("drf", "--rate", "nobody=1/second"):
        pass
    assert "no scope nobody" in capfd.readouterr().err


def test_a_port_taken_meanwhile_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    program = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1])))"

    def server(ports: list[int]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", program + "; time.sleep(60)", str(ports[0])]
        return _process.spawn(command, log=log)

    [free] = _process.free_ports(1)
    with socket.create_server((_process.HOST, 0)) as taken:
        offers = iter([[taken.getsockname()[1]], [free]])
        monkeypatch.setattr(_process, "free_ports", lambda _: next(offers))
        process, ports = _process.start_on_free_ports(1, server, log)
        assert ports == [free]
        _process.end(process)


def test_two_at_once_do_not_meet() -> None:
    with launch("drf") as one, launch("drf") as other:
        assert urlsplit(one["url"]).port != urlsplit(other["url"]).port
