"""Tokens in a state: later runs and other processes go on with them, over real sockets."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import penstock
import pytest
from watching import TESTS, python_path, state_in, until

from budget.redis_server import Redis
from loopback import JSONHandler, JSONServer

sys.path.insert(0, str(TESTS.parent / "examples/python"))

from own_state_store import DictStore

# Opens a client, tells that it is ready, and walks on many threads at once when it is told to.
PROGRAM = """
    import json, sys, threading
    import penstock
    document, threads = json.loads(sys.argv[1]), int(sys.argv[2])
    failed, records = [], []
    go = threading.Event()
    with penstock.Client(document) as api:
        def walk():
            go.wait()
            try:
                records.append(sum(len(page.raw) for page in api.pages("s")))
            except Exception as error:
                failed.append(repr(error))
        all = [threading.Thread(target=walk) for _ in range(threads)]
        for one in all:
            one.start()
        print("ready", flush=True)
        sys.stdin.readline()
        go.set()
        for one in all:
            one.join()
    print(json.dumps({"failed": failed, "records": records}), flush=True)
"""


class Issuer(JSONServer):
    """A token endpoint whose refresh tokens are good once, and an API behind it."""

    def __init__(self) -> None:
        super().__init__(Handler)
        self.lock = threading.Lock()
        self.refresh = "canary-refresh-0"
        self.live: set[str] = set()
        self.asked: list[dict[str, str]] = []
        self.reuses = 0
        self.refused = 0
        self.delay = 0.3
        self.hang = threading.Event()
        self.hang.set()

    def issue(self, given: dict[str, str]) -> tuple[int, dict[str, Any]]:
        with self.lock:
            self.asked.append(given)
            number = len(self.asked)
        time.sleep(self.delay)
        self.hang.wait(30)
        with self.lock:
            answer: dict[str, Any] = {
                "access_token": f"canary-access-{number}",
                "expires_in": 3600,
                "token_type": "Bearer",
            }
            if given["grant_type"] == "refresh_token":
                if given["refresh_token"] != self.refresh:
                    self.reuses += 1
                    return 400, {"error": "invalid_grant"}
                answer["refresh_token"] = self.refresh = f"canary-refresh-{number}"
            self.live.add(answer["access_token"])
            return 200, answer


class Handler(JSONHandler):
    server: Issuer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.say(*self.server.issue(dict(urllib.parse.parse_qsl(body))))

    def do_GET(self) -> None:
        token = (self.headers["Authorization"] or "").partition(" ")[2]
        if token in self.server.live:
            return self.say(200, {"data": [1, 2, 3]})
        self.server.refused += 1
        return self.say(401, {"error": "invalid_token"})


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as server:
        yield server
        server.hang.set()


def document(issuer: Issuer, store: Path | None, grant: str = "refresh_token") -> dict[str, Any]:
    auth: dict[str, Any] = {
        "type": f"oauth2_{grant}",
        "token_url": "/token",
        "client_id": "me",
        "client_secret": "canary-client-secret",
    }
    if grant == "refresh_token":
        auth["refresh_token"] = "canary-refresh-0"
    if store:
        auth["store"] = str(store)
    return {
        "base_url": issuer.url,
        "auth": auth,
        "streams": {"s": {"path": "/s", "records": "data", "pagination": "none"}},
    }


def started(document: dict[str, Any], threads: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), json.dumps(document), str(threads)],
        env=python_path(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def outcome(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    told: dict[str, Any] = json.loads(out)
    return told


def together(source: dict[str, Any], processes: int, threads: int) -> None:
    """Each thread of each process walks the stream, all at once."""
    all_of_them = [started(source, threads) for _ in range(processes)]
    for process in all_of_them:
        go(process)
    for process in all_of_them:
        assert outcome(process) == {"failed": [], "records": [3] * threads}


def expire(store: Path) -> None:
    """A day goes by."""
    with sqlite3.connect(store) as database:
        database.execute("UPDATE tokens SET asked_at_ms = asked_at_ms - 86400000")
    database.close()


@pytest.mark.parametrize("grant", ["refresh_token", "client_credentials"])
def test_four_processes_of_64_threads_renew_an_expired_token_once(
    issuer: Issuer, tmp_path: Path, grant: str
) -> None:
    store = tmp_path / "tokens.db"
    source = document(issuer, store, grant)
    with penstock.Client(source) as api:
        list(api.records("s"))
    assert len(issuer.asked) == 1
    issuer.live.clear()
    expire(store)
    together(source, 4, 64)
    assert len(issuer.asked) == 2, "the first one, and one for 256 threads of four processes"
    assert issuer.reuses == 0 and issuer.refused == 0


def test_without_a_store_each_process_asks(issuer: Issuer) -> None:
    """Or the test above would show nothing."""
    together(document(issuer, None, "client_credentials"), 2, 2)
    assert len(issuer.asked) == 2


def test_every_run_goes_on_with_the_refresh_token_of_the_one_before(
    issuer: Issuer, tmp_path: Path
) -> None:
    issuer.delay = 0
    store = tmp_path / "tokens.db"
    for _ in range(4):
        together(document(issuer, store), 1, 1)
        expire(store)
    spent = [one["refresh_token"] for one in issuer.asked]
    assert spent == [f"canary-refresh-{number}" for number in range(4)]
    # A run without the store knows only the first one, which is spent.
    with (
        penstock.Client(document(issuer, None)) as api,
        pytest.raises(penstock.AuthError) as caught,
    ):
        list(api.records("s"))
    assert "somebody has to give consent again" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_refused_token_is_renewed_by_one_process(issuer: Issuer, tmp_path: Path) -> None:
    store = tmp_path / "tokens.db"
    source = document(issuer, store)
    with penstock.Client(source) as api:
        list(api.records("s"))
    issuer.live.clear()
    together(source, 3, 8)
    assert len(issuer.asked) == 2 and issuer.reuses == 0


def test_a_process_that_is_killed_while_it_asks_holds_up_nobody(
    issuer: Issuer, tmp_path: Path
) -> None:
    store = tmp_path / "tokens.db"
    source = document(issuer, store, "client_credentials")
    issuer.hang.clear()
    first = started(source, 4)
    go(first)
    until(lambda: issuer.asked)
    second = started(source, 4)
    go(second)
    time.sleep(0.3)
    assert len(issuer.asked) == 1, "the second waits for the first"
    first.send_signal(signal.SIGKILL)
    first.communicate()
    issuer.hang.set()
    assert outcome(second) == {"failed": [], "records": [3] * 4}
    assert len(issuer.asked) == 2


def test_what_stands_in_the_file_and_who_can_read_it(issuer: Issuer, tmp_path: Path) -> None:
    issuer.delay = 0
    store = tmp_path / "state.db"
    old = os.umask(0)
    try:
        with penstock.Client(document(issuer, store)) as api:
            list(api.records("s"))
            for path in tmp_path.iterdir():
                assert path.stat().st_mode & 0o777 == 0o600, path
    finally:
        os.umask(old)
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    # The two that have to be there, and none of those that the document has.
    assert b"canary-access-1" in held and b"canary-refresh-1" in held
    assert b"canary-client-secret" not in held and b"canary-refresh-0" not in held
    # Nothing that people look at shows them.
    with penstock.State(store) as state:
        assert "canary" not in json.dumps(state.export())
    store.chmod(0o640)
    with (
        penstock.Client(document(issuer, store)) as api,
        pytest.raises(penstock.StorageError) as caught,
    ):
        list(api.records("s"))
    assert "mode 0640" in str(caught.value) and "credentials at /auth" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(issuer.asked) == 1


def test_the_state_file_of_a_run_will_do(issuer: Issuer, tmp_path: Path) -> None:
    issuer.delay = 0
    state = tmp_path / "state.db"
    for number in range(3):
        penstock.pull(document(issuer, state), directory=tmp_path / f"out{number}", state=state)
        expire(state)
    assert [one["refresh_token"] for one in issuer.asked] == [
        f"canary-refresh-{number}" for number in range(3)
    ]


def test_a_file_that_is_none_is_told(issuer: Issuer, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.db"
    wrong.write_text("no database " * 100)
    wrong.chmod(0o600)
    for path in (wrong, tmp_path / "missing" / "x.db", tmp_path):
        with (
            penstock.Client(document(issuer, path)) as api,
            pytest.raises(penstock.StorageError) as caught,
        ):
            list(api.records("s"))
        assert str(path) in str(caught.value) and "credentials at /auth" in str(caught.value)
    assert issuer.asked == []


# ------------------------------------------------------------- in Redis, in stores of the program


def _expire(redis: Redis) -> None:
    """A day goes by for the tokens in Redis."""
    key = "penstock:{test}:documents:tokens"
    (name,) = redis.ask("HKEYS", key).split()
    token = json.loads(redis.ask("HGET", key, name))
    token["asked_at_ms"] -= 86_400_000
    redis.ask("HSET", key, name, json.dumps(token))


def test_processes_renew_a_token_in_redis_once(
    issuer: Issuer, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_STORE", state_in(redis))
    source = document(issuer, None)
    source["auth"]["store"] = {"env": "TOKEN_STORE"}
    with penstock.Client(source) as api:
        list(api.records("s"))
        assert api.metrics()["tokens_renewed"] == 1
    assert [one["refresh_token"] for one in issuer.asked] == ["canary-refresh-0"]
    issuer.live.clear()
    _expire(redis)
    together(source, 3, 16)
    assert len(issuer.asked) == 2 and issuer.reuses == 0 and issuer.refused == 0
    assert redis.ask("KEYS", "*lease*") == ""


def test_a_new_refresh_token_waits_in_memory_for_redis(issuer: Issuer, redis: Redis) -> None:
    issuer.delay = 0
    source = document(issuer, None)
    source["auth"]["store"] = state_in(redis)
    with penstock.Client(source) as api:
        issuer.hang.clear()
        failed: list[BaseException] = []

        def walk() -> None:
            try:
                list(api.records("s"))
            except penstock.PenstockError as error:
                failed.append(error)

        walking = threading.Thread(target=walk)
        walking.start()
        until(lambda: issuer.asked)
        redis.stop()
        issuer.hang.set()
        walking.join()
        (error,) = failed
        assert isinstance(error, penstock.StorageError) and "credentials at /auth" in str(error)
        assert "canary" not in str(error)
        redis.start()
        assert len(list(api.records("s"))) == 3
    assert len(issuer.asked) == 1
    with penstock.Client(source) as api:
        assert len(list(api.records("s"))) == 3
    assert len(issuer.asked) == 1


def test_a_store_that_waits_does_not_hold_the_client_up(issuer: Issuer) -> None:
    issuer.delay = 0
    store = Waiting()
    source = document(issuer, None)
    source["auth"]["store"] = store.url
    with penstock.Client(source) as api:
        walking = threading.Thread(target=lambda: list(api.records("s")))
        walking.start()
        assert store.waits.wait(60)
        # Answered by the client's thread, while the store's function goes on.
        assert api.metrics()["waiting"][0]["for"] == "token"
        store.go.set()
        walking.join()
        assert len(list(api.records("s"))) == 3
    with penstock.Client(source) as api:
        assert len(list(api.records("s"))) == 3
    assert len(issuer.asked) == 1
    assert "canary-access-1" in json.dumps(store.collections["tokens"])
    store.close()
    with penstock.Client(source) as api, pytest.raises(penstock.StateError, match="no state store"):
        list(api.records("s"))


class Waiting(DictStore):
    """Its first answer takes as long as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.waits, self.go = threading.Event(), threading.Event()

    def get(self, collection: str, keys: Sequence[str]) -> dict[str, str]:
        self.waits.set()
        self.go.wait(60)
        return super().get(collection, keys)
