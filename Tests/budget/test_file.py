"""One budget for the processes of a host, through a file."""

from __future__ import annotations

import json
import os
import signal
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from namespaces import in_a_namespace, read_only

from .conftest import PROCESSES, Crowd, Server, worst

Serve = Callable[..., Server]


def shared(limits: Any, path: Path, **more: Any) -> dict[str, Any]:
    return {"limits": limits, "share": {"file": str(path), **more}}


def test_window_is_kept_by_all_of_them(serve: Serve, tmp_path: Path) -> None:
    server = serve(0.01)
    limits = shared([{"requests": 200, "per": "1s"}], tmp_path / "budget")
    found = Crowd(server.url, limits, 5, PROCESSES).join()
    times = server.times()
    assert [text for _, _, text in found if text] == []
    assert len(found) == PROCESSES
    assert worst(times, 1) <= 200
    # The permits come back at the response, 10 ms and more after they were taken.
    assert len(times) >= 600
    counts = [done for _, done, _ in found]
    assert min(counts) >= statistics.mean(counts) * 0.7, counts


def test_kill_at_any_moment_takes_nothing_from_the_others(serve: Serve, tmp_path: Path) -> None:
    server = serve(0.005)
    limits = shared(
        [{"requests": 100, "per": "500ms"}, {"concurrent": 8}], tmp_path / "budget", lease="100ms"
    )
    crowd = Crowd(server.url, limits, 6, PROCESSES)
    killed = crowd.kill_some(4)
    found = crowd.join()
    seen = server.seen()
    assert killed > 20
    assert [text for _, _, text in found if text] == []
    assert worst(sorted(seen["times"]), 0.5) <= 100
    # Whoever was killed leaves a connection that the server still works for.
    assert len(seen["times"]) >= 400


def test_burst_is_one_for_all(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    limits = shared([{"requests": 50, "per": "1s", "burst": 20}], tmp_path / "budget")
    started = time.monotonic()
    Crowd(server.url, limits, 3, 8).join()
    passed = time.monotonic() - started
    times = server.times()
    assert worst(times, 1) <= 20 + 50
    assert len(times) <= 20 + 50 * passed + 1
    assert len(times) >= 120


def test_what_was_used_outlives_its_users(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    limits = shared([{"requests": 30, "per": "4s"}], tmp_path / "budget")
    for _ in range(3):
        crowd = Crowd(server.url, limits, 9, 4)
        time.sleep(0.7)
        for process in crowd.processes:
            os.kill(process.pid, signal.SIGKILL)
        crowd.join()
    assert worst(server.times(), 4) <= 30
    assert len(server.times()) >= 10


def test_a_stopped_one_holds_nobody_up(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    limits = shared([{"requests": 100, "per": "1s", "burst": 5}], tmp_path / "budget")
    crowd = Crowd(server.url, limits, 4, 6)
    time.sleep(1)
    before = len(server.times())
    os.kill(crowd.processes[0].pid, signal.SIGSTOP)
    time.sleep(1.5)
    after = len(server.times())
    os.kill(crowd.processes[0].pid, signal.SIGCONT)
    crowd.join()
    assert after - before >= 60


def test_truncated_in_use_is_an_error_and_no_signal(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    path = tmp_path / "budget"
    limits = shared([{"requests": 100, "per": "1s", "burst": 5}], path)
    crowd = Crowd(server.url, limits, 5, 4)
    time.sleep(1)
    os.truncate(path, 0)
    found = crowd.join()
    assert len(found) == 4
    assert all("was truncated by somebody while it was in use" in text for _, _, text in found)
    assert worst(server.times(), 1) <= 105


def test_wrong_files_are_refused(tmp_path: Path) -> None:
    import penstock

    path = tmp_path / "budget"
    with penstock.Limiter(shared("10/s", path)):
        assert path.stat().st_mode & 0o777 == 0o600
        with pytest.raises(penstock.StorageError, match="holds other limits, 10 in 1s"):
            penstock.Limiter(shared("11/s", path))
    path.write_bytes(b"a letter")
    with pytest.raises(penstock.StorageError, match="is something else: it is left alone"):
        penstock.Limiter(shared("10/s", path))
    assert path.read_bytes() == b"a letter"
    with pytest.raises(penstock.StorageError, match="No such file or directory"):
        penstock.Limiter(shared("10/s", tmp_path / "none" / "budget"))
    with pytest.raises(penstock.ConfigError, match="/share"):
        penstock.Limiter({"limits": "10/s", "share": {"fiel": "x"}})


def test_a_file_that_can_not_be_written_is_refused(tmp_path: Path) -> None:
    limits = json.dumps(shared("10/s", tmp_path / "budget"))
    (tmp_path / "budget").write_bytes(b"")
    code = f"import json, penstock; penstock.Limiter(json.loads({limits!r}))"
    # Root writes to what nobody may write to, but not to what is mounted so.
    done = in_a_namespace(read_only(tmp_path), code)
    assert done.returncode != 0
    assert f'"{tmp_path}/budget"' in done.stderr and "Read-only file system" in done.stderr
