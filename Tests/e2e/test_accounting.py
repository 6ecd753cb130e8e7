"""The three sources of the closing exercise under faults: where all of their time went, by two
accounts; figures that are the server's own; and no secret in anything that was said."""

from __future__ import annotations

import json
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

import penstock
from prometheus_client.parser import text_string_to_metric_families as families
from watching import TESTS, Lateness, of, spent, stats

SOURCES = TESTS.parent / "examples/sources"
CANARY = "canary/of+three%2Fsources=="
# As in the example, but quicker, and each with faults of its own.
FAULTS = {
    "accounts": ("fault/on:2,5:503;name=ac1/fault/on:8:429;ra=0.4;name=ac2", "10:1s:50", "8:1s:4"),
    "billing": ("fault/on:3:reset;name=ac3/fault/on:9:truncated;name=ac4", "5:1s:20", "60:1s:20"),
    "tracking": ("delay/10ms/fault/on:4:503;ra=0.3;name=ac5", "20:1s:100", "8:1s:4"),
}
STREAMS = {"accounts": "users", "billing": "transactions", "tracking": "events"}


def job(server: str, directory: Path) -> Any:
    sources = []
    for name, (fault, slow, quick) in FAULTS.items():
        text = (SOURCES / f"practice-{name}.json").read_text()
        text = text.replace(f"bucket:{slow}", f"bucket:{quick}")
        document = json.loads(text)
        rate, per, burst = quick.split(":")
        document["limits"] = {"requests": int(rate), "per": per, "burst": int(burst)}
        document["retry"] = {"base": "120ms", "cap": "200ms"}
        document["auth"] = {"type": "bearer", "token": CANARY}
        params = {"base_url": f"{server}/{fault}"}
        sources.append({"name": name, "source": document, "params": params})
    return {
        "sources": sources,
        "output": {"directory": str(directory / "out")},
        "state": str(directory / "state.db"),
        "log": {"level": "debug", "file": str(directory / "log")},
    }


def milliseconds(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["time"]).timestamp() * 1000


def moment(events: list[dict[str, Any]], name: str) -> float:
    return milliseconds(next(one for one in events if one["event"] == name))


def uncovered(events: list[dict[str, Any]]) -> float:
    """The longest stretch of a stream's time that no request and no wait of its log covers."""
    begin, end = moment(events, "stream_started"), moment(events, "stream_finished")
    covered = sorted(
        (milliseconds(one) - one["ms"], milliseconds(one))
        for one in events
        if one["event"] in ("request", "waited")
    )
    longest, place = 0.0, begin
    for start, stop in [*covered, (end, end)]:
        longest = max(longest, start - place)
        place = max(place, stop)
    return longest


def test_three_sources_under_faults_are_accounted_for(server: str, tmp_path: Path) -> None:
    before = stats(server)["routes"]
    with Lateness() as late, penstock.Sync(job(server, tmp_path)) as run:
        run.wait(60)
        report = run.report()
        metrics = run.metrics()
        texts = [json.dumps(metrics), run.metrics("prometheus"), run.metrics("openmetrics")]
    assert report.ok, report.errors
    log = (tmp_path / "log").read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    routes = stats(server)["routes"]
    for name, stream in STREAMS.items():
        figures, result = of(metrics, stream), report[stream]
        # Each moment is one cause's, and together they are the stream's time. What the report has
        # besides is the last commit and the file's name.
        events = [line for line in lines if line.get("stream") == stream]
        begin, end = (moment(events, name) for name in ("stream_started", "stream_finished"))
        assert abs(figures["time_ms"] - (end - begin)) < max(0.01 * (end - begin), 3), figures
        assert abs(sum(spent(figures).values()) - figures["time_ms"]) < 1
        assert -3 < result.elapsed * 1000 - figures["time_ms"] < 500 + 20 * late.ms
        # The log, which knows nothing of that sum and tells of no wait under 100 ms, leaves no
        # longer stretch without a cause than a few of those come to.
        assert uncovered(events) < 300 + 10 * late.ms, (stream, uncovered(events), late.ms)
        # What the server counted.
        marked = [path for path in routes if f"name={name}/" in path]
        asked = sum(routes[path] - before.get(path, 0) for path in marked)
        assert figures["requests"] == result.requests
        assert figures["requests"] == asked, (stream, figures)
        with urllib.request.urlopen(f"{server}/_truth/{stream}", timeout=30) as answer:
            assert figures["records"] == figures["committed"] == json.load(answer)["count"]
    assert of(metrics, "users")["statuses"] == {"200": 10, "429": 1, "503": 2}
    assert of(metrics, "users")["retries"] == {"status": 2, "throttled": 1}
    assert of(metrics, "users")["limit_hits"] == 1
    assert sum(of(metrics, "transactions")["failures"].values()) >= 1
    assert of(metrics, "events")["statuses"]["503"] == 1
    for stream, causes in {
        "users": {"retry", "server_pause", "limit", "response"},
        "transactions": {"retry", "response"},
        "events": {"response", "limit", "server_pause"},
    }.items():
        assert causes <= set(spent(of(metrics, stream))), (stream, spent(of(metrics, stream)))
    violations = [one["violations"] for one in stats(server)["limiters"].values()]
    assert sum(violations) == 0
    assert {sample.name for family in families(texts[1]) for sample in family.samples} >= {
        "penstock_spent_seconds_total",
        "penstock_cursor_lag_seconds",
    }
    said = [*texts, log, json.dumps([str(one) for one in report.streams])]
    with penstock.State(tmp_path / "state.db") as state:
        said.append(json.dumps(state.export()))
    for text in said:
        assert "canary" not in text.lower()
