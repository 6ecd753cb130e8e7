"""What can be seen of a pull, over real sockets: figures against the server's own, where the time
went, logs into broken places, and secrets nowhere."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import penstock
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_families,
)
from prometheus_client.parser import text_string_to_metric_families as families
from watching import asked, of, python_path, spent, until

CANARY = "canary/se+cret%40/0=="


class _Hostile(BaseHTTPRequestHandler):
    """Answers with whatever it was sent, and with what a terminal obeys."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        body = (
            "\x1b]0;owned\x07\x1b[2J" + str(self.headers) + self.path + "x" * 10_000_000
        ).encode()
        self.send_response(500)
        self.send_header("X-Request-Id", "id\x1b[31m" + self.headers.get("Authorization", ""))
        self.send_header("traceparent", self.headers.get("traceparent", "none"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hostile() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hostile)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def hostile_source(url: str) -> dict[str, Any]:
    return {
        "base_url": url,
        "auth": {"type": "bearer", "token": CANARY},
        "retry": {"attempts": 2, "base": "5ms", "cap": "10ms"},
        "streams": {"things": "/things"},
    }


def assert_clean(text: str) -> None:
    assert "canary" not in text.lower(), text[:2000]
    assert "\x1b" not in text and "\x07" not in text, text[:2000]
    assert all(len(line) < 20_000 for line in text.splitlines())


# --------------------------------------------------------------------------------- figures


def test_figures_are_the_servers_own(server: str) -> None:
    document = {
        "base_url": f"{server}/fault/on:3:503/fault/on:5:truncated;name=b/fault/on:7:reset;name=c",
        "retry": {"base": "5ms", "cap": "20ms"},
        "streams": {
            "users": {"path": "/cursor/users", "pagination": {"type": "cursor", "size": 100}}
        },
    }
    before = asked(server, "/cursor/users")
    with penstock.Client(document) as api:
        records = sum(1 for _ in api.records("users"))
        metrics = api.metrics()
        for format, read in (("prometheus", families), ("openmetrics", open_families)):
            text = api.metrics(format)
            found = {
                (
                    sample.name,
                    sample.labels.get("status"),
                    sample.labels.get("stream"),
                ): sample.value
                for family in read(text)
                for sample in family.samples
            }
            assert found["penstock_records_total", None, "users"] == records
            assert found["penstock_requests_total", "503", "users"] == 1
            for status, count in (("200", records // 100), ("503", 1), ("none", 1)):
                name = "penstock_request_duration_seconds_count"
                assert found[name, status, "users"] >= count
    users = of(metrics, "users")
    assert users["requests"] == asked(server, "/cursor/users") - before
    assert users["records"] == records
    assert users["statuses"]["503"] == 1
    assert sum(users["failures"].values()) == 1
    # What libcurl sends again by itself counts, too: the server has counted it.
    assert users["retries"] == {"status": 1, "connection": 1, "resend": 1}
    assert users["statuses"]["200"] == users["pages"]
    assert users["connections"]["opened"] >= 1 and users["connections"]["reused"] >= 1
    assert users["bytes"]["decoded"] > records
    by_status = users["latency_ms_by_status"]
    assert {status: one["count"] for status, one in by_status.items() if status != "none"} == (
        users["statuses"]
    )
    assert sum(one["count"] for one in by_status.values()) == users["latency_ms"]["count"]
    for one in (users["latency_ms"], *by_status.values()):
        assert one["p50"] <= one["p95"] <= one["max"]


def test_every_wait_has_its_cause(server: str) -> None:
    document = {
        "base_url": f"{server}/fault/on:4:429;ra=1",
        "limits": [{"requests": 4, "per": "1s"}],
        "streams": {
            "users": {
                "path": "/delay/50ms/offset/users",
                "pagination": {"type": "offset", "size": 100},
            }
        },
    }
    with penstock.Client(document) as api:
        events = api.events("debug")
        began = time.monotonic()
        with api.pages("users") as pages:
            for _ in pages:
                pass
            wall = (time.monotonic() - began) * 1000
            users = of(api.metrics(), "users")
    parts = spent(users)
    total = sum(parts.values())
    # This thread also had to wait until it got to run; the engine's own events tell without that.
    told = {event["event"]: datetime.fromisoformat(event["time"]) for event in events}
    took = (told["stream_finished"] - told["stream_started"]).total_seconds() * 1000
    assert abs(total - took) < max(0.01 * took, 3) and total <= wall + 3, (parts, took, wall)
    assert parts["response"] >= 50 * users["requests"] * 0.9
    assert parts["server_pause"] >= 900
    limit = next(one for one in users["spent"] if one["on"] == "limit")
    assert limit["limit"] == "4 per 1s" and limit["ms"] > 100


def test_what_it_waits_for_now(server: str) -> None:
    document = {
        "base_url": f"{server}/fault/on:1:429;ra=30",
        "streams": {"users": "/offset/users"},
    }
    began = time.monotonic()
    with penstock.Client(document) as api, api.pages("users"):
        waiting = until(
            lambda: [one for one in api.metrics()["waiting"] if one["for"] == "server_pause"]
        )
        passed = (time.monotonic() - began) * 1000
        assert 29_900 - passed < waiting[0]["left_ms"] < 34_000
        assert waiting[0]["until"].endswith("Z")


# ----------------------------------------------------------------------------- without secrets


def test_a_hostile_server_is_shown_escaped_and_cut(hostile: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    said: list[str] = []
    options = {
        "log": {"level": "debug", "file": str(log)},
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    with penstock.Client(hostile_source(hostile), options=options) as api:  # type: ignore[arg-type]
        events = api.events("debug")
        with pytest.raises(penstock.PenstockError) as failed:
            list(api.records("things"))
        said += [str(failed.value), json.dumps(failed.value.detail)]
        trace = api.trace(curl=True)
        said += [json.dumps(trace), json.dumps(api.metrics())]
        said += [api.metrics("prometheus"), api.metrics("openmetrics")]
    said += [json.dumps(event) for event in events]
    said.append(log.read_text())
    for text in said:
        assert_clean(text)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["event"] for line in lines].count("request") == 2
    request = next(line for line in lines if line["event"] == "request")
    assert request["trace"]["traceparent"].startswith("00-4bf92f3577b34da6a3ce929d0e0e4736")
    assert request["request_id"].startswith("id\\u{1b}[31m")
    assert any(one["event"] == "stream_failed" for one in trace)


def test_the_line_for_curl_repeats_the_request(server: str) -> None:
    document = {
        "base_url": f"{server}/auth/bearer:{'t0ken-of-mine'}",
        "auth": {"type": "bearer", "token": "t0ken-of-mine"},
        "streams": {"users": {"path": "/offset/users", "query": {"note": "it's"}}},
    }
    with penstock.Client(document) as api:
        wanted = next(iter(api.pages("users", max_pages=1))).body
        line = next(one["curl"] for one in api.trace(curl=True) if one["event"] == "request")
    assert "t0ken-of-mine" not in line.replace("bearer:t0ken-of-mine", "")
    words = shlex.split(line)
    assert words[0] == "curl"
    environment = {**os.environ, **{f"SECRET_{n}": "t0ken-of-mine" for n in range(1, 5)}}
    # The path of this server holds its token, which is hidden there, too.
    line = line.replace("bearer:(secret)", "bearer:t0ken-of-mine")
    done = subprocess.run(
        ["sh", "-c", line + " -s"], env=environment, capture_output=True, check=True
    )
    assert done.stdout == bytes(wanted)


# ------------------------------------------------------------------------------------- logs


def test_a_closed_pipe_ends_nothing(server: str) -> None:
    code = f"""
import os, penstock
read, write = os.pipe()
os.close(read)
import signal
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
api = penstock.Client({{"base_url": {server!r}, "streams": {{"users": "/offset/users"}}}},
                      options={{"log": {{"level": "debug", "fd": write}}}})
assert sum(1 for _ in api.records("users", max_pages=5)) > 0
assert api.metrics()["events_dropped"] > 0
"""
    subprocess.run([sys.executable, "-c", code], check=True, env=python_path(), timeout=60)


def test_a_pipe_that_nobody_reads_holds_nothing_up(server: str) -> None:
    read, write = os.pipe()
    try:
        options: Any = {"log": {"level": "debug", "fd": write}}
        document: Any = {
            "base_url": server,
            "streams": {
                "users": {"path": "/offset/users", "pagination": {"type": "offset", "size": 1}}
            },
        }
        with penstock.Client(document, options=options) as api:
            assert sum(1 for _ in api.records("users", max_pages=1500)) > 0
            assert api.metrics()["events_dropped"] > 0
        # The host's own end blocks as it did.
        assert os.get_blocking(write)
    finally:
        os.close(read)
        os.close(write)


def test_a_full_disk_ends_nothing(server: str) -> None:
    options: Any = {"log": {"level": "debug", "file": "/dev/full"}}
    document: Any = {"base_url": server, "streams": {"users": "/offset/users"}}
    with penstock.Client(document, options=options) as api:
        assert sum(1 for _ in api.records("users", max_pages=5)) > 0
        assert api.metrics()["events_dropped"] > 0


def test_where_it_can_not_be_written_is_told_at_once(server: str) -> None:
    with pytest.raises(penstock.PenstockError, match="log file"):
        penstock.Client({"base_url": server}, options={"log": {"file": "/nowhere/log"}})
    with pytest.raises(penstock.ConfigError, match="file descriptor 999"):
        penstock.Client({"base_url": server}, options={"log": {"fd": 999}})


def test_the_environment_is_enough(server: str) -> None:
    code = f"""
import penstock
with penstock.Client({{"base_url": {server!r}, "streams": {{"users": "/offset/users"}}}}) as api:
    list(api.pages("users", max_pages=2))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env=python_path(PENSTOCK_LOG="debug"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert events.count("request") >= 2 and "stream_started" in events
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env=python_path(PENSTOCK_LOG="error"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""


def test_logging_gets_it_and_a_broken_handler_holds_nothing_up(server: str) -> None:
    seen: list[dict[str, Any]] = []
    over = threading.Event()

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record.penstock)  # type: ignore[attr-defined]
            if len(seen) == 2:
                raise RuntimeError("broken")
            if len(seen) > 3:
                over.wait()

    logger = logging.Logger("mine", logging.DEBUG)
    logger.addHandler(Broken())
    document: Any = {"base_url": server, "streams": {"users": "/offset/users"}}
    with penstock.Client(document) as api:
        api.log_to(logger, "debug")
        assert sum(1 for _ in api.records("users", max_pages=20)) > 0
        until(lambda: len(seen) > 3)
    assert len(seen) == 4
    # Else the interpreter would wait for the handler when it ends.
    over.set()
    assert {"stream_started", "request"} <= {event["event"] for event in seen}


def test_a_handler_may_call_back(server: str) -> None:
    seen: list[str] = []
    document: Any = {"base_url": server, "streams": {"users": "/offset/users"}}

    with penstock.Client(document) as api:

        class Calling(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                if len(seen) < 3:
                    page = next(iter(api.pages("users", max_pages=1)))
                    seen.append(f"{page.status} {of(api.metrics(), 'users')['stream']}")
                    api.trace()

        logger = logging.Logger("mine", logging.DEBUG)
        logger.addHandler(Calling())
        api.log_to(logger, "debug")
        assert sum(1 for _ in api.records("users", max_pages=3)) > 0
        until(lambda: len(seen) == 3)
    assert seen == ["200 users"] * 3


def test_events_end_with_their_client(server: str) -> None:
    document: Any = {"base_url": server, "streams": {"users": "/offset/users"}}
    with penstock.Client(document) as api:
        early = api.events("debug")
        list(api.pages("users", max_pages=2))
        late = api.events("debug")
        assert late.next_event(30) is not None
        assert select.select([early], [], [], 30)[0] == [early]
    names = [event["event"] for event in early]
    assert names[0] == "stream_started" and names[-1] == "stream_finished"
    assert "page" in names
    with pytest.raises(penstock.StateError):
        api.events()
