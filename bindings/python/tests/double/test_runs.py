"""Runs: jobs out of sources, reports, errors side by side."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

import penstock
from penstock.sync import job_document

SOURCE = {"base_url": "http://127.0.0.1", "streams": {"users": {}}}


def test_a_source_becomes_a_job() -> None:
    job = json.loads(job_document(SOURCE, {"directory": "there"}, ["users"], {"a": "b"}).text)
    assert job == {
        "source": SOURCE,
        "streams": ["users"],
        "params": {"a": "b"},
        "output": {"directory": "there"},
    }
    assert json.loads(job_document(SOURCE).text)["output"] == {"directory": "out"}


def test_a_source_goes_into_the_job_as_it_was_written(tmp_path: Path) -> None:
    text = b'{"base_url": "http://127.0.0.1",\n "x": 1.10, "y": 12345678901234567890123}'
    path = tmp_path / "source.json"
    path.write_bytes(text)
    document = job_document(path)
    assert text in document.text
    assert document.path == str(path)


def test_a_job_stays_as_it_is_apart_from_the_directory() -> None:
    job = {"sources": [{"source": SOURCE}], "output": {"directory": "a", "x": 1}}
    assert json.loads(job_document(job).text) == job
    changed = json.loads(job_document(job, {"directory": "b"}).text)
    assert changed == {**job, "output": {"directory": "b", "x": 1}}
    with pytest.raises(penstock.ConfigError, match="a job of several sources names streams"):
        job_document(job, streams=["users"])
    one = {"source": SOURCE, "params": {"a": 1, "b": 1}, "output": {"directory": "a"}}
    assert json.loads(job_document(one, streams=["users"], params={"b": 2}).text) == {
        **one,
        "streams": ["users"],
        "params": {"a": 1, "b": 2},
    }


def test_pull_reports_stream_by_stream() -> None:
    seen: list[penstock.Report] = []
    report = penstock.pull(SOURCE, on_progress=seen.append, interval=0.01)
    assert [step.done for step in seen] == [False, False, True]
    assert seen[-1] == report
    assert report.ok
    assert list(report) == ["users", "events"]
    assert (report["users"].records, report["a.events"].records, report.records) == (3, 4, 7)
    assert report["users"].total == 3
    assert report["events"].total is None
    assert (report.elapsed, report["users"].elapsed) == (2.0, 1.5)
    with pytest.raises(KeyError):
        report["none"]
    assert pickle.loads(pickle.dumps(report)) == report


def test_pull_raises_the_first_error_with_the_report_on_it() -> None:
    with pytest.raises(penstock.HTTPStatusError, match="broken") as caught:
        penstock.pull({"name": "then:23"})
    report = caught.value.report  # type: ignore[attr-defined]
    assert report["users"].ok
    assert not report["events"].ok
    assert isinstance(report.errors["events"], penstock.HTTPStatusError)


def test_pull_gives_results_and_errors_side_by_side() -> None:
    report = penstock.pull({"name": "then:21"}, check=False)
    assert not report.ok
    assert isinstance(report["events"].error, penstock.NetworkError)
    assert report["events"].error.attempts == 2


def test_what_the_callback_raises_ends_the_run() -> None:
    def stop(report: penstock.Report) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        penstock.pull({"name": "stuck"}, on_progress=stop, interval=0.01)


def test_pull_gives_up_in_time() -> None:
    with pytest.raises(penstock.Timeout, match=r"within 0\.2 s"):
        penstock.pull({"name": "stuck"}, timeout=0.2, interval=0.05)


def test_a_run_that_goes_on_is_not_done() -> None:
    with penstock.Sync({"name": "stuck"}) as run:
        assert run.wait(0) is False
        assert run.wait(0.15) is False
        assert not run.report().done
        run.cancel()
        assert run.wait()


def test_paginate_makes_a_source_of_a_url() -> None:
    from penstock.walk import source_of

    document, name = source_of("https://h.test:8443/a/b?x=1&y=&x=2", {"key": "id"}, limits="1/s")
    assert document == {
        "base_url": "https://h.test:8443",
        "limits": "1/s",
        "streams": {
            name: {"path": "/a/b", "query": {"x": ["1", "2"], "y": ""}, "key": "id"},
        },
    }


@pytest.mark.parametrize("url", ["/users", "ftp://h/x", "http://", "h.test/users"])
def test_paginate_wants_a_whole_url(url: str) -> None:
    with pytest.raises(penstock.InvalidArgument, match="absolute"):
        penstock.paginate(url)


def test_paginate_releases_its_client() -> None:
    assert len(list(penstock.paginate("http://127.0.0.1/pages"))) == 2
    half = penstock.paginate("http://127.0.0.1/pages")
    next(half)
