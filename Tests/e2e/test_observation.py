"""What can be seen of a pull, over real sockets: figures against the server's own, where the time
went, logs into broken places, and secrets nowhere."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import pty
import select
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import penstock
import pytest
from penstock.cli import progress
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_families,
)
from prometheus_client.parser import text_string_to_metric_families as families

TESTS = Path(__file__).resolve().parents[1]
CANARY = "canary/se+cret%40/0=="


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "practice_api", "--until-eof", "--quiet"],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None
    url: str = json.loads(process.stdout.readline())["http"]
    yield url
    process.stdin.close()
    assert process.wait(10) == 0


def stats(server: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server}/_stats", timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def asked(server: str, mark: str) -> int:
    routes = stats(server)["routes"]
    return sum(count for path, count in routes.items() if mark in path)


def of(metrics: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in metrics["streams"] if one["stream"] == name)
    return found


def spent(stream: dict[str, Any]) -> dict[str, float]:
    return {one["on"]: one["ms"] for one in stream["spent"]}


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
            assert found["penstock_request_duration_seconds_count", None, "users"] > 0
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
    assert users["latency_ms"]["p50"] <= users["latency_ms"]["p95"] <= users["latency_ms"]["max"]


def test_every_wait_has_its_cause(server: str) -> None:
    document = {
        "base_url": f"{server}/fault/on:4:429;ra=1",
        "limits": [{"requests": 4, "per": "1s"}],
        "streams": {
            "users": {
                "path": "/delay/150ms/offset/users",
                "pagination": {"type": "offset", "size": 100},
            }
        },
    }
    with penstock.Client(document) as api:
        began = time.monotonic()
        with api.pages("users") as pages:
            for _ in pages:
                pass
            wall = (time.monotonic() - began) * 1000
            users = of(api.metrics(), "users")
    parts = spent(users)
    assert abs(sum(parts.values()) - wall) < max(0.01 * wall, 20), (parts, wall)
    assert parts["response"] >= 150 * users["requests"] * 0.9
    assert parts["server_pause"] >= 900
    limit = next(one for one in users["spent"] if one["on"] == "limit")
    assert limit["limit"] == "4 per 1s" and limit["ms"] > 100


def test_what_it_waits_for_now(server: str) -> None:
    document = {
        "base_url": f"{server}/fault/on:1:429;ra=30",
        "streams": {"users": "/offset/users"},
    }
    with penstock.Client(document) as api, api.pages("users"):
        for _ in range(100):
            waiting = api.metrics()["waiting"]
            if waiting and waiting[0]["for"] == "server_pause":
                break
            time.sleep(0.05)
        assert waiting[0]["for"] == "server_pause"
        assert 25_000 < waiting[0]["left_ms"] < 34_000
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


def python_path(**more: str) -> dict[str, str]:
    source = str(TESTS.parent / "bindings/python/src")
    return {**os.environ, "PYTHONPATH": source, **more}


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
        for _ in range(100):
            if len(seen) > 3:
                break
            time.sleep(0.02)
    assert len(seen) == 4
    # Else the interpreter would wait for the handler when it ends.
    over.set()
    assert {"stream_started", "request"} <= {event["event"] for event in seen}


def test_events_end_with_their_client(server: str) -> None:
    document: Any = {"base_url": server, "streams": {"users": "/offset/users"}}
    with penstock.Client(document) as api:
        early = api.events("debug")
        list(api.pages("users", max_pages=2))
        late = api.events("debug")
        assert late.next_event(1) is not None
        assert select.select([early], [], [], 1)[0] == [early]
    names = [event["event"] for event in early]
    assert names[0] == "stream_started" and names[-1] == "stream_finished"
    assert "page" in names
    with pytest.raises(penstock.StateError):
        api.events()


# ----------------------------------------------------------------------------- for monitoring


def test_figures_on_a_port_and_in_a_file(server: str, tmp_path: Path) -> None:
    document: Any = {"base_url": server, "streams": {"users": "/offset/users"}}
    file = tmp_path / "penstock.prom"
    with penstock.Client(document) as api:
        list(api.pages("users", max_pages=2))
        with penstock.MetricsServer(api.metrics, 0) as served:
            with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/metrics") as answer:
                assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
                assert {family.name for family in families(answer.read().decode())} >= {
                    "penstock_pages"
                }
            wanted = urllib.request.Request(
                f"http://127.0.0.1:{served.port}/metrics",
                headers={"Accept": "application/openmetrics-text;version=1.0.0"},
            )
            with urllib.request.urlopen(wanted) as answer:
                assert list(open_families(answer.read().decode()))  # type: ignore[no-untyped-call]
            with pytest.raises(penstock.ConfigError, match=f"port {served.port} .* in use"):
                penstock.MetricsServer(api.metrics, served.port)
        with penstock.MetricsFile(file, api.metrics):
            pass
    assert {family.name for family in families(file.read_text())} >= {"penstock_pages"}
    assert [path.name for path in tmp_path.iterdir()] == ["penstock.prom"]


def test_a_pull_publishes_and_logs(server: str, tmp_path: Path) -> None:
    document: Any = {"base_url": server, "name": "shop", "streams": {"users": "/offset/users"}}
    log = tmp_path / "pull.log"
    report = penstock.pull(
        document,
        tmp_path / "out",
        log={"level": "debug", "file": str(log)},
        metrics_file=tmp_path / "pull.prom",
        metrics_port=0,
    )
    found = {
        (sample.name, sample.labels.get("stream")): sample.value
        for family in families((tmp_path / "pull.prom").read_text())
        for sample in family.samples
    }
    assert found["penstock_records_total", "users"] == report.records
    assert found["penstock_committed_total", "users"] == report.records
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"stream_started", "request", "page", "batch_committed", "stream_finished"} <= {
        event["event"] for event in events
    }
    assert all(event["source"] == "shop" for event in events)


# --------------------------------------------------------------------------------- progress


def on_terminal(arguments: list[str], columns: int, **environment: str) -> str:
    """What a terminal of that width gets from the command line."""
    main, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock", *arguments],
        stdin=other,
        stdout=subprocess.DEVNULL,
        stderr=other,
        env=python_path(COLUMNS=str(columns), LINES="24", TERM="xterm", **environment),
    )
    os.close(other)
    seen = b""
    while True:
        try:
            more = os.read(main, 65536)
        except OSError:
            break
        if not more:
            break
        seen += more
    os.close(main)
    assert process.wait(60) == 0
    return seen.decode()


@pytest.mark.parametrize("columns", [20, 80])
def test_lines_fit_the_terminal(server: str, tmp_path: Path, columns: int) -> None:
    source = tmp_path / "source.json"
    source.write_text(
        json.dumps(
            {
                "base_url": f"{server}/fault/on:2:429;ra=2;name=w{columns}",
                "streams": {
                    "a-stream-with-a-long-name": {
                        "path": "/offset/users",
                        "pagination": {"type": "offset", "size": 100},
                    },
                    "users": "/offset/users",
                },
            }
        )
    )
    arguments = ["pull", str(source), "--output", str(tmp_path / "out")]
    seen = on_terminal(arguments, columns)
    for drawn in seen.split("\x1b[J"):
        for line in drawn.replace("\r", "").split("\n"):
            plain = line
            for code in ("\x1b[0m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1A"):
                plain = plain.replace(code, "")
            assert len(plain) < columns and "\x1b" not in plain, (plain, line)
    assert "server's pause" in seen
    plain = on_terminal(arguments, columns, NO_COLOR="1")
    assert "\x1b[32m" not in plain and "\x1b[31m" not in plain


def test_plain_lines_quiet_and_json(server: str, tmp_path: Path) -> None:
    source = tmp_path / "source.json"
    source.write_text(json.dumps({"base_url": server, "streams": {"users": "/offset/users"}}))

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "penstock",
                "pull",
                str(source),
                "--output",
                str(tmp_path),
                *more,
            ],
            env=python_path(),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )

    plain = run()
    assert "users  " in plain.stderr and "\x1b" not in plain.stderr and "\r" not in plain.stderr
    assert run("--quiet").stderr == ""
    found = run("--json")
    assert json.loads(found.stdout)["ok"]
    events = [json.loads(line)["event"] for line in found.stderr.splitlines()]
    assert events[0] == "stream_started" and events[-1] == "stream_finished"


def test_names_are_shown_and_not_obeyed() -> None:
    stream = penstock.StreamReport(
        source=None, stream="x", file=None, state="running", records=5, pages=1, bytes=1,
        requests=1,
        retries=0, total=None, elapsed=1, records_per_second=5, error=None,
        waiting={"stream": "x", "for": "limit", "limit": "4 per 1s", "left_ms": 65_000},
    )  # fmt: skip
    line = progress.line_of("a\x1b[2Jb\nc\u202e", stream, 200)
    assert "\x1b" not in line and "\n" not in line and "\u202e" not in line
    assert "limit 4 per 1s, 65s" in line
    for width in range(1, 120):
        assert len(progress.line_of("a-long-name-of-a-stream", stream, width)) <= width


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="Debian's prometheus is not there")
def test_prometheus_scrapes_it_and_promtool_takes_the_alerts(server: str, tmp_path: Path) -> None:
    rules = TESTS.parent / "examples/alerts/penstock.yml"
    subprocess.run(["promtool", "check", "rules", str(rules)], check=True, capture_output=True)
    document: Any = {"base_url": server, "streams": {"users": "/offset/users"}}
    with penstock.Client(document) as api:
        records = sum(1 for _ in api.records("users", max_pages=3))
        subprocess.run(
            ["promtool", "check", "metrics"],
            input=api.metrics("prometheus").encode(),
            check=True,
            capture_output=True,
        )
        with penstock.MetricsServer(api.metrics, 0) as served:
            config = tmp_path / "prometheus.yml"
            config.write_text(
                "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
                f"rule_files: [{rules}]\n"
                "scrape_configs:\n- job_name: penstock\n"
                f"  static_configs: [{{targets: ['127.0.0.1:{served.port}']}}]\n"
            )
            port = free_port()
            process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={config}",
                    f"--storage.tsdb.path={tmp_path / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stderr=subprocess.DEVNULL,
            )
            try:
                assert asked_of_prometheus(port, "penstock_records_total") == records
            finally:
                process.terminate()
                process.wait(20)


def asked_of_prometheus(port: int, query: str) -> float | None:
    for _ in range(200):
        time.sleep(0.1)
        try:
            url = f"http://127.0.0.1:{port}/api/v1/query?query={query}"
            with urllib.request.urlopen(url, timeout=5) as answer:
                found = json.load(answer)["data"]["result"]
        except OSError:
            continue
        if found:
            return float(found[0]["value"][1])
    return None


# ------------------------------------------------------------------------------- expectations


def test_what_the_document_expects_is_looked_at(server: str, tmp_path: Path) -> None:
    source: Any = {
        "base_url": server,
        "streams": {
            "users": {"path": "/offset/users", "expect": {"complete": True, "not_null": ["id"]}},
            "odd": {"path": "/offset/users", "expect": {"not_null": ["nobody.has.this"]}},
            "told": {
                "path": "/offset/users",
                "expect": {"min_records": 10**9, "on_fail": "warn"},
            },
        },
    }
    report = penstock.pull(source, tmp_path, check=False, metrics_file=tmp_path / "pull.prom")
    assert report["users"].ok and not report["users"].checks
    assert report["odd"].state == "failed"
    assert 'not_null: record 0: "nobody.has.this"' in str(report["odd"].error)
    assert report["told"].ok and report["told"].checks[0]["check"] == "min_records"
    # The records are there either way.
    whole = (tmp_path / "users.jsonl").read_bytes()
    assert (tmp_path / "odd.jsonl").read_bytes() == (tmp_path / "told.jsonl").read_bytes() == whole
    found = {
        sample.labels["stream"]: sample.value
        for family in families((tmp_path / "pull.prom").read_text())
        for sample in family.samples
        if sample.name == "penstock_checks_failed_total"
    }
    assert found == {"users": 0, "odd": 1, "told": 0}
    job = tmp_path / "source.json"
    job.write_text(json.dumps(source))
    done = subprocess.run(
        [sys.executable, "-m", "penstock", "pull", str(job), "--output", str(tmp_path), "--quiet"],
        env=python_path(),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "odd: " in done.stderr
