"""The command line: exit codes, one line for an error, progress, signals, pipes."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import penstock
from penstock.cli import main
from penstock.cli.progress import Progress

from .conftest import SOURCE

Write = Callable[..., str]
# Any document without a stream called "users".
SOURCE_FILE = str(Path(__file__).with_name("empty.json"))
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE)}
COMMAND = [sys.executable, "-X", "dev", "-m", "penstock"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def source(words: str = "", **keys: object) -> str:
        path = tmp_path / "source.json"
        document = {"base_url": "http://127.0.0.1", "streams": {"users": {}}, **keys}
        path.write_text(json.dumps({**document, "description": words}))
        return str(path)

    return source


def one_line(text: str) -> str:
    assert text.count("\n") == 1, text
    assert text.startswith("penstock: "), text
    return text[len("penstock: ") : -1]


def test_pull_prints_a_table_and_ends_with_0(write: Write) -> None:
    ended = run("pull", write(), "--output", "there", "--stream", "users", "--param", "a=b=c")
    assert ended.returncode == 0, ended.stderr
    rows = [line.split() for line in ended.stdout.splitlines()]
    assert rows[0] == ["stream", "state", "records", "seconds", "records/s"]
    assert [row[0] for row in rows[1:]] == ["users", "events", "total"]


def test_pull_as_json(write: Write) -> None:
    ended = run("pull", write(), "--json", "--quiet")
    assert (ended.returncode, ended.stderr) == (0, "")
    document = json.loads(ended.stdout)
    assert (document["ok"], document["records"]) == (True, 7)
    assert document["streams"][0]["file"] == "out/users.jsonl"


def test_a_stream_that_fails_ends_with_1_and_one_line(write: Write) -> None:
    ended = run("pull", write("then:23"), "--quiet")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert one_line(ended.stderr) == "events: broken"
    as_json = run("pull", write("then:23"), "--quiet", "--json")
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout)["streams"][1]["error"]["status"] == 23


@pytest.mark.parametrize(
    ("status", "code"), [(16, 2), (17, 2), (18, 1), (21, 1), (23, 1), (26, 1), (29, 1), (31, 1)]
)
def test_exit_codes_tell_a_wrong_document_from_a_failure(
    write: Write, status: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["check"], ["pull"], ["get", "/users"]):
        path = write(f"fail:{status}")
        assert main([command[0], path, *command[1:]]) == code
        out, errors = capsys.readouterr()
        place = f"{path}: " if status == 17 else ""
        about = "(http://127.0.0.1/users?page=…, request id req-1)"
        told = f"{place}told to fail with {status} at /streams/users {about}"
        assert (out, one_line(errors)) == ("", told)


def test_check_says_what_is_there(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(streams={"users": {}, "events": {}})
    assert main(["check", path]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{path}: fine, 2 streams: users, events",
        "",
        "http://127.0.0.1",
        "  limits       none given",
        "",
        "users: GET http://127.0.0.1/users",
        "  paging       there is one page",
        "  stops        - at once",
        "               - or later",
        "",
        "notes",
        "  - secrets: read",
        "",
    ]
    assert main(["check", path, "--quiet", "--no-secrets"]) == 0
    assert capsys.readouterr().out == f"{path}: fine, 2 streams: users, events\n"


def test_check_as_json(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write()
    assert main(["check", path, "--json", "--no-secrets"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["document"], document["notes"]) == (path, ["secrets: skipped"])


def test_check_tries_every_source_of_a_job(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "job.json"
    sources = [{"name": "one", "source": {"streams": {"a": {}}}}, {"source": {"name": "fail:17"}}]
    path.write_text(json.dumps({"sources": sources}))
    assert main(["check", str(path), "--quiet"]) == 2
    out, errors = capsys.readouterr()
    assert out == f"{path}: one: fine, 1 stream: a\n"
    assert "told to fail with 17" in one_line(errors)


def test_get_prints_the_body_as_it_came(write: Write) -> None:
    ended = run("get", "http://127.0.0.1/me")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == '{"data":[{"id":0,"n":1},{"id":0,"n":2}]}'
    assert run("get", write(), "/me").stdout == ended.stdout


def test_get_prints_records_one_a_line(write: Write) -> None:
    lines = '{"id":0,"n":1}\n{"id":0,"n":2}\n'
    assert run("get", "http://127.0.0.1/users", "--records").stdout == lines
    assert run("get", write(), "users").stdout == lines
    assert run("get", write(), "/users?a=1", "--max-pages", "3").stdout == lines


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fetch"],
        ["pull"],
        ["pull", "a.json", "--param", "novalue"],
        ["pull", "a.json", "--qu"],
        ["get", "http://127.0.0.1/", "/path"],
        ["get", "http://127.0.0.1/", "--max-pages", "0"],
        ["get", SOURCE_FILE, "users"],
        ["get", SOURCE_FILE],
        ["check", "/no/such/file.json"],
        ["get", "/no/such/file.json", "/users"],
        ["pull", "/no/such/file.json"],
    ],
)
def test_a_wrong_command_line_is_one_line_and_2(arguments: list[str]) -> None:
    ended = run(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    one_line(ended.stderr)


def test_help_has_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "130 Ctrl-C" in capsys.readouterr().out


def test_versions_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    out = capsys.readouterr().out
    assert out.startswith("penstock 0.1.0 (library 0.1.0, ABI 0, ")


def test_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == penstock.schema()


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "penstock: interrupted\n"),
        (signal.SIGTERM, 143, "penstock: terminated\n"),
    ],
)
def test_signals_end_a_run_within_a_moment(
    write: Write, number: signal.Signals, code: int, said: str
) -> None:
    process = subprocess.Popen(
        [*COMMAND, "pull", write("stuck")], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert "users  3/3" in process.stderr.readline()
    started = time.monotonic()
    process.send_signal(number)
    errors = ""
    while not errors.endswith(said) and (line := process.stderr.readline()):
        errors += line
    # Until it says so: how long it takes to exit is Python's business.
    assert time.monotonic() - started < 3
    errors += process.communicate(timeout=60)[1]
    assert process.returncode == code
    assert errors.endswith(said)
    assert "Traceback" not in errors


def test_a_reader_that_goes_away_is_no_error_to_talk_about(write: Write) -> None:
    process = subprocess.Popen(
        [*COMMAND, "get", write(), "/pages:100000", "--records"],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(20) == 141
    assert process.stderr.read() == b""
    process.stderr.close()


def test_progress_on_a_terminal_is_a_line_a_stream_that_goes_away(write: Write) -> None:
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "pull", write()], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    process.communicate(timeout=20)
    shown = "".join(read_all(mine))
    assert process.returncode == 0
    assert shown.startswith("\r\x1b[J")
    assert "users  3/3  done" in shown
    # Back to where it began, and all of it away.
    assert shown.endswith("\r\x1b[1A\x1b[J")


def read_all(descriptor: int) -> Iterator[str]:
    while select.select([descriptor], [], [], 1)[0]:
        try:
            yield os.read(descriptor, 4096).decode()
        except OSError:
            break
    os.close(descriptor)


def test_progress_elsewhere_is_a_line_for_what_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    out = io.StringIO()
    progress = Progress(out)
    report = penstock.pull({"streams": {}})
    for _ in range(50):
        now[0] += 0.1
        progress.show(report)
    progress.clear()
    # Nothing new happened after the first ones.
    assert [line.split("  ")[:3] for line in out.getvalue().splitlines()] == [
        ["users", "3/3", "done"],
        ["events", "4", "done"],
    ]
