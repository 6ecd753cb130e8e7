"""Whole sources into files, in code and from the command line."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import penstock

from .conftest import SOURCE, Practice

STREAMS: dict[str, Any] = {
    "users": {
        "path": "/cursor/users",
        "records": "data",
        "pagination": {"type": "cursor", "size": 100},
    },
    "events": {
        "path": "/offset/events",
        "records": "data",
        "pagination": {"type": "offset", "size": 500},
    },
    "posts": {"path": "/link/posts", "pagination": "link"},
}


def digest_of(path: Path) -> tuple[int, str]:
    text = path.read_bytes()
    return text.count(b"\n"), hashlib.sha256(text).hexdigest()


def command(*arguments: str, folder: Path, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "dev", "-m", "penstock", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(SOURCE), **more.pop("env", {})},
        capture_output=True,
        text=True,
        timeout=60,
        **more,
    )


@pytest.fixture
def document(practice: Practice, tmp_path: Path) -> Path:
    path = tmp_path / "source.json"
    path.write_text(json.dumps(practice.source(streams=STREAMS), indent=2))
    return path


def test_every_stream_comes_whole(practice: Practice, tmp_path: Path) -> None:
    seen: list[penstock.Report] = []
    report = penstock.pull(
        practice.source(streams=STREAMS), tmp_path / "out", on_progress=seen.append, interval=0.02
    )
    assert report.ok
    assert set(report) == set(STREAMS)
    for name in STREAMS:
        assert report[name].file is not None
        assert digest_of(tmp_path / "out" / f"{name}.jsonl") == practice.truth(name)
        assert report[name].records == practice.truth(name)[0]
        assert report[name].pages > 1
        assert report[name].requests >= report[name].pages
    assert seen[-1].done
    counts = [step.records for step in seen]
    assert counts == sorted(counts)


def test_only_the_streams_that_are_asked_for(document: Path, tmp_path: Path) -> None:
    report = penstock.pull(document, tmp_path / "out", streams=["users"])
    assert list(report) == ["users"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["users.jsonl"]


def test_one_stream_that_fails_does_not_stop_the_others(practice: Practice, tmp_path: Path) -> None:
    source = practice.source(streams={**STREAMS, "bad": "/fault/500/single/users"})
    report = penstock.pull(source, tmp_path / "out", check=False)
    assert not report.ok
    assert [name for name, stream in report.items() if not stream.ok] == ["bad"]
    error = report["bad"].error
    assert isinstance(error, penstock.HTTPStatusError)
    assert error.http_status == 500
    with pytest.raises(penstock.HTTPStatusError) as caught:
        penstock.pull(source, tmp_path / "out2")
    assert caught.value.report["users"].ok  # type: ignore[attr-defined]


def test_a_job_of_two_sources(practice: Practice, tmp_path: Path) -> None:
    one = {"name": "one", "source": practice.source(streams={"users": STREAMS["users"]})}
    two = {**one, "name": "two"}
    job = {"sources": [one, two], "output": {"directory": str(tmp_path)}}
    report = penstock.pull(job)
    assert list(report) == ["one.users", "two.users"]
    for name in report:
        assert digest_of(tmp_path / f"{name}.jsonl") == practice.truth("users")


def test_parameters_choose_the_server(practice: Practice, tmp_path: Path) -> None:
    source = {"base_url": {"param": "base_url"}, "streams": {"users": STREAMS["users"]}}
    report = penstock.pull(source, tmp_path, params={"base_url": practice.http})
    assert report["users"].ok


# ------------------------------------------------------------------------------- command line


def test_pull_and_its_exit_codes(practice: Practice, document: Path, tmp_path: Path) -> None:
    ended = command("pull", str(document), "--output", "there", folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    rows = [line.split() for line in ended.stdout.splitlines()]
    assert {row[0] for row in rows} == {"stream", *STREAMS, "total"}
    assert digest_of(tmp_path / "there" / "events.jsonl") == practice.truth("events")

    bad = practice.source(streams={"users": STREAMS["users"], "bad": "/fault/500/single/users"})
    document.write_text(json.dumps(bad))
    ended = command("pull", str(document), "--quiet", "--json", folder=tmp_path)
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["ok"] is False
    assert ended.stderr.startswith("penstock: bad: ")
    assert ended.stderr.count("\n") == 1


def test_check_and_a_mistake_in_one_line(document: Path, tmp_path: Path) -> None:
    ended = command("check", "source.json", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("source.json: fine, 3 streams: users, events, posts\n\n")
    assert "\n  paging       " in ended.stdout
    ended = command("check", "source.json", "--quiet", folder=tmp_path)
    assert ended.stdout == "source.json: fine, 3 streams: users, events, posts\n"
    for mistake, place in (
        (document.read_text().replace('"base_url"', '"bas_url"'), "bas_url"),
        (document.read_text().replace("\n  }", "\n  "), "line"),
    ):
        document.write_text(mistake)
        for verb in ("check", "pull"):
            ended = command(verb, "source.json", folder=tmp_path)
            assert (ended.returncode, ended.stdout) == (2, "")
            assert ended.stderr.startswith("penstock: source.json: ")
            assert place in ended.stderr
            assert ended.stderr.count("\n") == 1
        assert not (tmp_path / "out").exists()


def test_get_a_body_and_records(practice: Practice, document: Path, tmp_path: Path) -> None:
    ended = command("get", f"{practice.http}/single/users:2", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(json.loads(ended.stdout)) == 2
    ended = command("get", f"{practice.http}/cursor/users:250", "--records", folder=tmp_path)
    told = hashlib.sha256(ended.stdout.encode()).hexdigest()
    assert (ended.stdout.count("\n"), told) == practice.truth("users:250")
    ended = command("get", "source.json", "posts", "--max-records", "7", folder=tmp_path)
    assert ended.stdout.count("\n") == 7
    ended = command("get", "source.json", "/fault/404/single/users", folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "404" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_no_secret_is_ever_shown(practice: Practice, tmp_path: Path) -> None:
    secret = "s3cr3t-t0ken-of-mine"
    auth = {"type": "bearer", "token": {"env": "MY_TOKEN"}}
    streams = {"users": "/auth/bearer:another/single/users"}
    path = tmp_path / "source.json"
    path.write_text(json.dumps(practice.source(auth=auth, streams=streams)))
    for arguments in (["pull", "source.json", "--json"], ["get", "source.json", "users"]):
        ended = command(*arguments, folder=tmp_path, env={"MY_TOKEN": secret})
        assert ended.returncode == 1
        assert secret not in ended.stdout + ended.stderr
        assert "401" in ended.stderr
    ended = command("check", "source.json", folder=tmp_path)
    assert ended.returncode == 1
    assert "MY_TOKEN" in ended.stderr
    ended = command("check", "source.json", "--no-secrets", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert 'environment variable "MY_TOKEN"' in " ".join(ended.stdout.split())
    given = command("check", "source.json", "--json", folder=tmp_path, env={"MY_TOKEN": secret})
    assert secret not in given.stdout
