"""One budget of several runs: processes at once, and one that takes up what was killed.

The server counts to the letter and no request is sent twice, so one too many fails a run.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import penstock
from watching import python_path

PAGES = 31


def source(server: str, name: str) -> dict[str, Any]:
    return {
        "base_url": server,
        "retry": {"attempts": 1},
        "streams": {
            "users": {
                "path": f"/limit/sliding:20:500ms;name={name}/offset/users:300",
                "records": "data",
                "pagination": {"type": "offset", "size": 10},
            }
        },
    }


def limiter(path: Path) -> dict[str, Any]:
    return {
        "limits": {"requests": 20, "per": "500ms", "guard": "response"},
        "share": {"file": str(path)},
    }


def started(document: dict[str, Any], folder: Path, budget: Any) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    (folder / "source.json").write_text(json.dumps(document))
    command = [sys.executable, "-m", "penstock", "pull", "source.json", "--json"]
    command += ["--state", "state.db", "--limiter", json.dumps(budget)]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=python_path(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def done(run: subprocess.Popen[str], folder: Path) -> None:
    printed, told = run.communicate(timeout=60)
    assert run.returncode == 0, told
    assert json.loads(printed)["streams"][0]["state"] == "done"
    assert len((folder / "out/users.jsonl").read_bytes().splitlines()) == 300


def test_processes_share_a_budget(server: str, tmp_path: Path) -> None:
    document = source(server, "at-once")
    folders = [tmp_path / name for name in ("a", "b", "c")]
    began = time.monotonic()
    runs = [started(document, folder, limiter(tmp_path / "budget")) for folder in folders]
    for run, folder in zip(runs, folders, strict=True):
        done(run, folder)
    # Four full windows and a part of the fifth.
    assert time.monotonic() - began >= 2


def test_a_run_keeps_to_what_a_killed_one_left(server: str, tmp_path: Path) -> None:
    document = source(server, "killed")
    folder = tmp_path / "run"
    run = started(document, folder, limiter(tmp_path / "budget"))
    part = folder / "out/users.jsonl.part"
    while run.poll() is None and not (part.exists() and part.stat().st_size > 0):
        time.sleep(0.005)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    done(started(document, folder, limiter(tmp_path / "budget")), folder)


def test_all_sources_of_a_job_share_its_limiter(server: str, tmp_path: Path) -> None:
    document = source(server, "sources")
    report = penstock.pull(
        {
            "sources": [{"name": name, "source": document} for name in ("a", "b")],
            "limiter": {"requests": 20, "per": "500ms"},
            "output": {"directory": str(tmp_path)},
        }
    )
    assert [stream.records for stream in report.streams] == [300, 300]
    assert sum(stream.requests for stream in report.streams) == 2 * PAGES
