"""What all launchers share: ports, readiness, and never outliving whoever started them.

A launcher starts one real server, prints one JSON line when it answers, and stays until it is told
to end: by SIGTERM or SIGINT, by the end of its standard input (`--until-eof`), or by the death of
the process that started it. Its servers get a parent-death signal from the kernel, so that even
`kill -9` on the launcher leaves nothing running.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("PENSTOCK_BUILD_DIR", ROOT / ".build"))
DATA = BUILD / "data"
HOST = "127.0.0.1"

READY_WITHIN_S = 30.0
END_WITHIN_S = 5.0
_PR_SET_PDEATHSIG = 1
_TCP_LISTEN = "0A"  # as /proc/net/tcp writes it
_LIBC = ctypes.CDLL(None, use_errno=True)


class ServerFailed(Exception):
    """The server ended, or did not answer in time; the message carries the end of its log."""


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A directory for one run, gone afterwards. What a killed launcher had to leave is removed by
    the next: the process id in the name says whose it was."""
    parent = Path(tempfile.gettempdir())
    for left in parent.glob(f"penstock-{name}-*-*"):
        if not Path("/proc", left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    prefix = f"penstock-{name}-{os.getpid()}-"
    with tempfile.TemporaryDirectory(dir=parent, prefix=prefix) as directory:
        yield Path(directory)


def free_ports(count: int) -> list[int]:
    """Ports free at this moment: all are held open until the last is found, so they differ."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind((HOST, 0))
        return [int(each.getsockname()[1]) for each in held]
    finally:
        for each in held:
            each.close()


def spawn(
    argv: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a server whose output goes to `log` and that ends with this process.

    SIGTERM and not SIGKILL by default: a server with workers must get to end them too.
    """
    parent = os.getpid()

    def die_with_parent() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # it died before the request above took hold
            os._exit(1)

    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(env or {})},
            preexec_fn=die_with_parent,
        )


def wait_ready(
    process: subprocess.Popen[bytes], ports: Sequence[int], log: Path, within_s: float | None = None
) -> None:
    """Return when the server listens on every port; raise when it ends or time is up."""
    deadline = time.monotonic() + (READY_WITHIN_S if within_s is None else within_s)
    while waiting := set(ports) - _listening(process.pid):
        if process.poll() is not None:
            raise ServerFailed(f"server ended with {process.returncode}\n{_tail(log)}")
        if time.monotonic() > deadline:
            raise ServerFailed(f"not listening on {sorted(waiting)} in time\n{_tail(log)}")
        time.sleep(0.02)


def _listening(process: int) -> set[int]:
    """The ports that this process listens on. Asked of the kernel: a connection would be counted
    by the server, and might reach somebody else who took the port."""
    try:
        links = [os.readlink(each) for each in Path(f"/proc/{process}/fd").iterdir()]
    except OSError:  # it ended, or closed a file meanwhile
        return set()
    sockets = {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {
        int(local.rsplit(":", 1)[1], 16)
        for _, local, _, state, *_, inode in (line[:10] for line in lines)
        if state == _TCP_LISTEN and inode in sockets
    }


def start_on_free_ports(
    count: int, start: Callable[[list[int]], subprocess.Popen[bytes]], log: Path
) -> tuple[subprocess.Popen[bytes], list[int]]:
    """Start a server that needs `count` ports. Another process may take a port between our look
    and the server's bind, so a server that ends at once is tried again on other ports."""
    for attempts_left in (2, 1, 0):
        ports = free_ports(count)
        process = start(ports)
        try:
            wait_ready(process, ports, log)
            return process, ports
        except ServerFailed:
            ended_by_itself = process.poll() is not None
            end(process)
            if not attempts_left or not ended_by_itself or "in use" not in _tail(log):
                raise
    raise AssertionError("the loop returns or raises")


def end(process: subprocess.Popen[bytes]) -> None:
    """End one process that we started: asked first, then killed. Never by name."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(END_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_on_signals() -> None:
    """Turn SIGTERM and SIGINT into an orderly exit, in which `finally` blocks run. Call it before
    the first server is started."""

    def told(_signum: int, _frame: object) -> NoReturn:
        raise SystemExit(0)

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, told)


def serve_until_told(
    process: subprocess.Popen[bytes],
    announcement: Mapping[str, object],
    *,
    until_eof: bool,
    log: Path,
) -> None:
    """Print the JSON line, wait for the end, end the server."""
    parent = os.getppid()
    try:
        print(json.dumps({**announcement, "pid": process.pid}), flush=True)
        while process.poll() is None:
            # A parent-death signal for the launcher itself would come when the *thread* that
            # started it ends, so the launcher looks for itself whether it was adopted.
            if os.getppid() != parent:
                return
            if not until_eof:
                time.sleep(0.2)
            elif select.select([sys.stdin], [], [], 0.2)[0] and not os.read(0, 4096):
                return
        raise ServerFailed(f"server ended with {process.returncode}\n{_tail(log)}")
    finally:
        end(process)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-4000:] if log.exists() else ""
