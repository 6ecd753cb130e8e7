"""States in Redis and in stores of the program: whatever dies, nothing is lost or twice."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import penstock
import pytest
from penstock.cli import main
from watching import parked, state_in, until

from budget.redis_server import Redis
from loopback import JSONServer

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples/python"))

from own_state_store import DatabaseStore, DictStore

KILLS = int(os.environ.get("PENSTOCK_CRASH_ITERATIONS", "3"))
ROWS, SIZE = 1200, 20
Place = Any


class _Rows(JSONServer):
    edition = 0
    asked = 0

    def answer(self, path: str, query: dict[str, str]) -> Any:
        self.asked += 1
        start = int(query.get("cursor", 0))
        edition = self.edition if path == "/news" else 0
        rows = [
            {"id": n, "text": f"row {n} é", "edition": edition if n % 10 == 0 else 0}
            for n in range(start, min(start + SIZE, ROWS))
        ]
        more = start + SIZE < ROWS
        return {"data": rows, "next": str(start + SIZE) if more else None}


@pytest.fixture(scope="module")
def server() -> Iterator[_Rows]:
    with _Rows() as server:
        yield server


@pytest.fixture
def source(server: _Rows) -> dict[str, Any]:
    cursor = {"type": "cursor", "param": "cursor", "from": "next"}
    rows = {"records": "data", "pagination": cursor, "key": "id"}
    across = {**rows, "duplicates": {"across_runs": True}}
    return {
        "base_url": server.url,
        "streams": {"rows": {"path": "/rows", **rows}, "news": {"path": "/news", **across}},
    }


@pytest.fixture(params=["redis", "dict", "database"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """One of each kind."""
    if request.param == "redis":
        yield state_in(request.getfixturevalue("redis"))
        return
    store = DictStore() if request.param == "dict" else DatabaseStore(tmp_path / "own.db")
    yield store
    store.close()


def _slow(source: dict[str, Any], limits: str = "1/25ms") -> dict[str, Any]:
    return {**source, "limits": limits}


def _ids(file: Path) -> list[int]:
    return [json.loads(line)["id"] for line in file.read_text().splitlines()]


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _until_it_grows(file: Path, run: subprocess.Popen[bytes]) -> None:
    """So that there is something to lose; or until the run is over."""
    size = file.stat().st_size if file.exists() else 0
    until(lambda: run.poll() is not None or (file.exists() and file.stat().st_size > size))


def _job(source: dict[str, Any], out: Path, place: Place, **more: Any) -> dict[str, Any]:
    state = place.url if isinstance(place, penstock.StateStore) else place
    return {
        "source": source,
        "streams": ["rows"],
        "output": {"directory": str(out)},
        "state": state,
        **more,
    }


def _met(
    source: dict[str, Any], out: Path, place: Place, by: Callable[[], object]
) -> penstock.StreamReport:
    """A run that something happens to in the middle, when it is over."""
    with penstock.Sync(_job(source, out, place)) as run:
        until(lambda: run.report()["rows"].records > 200)
        by()
        assert run.wait(60)
        return run.report()["rows"]


def test_a_run_that_is_stopped_goes_on_where_it_stood(
    source: dict[str, Any], tmp_path: Path, place: Place
) -> None:
    out = tmp_path / "out"
    report = parked(1, _slow(source, "4/1h"), out, streams=["rows"], state=place)
    first = report["rows"].records
    assert report["rows"].state == "parked" and 0 < first < ROWS
    with penstock.State(place) as held:
        assert held.verify()["ok"]
        exported = held.export()
        (entry,) = exported["streams"]
        assert (entry["name"], entry["phase"], entry["records"]) == ("rows", "running", first)
        assert sum(piece[3] for piece in entry["pieces"]) == first
        assert [run["result"] for run in exported["runs"]] == ["parked"]
        # Elsewhere and back: the texts are the same wherever they come from.
        with penstock.State(tmp_path / "file.db") as file:
            file.take(exported)
            moved = file.export()
            assert moved["streams"][0]["pieces"] == entry["pieces"]
        held.reset("rows")
        assert held.export()["streams"] == []
        with pytest.raises(penstock.InvalidArgument, match="no stream"):
            held.reset("rows")
        held.take(moved)
    report = penstock.pull(source, out, streams=["rows"], state=place)
    assert report["rows"].earlier_records == first
    assert _ids(out / "rows.jsonl") == list(range(ROWS))
    with penstock.State(place) as held:
        assert held.export()["streams"][0]["phase"] == "done"
        assert held.verify()["ok"]


def test_a_stream_has_one_writer(source: dict[str, Any], tmp_path: Path, place: Place) -> None:
    out = tmp_path / "out"
    written = pytest.raises(penstock.StateError, match="is being written by another run")
    with penstock.Sync(_job(_slow(source), out, place)):
        with written:
            penstock.pull(source, out, streams=["rows"], state=place)
        with penstock.State(place) as held, written:
            held.reset()
    assert penstock.pull(source, out, streams=["rows"], state=place).ok
    assert _ids(out / "rows.jsonl") == list(range(ROWS))


def test_what_earlier_runs_wrote_is_left_out(
    server: _Rows, source: dict[str, Any], tmp_path: Path, place: Place
) -> None:
    def pull() -> Any:
        options: dict[str, Any] = {"streams": ["news"], "keep_runs": True, "state": place}
        return penstock.pull(source, tmp_path / "out", **options)["news"]

    server.edition = 0
    assert pull().records == ROWS
    again = pull()
    assert (again.records, again.unchanged, again.changed) == (0, ROWS, 0)
    server.edition = 1
    changed = pull()
    assert (changed.records, changed.changed) == (ROWS // 10, ROWS // 10)
    assert _ids(tmp_path / "out/news.000003.jsonl") == list(range(0, ROWS, 10))


PROGRAM = """
import json, sys
from own_state_store import DatabaseStore
from pathlib import Path
import penstock
source, out, place = sys.argv[1:]
state = place if "://" in place else DatabaseStore(Path(place))
penstock.pull(json.loads(source), out, streams=["rows"], state=state)
"""


@pytest.mark.parametrize("kind", ["redis", "database"])
def test_killed_at_random_instants(
    source: dict[str, Any], tmp_path: Path, redis: Redis, kind: str
) -> None:
    penstock.pull(source, tmp_path / "golden", streams=["rows"])
    package = Path(penstock.__file__).parents[1]
    examples = Path(__file__).resolve().parents[2] / "examples/python"
    environment = {**os.environ, "PYTHONPATH": f"{package}:{examples}"}
    place = state_in(redis) if kind == "redis" else str(tmp_path / "own.db")
    # What is awaited before it is killed: that it has something to lose.
    slow = json.dumps(_slow(source, "1/10ms"))
    chance = random.Random(3)
    kills = 0
    while kills < KILLS:
        out = tmp_path / f"out{kills}"
        while True:
            command = [sys.executable, "-c", PROGRAM, slow, str(out), place]
            run = subprocess.Popen(command, env=environment)
            part = out / "rows.jsonl.part"
            _until_it_grows(part, run)
            time.sleep(chance.uniform(0, 0.15))
            run.send_signal(signal.SIGKILL)
            if run.wait() == 0:
                break
            kills += 1
            if kills >= KILLS:
                # Nobody waits for the lease of a process that is gone.
                assert subprocess.run(command, env=environment, check=False).returncode == 0
                break
        assert _digest(out / "rows.jsonl") == _digest(tmp_path / "golden/rows.jsonl")
        assert not list(out.glob("*.part"))


def test_redis_dies_and_the_next_run_goes_on(
    source: dict[str, Any], tmp_path: Path, redis: Redis
) -> None:
    out = tmp_path / "out"
    error = _met(_slow(source), out, state_in(redis), redis.stop).error
    assert isinstance(error, penstock.StorageError)
    assert "the state in Redis" in str(error) and "can't be reached" in str(error)
    assert str(redis.socket) in str(error)
    with pytest.raises(penstock.StorageError, match="can't be reached"):
        penstock.pull(source, out, streams=["rows"], state=state_in(redis))
    redis.start()
    report = penstock.pull(source, out, streams=["rows"], state=state_in(redis))
    assert (report["rows"].earlier_records or 0) > 0
    assert _ids(out / "rows.jsonl") == list(range(ROWS))


def test_redis_that_is_started_again_stops_nobody(
    source: dict[str, Any], tmp_path: Path, redis: Redis
) -> None:
    out = tmp_path / "out"

    def restart() -> None:
        redis.stop()
        redis.start()

    report = _met(_slow(source), out, state_in(redis), restart)
    assert report.ok, report.error
    assert _ids(out / "rows.jsonl") == list(range(ROWS))
    with penstock.State(state_in(redis)) as held:
        assert held.verify()["ok"]


def test_redis_that_forgot_everything_lets_the_stream_begin_anew(
    source: dict[str, Any], tmp_path: Path, redis: Redis
) -> None:
    out = tmp_path / "out"
    error = _met(_slow(source), out, state_in(redis), lambda: redis.ask("FLUSHALL")).error
    assert isinstance(error, penstock.StateError) and "no longer" in str(error)
    assert redis.ask("KEYS", "*documents:streams") == ""
    report = penstock.pull(source, out, streams=["rows"], state=state_in(redis))
    assert report["rows"].earlier_records is None
    assert _ids(out / "rows.jsonl") == list(range(ROWS))


def test_who_lost_the_lease_writes_nothing_more(
    source: dict[str, Any], tmp_path: Path, redis: Redis
) -> None:
    out = tmp_path / "out"
    commits: list[int] = []

    def look() -> None:
        entry = redis.ask("HGET", "penstock:{test}:documents:streams", "rows")
        commits.append(json.loads(entry)["commits"])

    def take_away() -> None:
        assert redis.ask("SET", "penstock:{test}:lease:stream:rows", "another") == "OK"
        look()

    assert isinstance(
        _met(_slow(source), out, state_in(redis), take_away).error, penstock.StateError
    )
    look()
    # One commit may have been under way when the lease went.
    before, after = commits
    assert after <= before + 1
    assert redis.ask("GET", "penstock:{test}:lease:stream:rows") == "another"
    with pytest.raises(penstock.StateError, match=r"being written by another run \(another\)"):
        penstock.pull(source, out, streams=["rows"], state=state_in(redis))


def test_leases_are_renewed_as_long_as_the_run_lives(
    source: dict[str, Any], tmp_path: Path, redis: Redis
) -> None:
    url = state_in(redis, "prefix=test&lease=1s")
    # Nothing comes for longer than the lease holds.
    slow = _slow(source, "1/2s")
    with penstock.Sync(_job(slow, tmp_path / "out", url)):
        time.sleep(1.6)
        assert 0 < int(redis.ask("PTTL", "penstock:{test}:lease:stream:rows")) <= 1000
    assert redis.ask("EXISTS", "penstock:{test}:lease:stream:rows") == "0"


def test_the_command_line_takes_urls(
    source: dict[str, Any], tmp_path: Path, redis: Redis, capfd: pytest.CaptureFixture[str]
) -> None:
    url = state_in(redis)
    document = tmp_path / "source.json"
    document.write_text(json.dumps(source))
    out = ["--output", str(tmp_path / "out"), "--state", url, "--stream", "rows", "--quiet"]
    assert main(["pull", str(document), *out]) == 0
    assert main(["state", "show", url]) == 0
    assert capfd.readouterr().out.startswith(f"rows: done, {ROWS} records")
    assert main(["state", "export", url]) == 0
    exported = tmp_path / "exported.json"
    exported.write_text(capfd.readouterr().out)
    other = state_in(redis, "prefix=other")
    assert main(["state", "import", other, str(exported)]) == 0
    assert main(["verify", other]) == 0
    assert main(["state", "reset", url, "rows"]) == 0
    assert main(["state", "show", url]) == 0
    assert main(["state", "show", other]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == 2 and all(line.startswith("rows: ") for line in lines)


class Faulty(DictStore):
    """Fails in the function that it is told, from then on."""

    fails = ""

    def get(self, collection: str, keys: Sequence[str]) -> dict[str, str]:
        self._go("get")
        return super().get(collection, keys)

    def scan(self, collection: str) -> dict[str, str]:
        self._go("scan")
        return super().scan(collection)

    def commit(self, changes: Any, leases: Any, holder: str, seconds: float) -> str | None:
        # What is there when it fails after all may have been made.
        lost = super().commit(changes, leases, holder, seconds)
        self._go("commit")
        return lost

    def acquire(self, lease: str, holder: str, seconds: float) -> str | None:
        self._go("acquire")
        return super().acquire(lease, holder, seconds)

    def _go(self, function: str) -> None:
        if self.fails == function:
            raise RuntimeError("the disk is\non fire")


def test_what_a_store_raises_is_told_and_loses_nothing(
    source: dict[str, Any], tmp_path: Path
) -> None:
    out, store = tmp_path / "out", Faulty()
    error = _met(_slow(source), out, store, lambda: setattr(store, "fails", "commit")).error
    assert isinstance(error, penstock.StorageError)
    said = r"store \"Faulty-\d+-\d+\" of the host failed \({}\): RuntimeError: the disk is on fire"
    for function in ("commit", "get", "acquire", "scan"):
        store.fails = function
        with pytest.raises(penstock.StorageError, match=said.format(function)):
            penstock.pull(source, out, streams=["rows"], state=store)
    store.fails = ""
    report = penstock.pull(source, out, streams=["rows"], state=store)
    assert (report["rows"].earlier_records or 0) > 0
    assert _ids(out / "rows.jsonl") == list(range(ROWS))


class Slow(DictStore):
    """Counts the requests that come while it commits."""

    def __init__(self, server: _Rows) -> None:
        super().__init__()
        self.server = server
        self.came: list[int] = []

    def commit(self, changes: Any, leases: Any, holder: str, seconds: float) -> str | None:
        before = self.server.asked
        time.sleep(0.1)
        self.came.append(self.server.asked - before)
        return super().commit(changes, leases, holder, seconds)


def test_pages_are_read_ahead_while_a_store_takes_its_time(
    server: _Rows, source: dict[str, Any], tmp_path: Path
) -> None:
    store = Slow(server)
    report = penstock.pull(_slow(source, "1/5ms"), tmp_path / "out", streams=["rows"], state=store)
    # One may have been on its way when the store was called.
    assert report.ok and max(store.came) > 1, store.came
    assert _ids(tmp_path / "out/rows.jsonl") == list(range(ROWS))
    store.close()


class Ending(DictStore):
    """Its commit of how a run ended takes as long as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go = threading.Event(), threading.Event()
        self.is_through = False

    def commit(self, changes: Any, leases: Any, holder: str, seconds: float) -> str | None:
        if any(one.collection == "runs" and "ended_at" in one.value for one in changes):
            self.reached.set()
            self.go.wait(3)
            self.is_through = True
        return super().commit(changes, leases, holder, seconds)


