"""The small programs: what they say, what they write, and how they end."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from demo.servers import answer_of, running

from .conftest import EXAMPLES, ROOT, SIZE, Practice, environment, lines, run


def dump(practice: Practice, collection: str) -> list[object]:
    with urllib.request.urlopen(f"{practice.url}/_dump/{collection}") as reply:
        return [json.loads(line) for line in reply.read().splitlines()]


@pytest.mark.parametrize(
    "path",
    ["/cursor/users", "/offset/events", "/page/posts", "/link/comments", "/stripe/transactions"],
)
def test_unknown_api(practice: Practice, path: str) -> None:
    done = run("unknown_api.py", practice.url + path)
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in lines(done.stdout)]
    assert records == dump(practice, path.rpartition("/")[2])
    assert done.stderr == f"{SIZE} records\n"


def test_unknown_api_ends_where_told(practice: Practice) -> None:
    done = run("unknown_api.py", f"{practice.url}/link/posts", "--max-records", "250")
    assert done.returncode == 0, done.stderr
    assert len(lines(done.stdout)) == 250


def test_unknown_api_says_what_is_wrong(practice: Practice) -> None:
    done = run("unknown_api.py", f"{practice.url}/nothing/here")
    assert done.returncode == 1
    assert done.stderr.startswith("unknown_api: ") and "404" in done.stderr
    assert "Traceback" not in done.stderr


def test_unknown_api_before_a_closed_pipe(practice: Practice) -> None:
    process = subprocess.Popen(
        [sys.executable, EXAMPLES / "unknown_api.py", f"{practice.url}/cursor/users"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    with process.stderr as errors:
        assert errors.read() == b""
    assert process.wait(30) == 141


def test_three_sources(practice: Practice, tmp_path: Path) -> None:
    done = run("three_sources.py", practice.url, "--directory", tmp_path)
    assert done.returncode == 0, done.stderr
    table = done.stdout.splitlines()[-5:]
    assert table[0].split() == [
        "stream", "records", "seconds", "records/s", "requests", "state",
    ]  # fmt: skip
    assert [line.split()[0] for line in table[1:4]] == ["users", "transactions", "events"]
    for source, stream in (
        ("accounts", "users"),
        ("billing", "transactions"),
        ("tracking", "events"),
    ):
        written = (tmp_path / f"{source}.{stream}.jsonl").read_bytes()
        truth = practice.ask(f"/_truth/{stream}")
        assert hashlib.sha256(written).hexdigest() == truth["sha256"]
    limiters = practice.ask("/_stats")["limiters"]
    assert {name: each["violations"] for name, each in limiters.items()} == {
        "accounts": 0,
        "billing": 0,
        "tracking": 0,
    }


def test_the_closing_exercise(practice: Practice, tmp_path: Path) -> None:
    done = run("closing_exercise.py", practice.url, "--directory", tmp_path / "exercise")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" 0 missing, 0 too many") == 3
    assert "0 violations" in done.stdout


def test_three_sources_when_one_fails(practice: Practice, tmp_path: Path) -> None:
    # The fifth request, whosever it is, comes to nothing.
    url = f"{practice.url}/fault/404;on=5;name=five"
    done = run("three_sources.py", url, "--directory", tmp_path)
    assert done.returncode == 1, done.stdout
    states = [line.split()[-1] for line in done.stdout.splitlines() if line.split()[-1:]]
    assert states.count("done") == 2 and states.count("failed") == 1
    assert "404" in done.stdout


def test_progress_comes_every_thousand_records(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import penstock
    import three_sources

    api = ROOT / "Tests" / "practice_api"
    command: list[str | Path] = [sys.executable, api, "--until-eof", "--quiet", "--records", "4500"]
    with running(command) as server:
        job = three_sources.job(server["http"], tmp_path)
        # One is enough here: its burst lets all of it through at once.
        job = {"source": job["sources"][0]["source"], "params": job["sources"][0]["params"],
               "output": job["output"]}  # fmt: skip
        penstock.pull(job, on_progress=three_sources.Progress(), interval=0.001)
    shown = capsys.readouterr().out.splitlines()
    told = [int(line.split()[3].replace(",", "")) for line in shown]
    assert told[-1] == 4000 and told == sorted(set(told))
    assert all(number % 1000 == 0 for number in told)


@pytest.mark.skipif(
    importlib.util.find_spec("datasette") is None, reason="needs scripts/setup-python.sh"
)
def test_pull_flights(tmp_path: Path) -> None:
    servers = ROOT / "Tests" / "real_servers"
    truth = answer_of([sys.executable, servers, "flights", "truth"])
    with running([sys.executable, servers, "flights", "--until-eof"], within=120) as server:
        done = run("pull_flights.py", server["url"], "--directory", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{truth['count']:,} flights in ")
    assert done.stdout.rstrip().endswith(str(truth["sha256_as_sent"]))


def test_own_database_stores_each_record_once(practice: Practice, tmp_path: Path) -> None:
    source = tmp_path / "source.json"
    text = (ROOT / "examples/c/source.json").read_text()
    source.write_text(text.replace("http://127.0.0.1:8080", practice.url))
    database = tmp_path / "own.db"
    for new in (SIZE, 0):
        done = run("own_database.py", source, "users", database)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{new} records stored, {SIZE} in all\n"


def test_own_state_store_knows_what_was_pulled(practice: Practice, tmp_path: Path) -> None:
    source = tmp_path / "source.json"
    text = (ROOT / "examples/c/source.json").read_text()
    source.write_text(text.replace("http://127.0.0.1:8080", practice.url))
    for _ in range(2):
        done = run("own_state_store.py", source, tmp_path / "out", tmp_path / "own.db")
        assert done.returncode == 0, done.stderr
        assert f"users: {SIZE} records\n" in done.stdout
        assert done.stdout.endswith("the files are what was written\n")
