"""Part one: four streams of three APIs at once, each as fast as its server allows and no faster."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import penstock
from pull_flights import sha256_of

from .screen import Screen
from .servers import ask, running

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "examples" / "sources"
NAMES = ("accounts", "tracking", "blog")
# So many that each API is busy for about fifteen seconds at its limit.
SIZES = {"users": 15_000, "events": 40_000, "posts": 15_000, "comments": 30_000}
_PAGING = {
    "users": "a cursor",
    "events": "an offset",
    "posts": "page numbers",
    "comments": "Link headers",
}


@dataclass(frozen=True)
class Pulled:
    """What part one leaves to the others."""

    files: dict[str, Path]
    records: int
    requests: int
    retries: int
    violations: int


def pull_streams(screen: Screen, directory: Path, sizes: Mapping[str, int]) -> Pulled:
    documents = {name: json.loads(_path(name).read_bytes()) for name in NAMES}
    screen.heading("1  Four streams of three APIs at once, each at its own limit")
    for document in documents.values():
        for stream in document["streams"]:
            limit = _limit_text(document["limits"])
            screen.note(f"{stream:<9} by {_PAGING[stream]:<13} {document['name']}: {limit}")
    screen.line()

    options = [part for name in sizes for part in ("--records", f"{name}={sizes[name]}")]
    api = ROOT / "Tests" / "practice_api"
    with running([sys.executable, api, "--until-eof", "--quiet", *options]) as server:
        base_url: str = server["http"]
        truths = {name: ask(f"{base_url}/_truth/{name}") for name in sizes}
        totals = {name: truth["count"] for name, truth in truths.items()}
        report = penstock.pull(
            _job(base_url, directory),
            on_progress=screen.progress(totals),
            interval=screen.interval,
            check=False,
        )
        stats = ask(f"{base_url}/_stats")

    screen.line()
    same = {each.stream: _is_identical(each, truths[each.stream]) for each in report.streams}
    _table(screen, report, same)
    for name, error in report.errors.items():
        screen.verdict(False, f"{name}: {error}")
    screen.line()
    screen.verdict(
        all(same.values()), "each file has the SHA-256 of what the server holds, byte for byte"
    )
    requests, violations = _verdict_on_limits(screen, report, stats)
    least = max(
        _least_seconds(document["limits"], _requests_to(report, document["name"]))
        for document in documents.values()
    )
    screen.note(
        f"  {report.elapsed:.1f} s; at these limits it can't be done in less than {least:.1f} s"
    )
    return Pulled(
        files={each.stream: Path(each.file or "") for each in report.streams},
        records=report.records,
        requests=requests,
        retries=sum(each.retries for each in report.streams),
        violations=violations,
    )


def _path(name: str) -> Path:
    return SOURCES / f"practice-{name}.json"


def _job(base_url: str, directory: Path) -> penstock.JobDocument:
    sources: list[penstock.JobSource] = [
        {"name": name, "source": str(_path(name)), "params": {"base_url": base_url}}
        for name in NAMES
    ]
    return {"sources": sources, "output": {"directory": str(directory)}}


def _is_identical(stream: penstock.StreamReport, truth: Mapping[str, Any]) -> bool:
    return (
        stream.file is not None
        and stream.ok
        and stream.records == truth["count"]
        and sha256_of(Path(stream.file)) == truth["sha256"]
    )


def _table(screen: Screen, report: penstock.Report, same: Mapping[str, bool]) -> None:
    rows = [
        [
            each.stream,
            f"{each.records:,}",
            f"{each.elapsed:.1f}",
            f"{each.records_per_second:,.0f}",
            f"{each.requests:,}",
            f"{each.retries}",
            "identical" if same[each.stream] else "DIFFERENT",
        ]
        for each in report.streams
    ]
    requests = sum(each.requests for each in report.streams)
    retries = sum(each.retries for each in report.streams)
    rate = report.records / report.elapsed if report.elapsed else 0.0
    total = ["all", f"{report.records:,}", f"{report.elapsed:.1f}", f"{rate:,.0f}"]
    rows.append([*total, f"{requests:,}", f"{retries}", ""])
    titles = ["stream", "records", "seconds", "records/s", "requests", "retries", "file"]
    screen.table(titles, rows)


def _verdict_on_limits(
    screen: Screen, report: penstock.Report, stats: Mapping[str, Any]
) -> tuple[int, int]:
    """Requests and violations, both by the server's own count."""
    limiters = stats["limiters"].values()
    requests = sum(each["requests"] for each in limiters)
    violations = sum(each["violations"] for each in limiters)
    counted = sum(each.requests for each in report.streams)
    screen.verdict(
        violations == 0 and requests == counted,
        f"the server counted {requests:,} requests and {violations} violations of its limits"
        + ("" if requests == counted else f"; penstock counted {counted:,} requests"),
    )
    failed = stats["statuses"].get("503", 0)
    screen.note(f"  {failed} of its answers were a 503, on purpose; they were asked for again")
    return requests, violations


def _requests_to(report: penstock.Report, source: str) -> int:
    return sum(each.requests for each in report.streams if each.source == source)


def _limit_text(limit: Mapping[str, Any]) -> str:
    text = f"{limit['requests']} requests a second"
    return f"{text}, bursts of {limit['burst']}" if "burst" in limit else f"{text} for both"


def _least_seconds(limit: Mapping[str, Any], requests: int) -> float:
    """The least time in which a limit lets so many requests through."""
    per = float(limit["per"].removesuffix("s"))
    if "burst" in limit:
        return max(0, requests - int(limit["burst"])) * per / int(limit["requests"])
    return (requests - 1) // int(limit["requests"]) * per