def test_who_asks_how_far_a_run_is_waits_for_no_store(
    source: dict[str, Any], tmp_path: Path
) -> None:
    store = Ending()
    with penstock.Sync(_job(source, tmp_path / "out", store)) as run:
        assert store.reached.wait(60)
        assert run.report()["rows"].records == ROWS and not store.is_through
        store.go.set()
        assert run.wait(60)
    store.close()


class Schemaless(DictStore):
    def get(self, collection: str, keys: Sequence[str]) -> dict[str, str]:
        if collection.startswith("schemas/"):
            raise RuntimeError("no such table")
        return super().get(collection, keys)


def test_a_run_that_could_not_begin_has_an_end(source: dict[str, Any], tmp_path: Path) -> None:
    store = Schemaless()
    with pytest.raises(penstock.StorageError, match="no such table"):
        penstock.pull(source, tmp_path / "out", streams=["rows"], state=store)
    (run,) = (json.loads(text) for text in store.collections["runs"].values())
    assert run["result"] == "failed" and "no such table" in run["message"]
    store.close()


def test_places_that_are_none(source: dict[str, Any], tmp_path: Path, redis: Redis) -> None:
    def refused(state: Any, kind: type[penstock.PenstockError], words: str) -> None:
        with pytest.raises(kind, match=words) as caught:
            penstock.pull(source, tmp_path / "out", streams=["rows"], state=state)
        assert "hunter2" not in str(caught.value)

    refused("redis://:hunter2@127.0.0.1:x/0", penstock.ConfigError, "at /state: expected a port")
    refused("rediss://:hunter2@127.0.0.1/0", penstock.ConfigError, "TLS to Redis")
    refused(state_in(redis, "prefix="), penstock.ConfigError, "expected a prefix")
    refused(state_in(redis, "lease=1h2"), penstock.ConfigError, "expected a duration")
    refused(state_in(redis, "colour=red"), penstock.ConfigError, "expected prefix=")
    refused("host:", penstock.ConfigError, 'expected "host:" and a name')
    refused("host:nobody", penstock.StateError, 'registered no state store "nobody"')
    refused("redis://user:hunter2@127.0.0.1:1/0", penstock.StorageError, "can't be reached")
    with pytest.raises(penstock.InvalidArgument, match="expected a port"):
        penstock.State("redis://:hunter2@h:0")
    # What somebody else keeps under the names, and what a newer library left.
    assert redis.ask("SET", "penstock:{taken}:documents:meta", "x") == "OK"
    refused(state_in(redis, "prefix=taken"), penstock.StorageError, "WRONGTYPE")
    assert redis.ask("HSET", "penstock:{newer}:documents:meta", "version", "2") == "1"
    refused(state_in(redis, "prefix=newer"), penstock.StorageError, "from a newer library")
    assert redis.ask("HSET", "penstock:{odd}:documents:streams", "rows", "{}") == "1"
    refused(state_in(redis, "prefix=odd"), penstock.StorageError, "is damaged")
    job = _job(source, tmp_path / "out", state_in(redis), max_duration="60s")
    job["state"] = {"redis": state_in(redis), "prefix": "said", "lease": "2s"}
    assert penstock.pull(job)["rows"].records == ROWS
    assert redis.ask("EXISTS", "penstock:{said}:documents:streams") == "1"


def test_a_password_is_a_reference(
    source: dict[str, Any], tmp_path: Path, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert redis.ask("CONFIG", "SET", "requirepass", "hunter2") == "OK"
    state: dict[str, Any] = {"redis": f"unix://{redis.socket}"}
    job = _job(source, tmp_path / "out", state)
    with pytest.raises(penstock.AuthError, match="NOAUTH"):
        penstock.pull(job)
    monkeypatch.setenv("STATE_PASSWORD", "hunter3")
    state["password"] = {"env": "STATE_PASSWORD"}
    with pytest.raises(penstock.AuthError, match="Redis refused") as caught:
        penstock.pull(job)
    assert "hunter3" not in str(caught.value)
    monkeypatch.setenv("STATE_PASSWORD", "hunter2")
    assert penstock.pull(job)["rows"].records == ROWS
    redis.process.kill()
