"""Part three: a real data set out of a real server, compared with the database behind it."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from pull_flights import pull_flights, sha256_of

from .screen import Screen
from .servers import answer_of, running
from .streams import ROOT

_SERVERS = ROOT / "Tests" / "real_servers"


@dataclass(frozen=True)
class Flights:
    """What part three leaves to the summary."""

    file: Path
    records: int
    requests: int
    retries: int


def pull_all_flights(screen: Screen, directory: Path) -> Flights:
    screen.heading("3  Real data: every flight out of New York in 2013, from Datasette")
    if not (ROOT / ".build" / "data" / "flights.db").exists():
        screen.note("making the database (this once, about ten seconds)")
    # Straight from SQLite, not through the server.
    truth = answer_of([sys.executable, _SERVERS, "flights", "truth"])
    command: list[str | Path] = [sys.executable, _SERVERS, "flights", "serve", "--until-eof"]
    with running(command, within=120) as server:
        progress = screen.progress({"flights": int(truth["count"])})
        before = time.process_time()
        pulled = pull_flights(server["url"], directory, progress, screen.interval)
        worked = time.process_time() - before
    file = directory / "flights.jsonl"
    checksum = sha256_of(file)
    screen.line()
    screen.verdict(
        pulled.records == truth["count"],
        f"{pulled.records:,} records; the database holds {truth['count']:,}",
    )
    screen.verdict(
        checksum == truth["sha256_as_sent"],
        f"SHA-256 {checksum[:16]}..., the database's {truth['sha256_as_sent'][:16]}...",
    )
    screen.note(
        f"  {pulled.elapsed:.1f} s, {pulled.records_per_second:,.0f} records/s, "
        f"{pulled.bytes / 1e6:,.0f} MB in {pulled.requests} requests"
    )
    screen.note(
        f"  {worked:.1f} s of processor time were penstock's, the rest was waiting for Datasette"
    )
    return Flights(file, pulled.records, pulled.requests, pulled.retries)
