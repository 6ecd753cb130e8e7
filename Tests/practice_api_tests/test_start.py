"""How the server starts, what it promises about itself, and that it never outlives its parent."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import requests

from practice_api_tests.conftest import TESTS, Server


def gone(pid: int) -> bool:
    for _ in range(100):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                state = stat.read().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):  # the second when it ends as we read
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_same_seed_same_bytes() -> None:
    servers = [Server("--seed", seed, "--records", "30") for seed in ("7", "7", "8")]
    try:
        truths = [each.truth("events") for each in servers]
    finally:
        codes = [each.stop() for each in servers]
    assert truths[0] == truths[1] != truths[2] and truths[0]["count"] == 30
    assert codes == [0, 0, 0]


def test_options() -> None:
    own = Server("--records", "users=12", "--records", "posts=3", "--first-time", "2026-05-01")
    try:
        assert [own.truth(name)["count"] for name in ("users", "posts", "comments")] == [
            12, 3, 4000,
        ]  # fmt: skip
        created = own.get("/single/users").json()[0]["created_at"]
        assert created.startswith("2026-05-01T")
    finally:
        own.stop()


def test_started_as_a_directory_and_ended_by_a_signal() -> None:
    process = subprocess.Popen(
        [sys.executable, str(TESTS / "practice_api")], stdout=subprocess.PIPE, cwd="/"
    )
    assert process.stdout is not None and b'"http"' in process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0


def test_dies_with_its_parent() -> None:
    """Even without --until-eof: a parent killed outright must leave nothing behind."""
    script = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-m', 'practice_api'], stdout=subprocess.PIPE)\n"
        "p.stdout.readline()\n"
        "print(p.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=TESTS)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    assert gone(child)


def test_stats_count_what_a_client_did(server: Server) -> None:
    own = Server()
    try:
        with requests.Session() as session:
            for _ in range(3):
                session.get(own.http + "/single/users:1", timeout=5)
        requests.get(own.http + "/offset/users:1?limit=1", timeout=5)
        stats = own.ask("/_stats")
        # Questions open connections too; those do not count as used.
        assert stats["connections"]["used"] == 2 and stats["requests"] == 4
        assert stats["routes"] == {"/single/users:1": 3, "/offset/users:1": 1}
        log = own.ask("/_requests?prefix=/single")
        assert [entry["nth"] for entry in log] == [1, 2, 3]
        assert len({entry["connection"] for entry in log}) == 1
        assert log[0]["at_ns"] < log[1]["at_ns"] < log[2]["at_ns"]
    finally:
        assert own.stop() == 0
