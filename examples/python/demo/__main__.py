"""Run the demonstration: `scripts/demo.sh`, or `make demo` on a machine that has nothing yet.

Exit codes: 0 everything matches, 1 something doesn't, 130 Ctrl-C, 143 SIGTERM.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

import penstock
from engagement import engagement, records, write_csv

from .exercise import Exercise, kill_and_take_up
from .flights import Flights, pull_all_flights
from .screen import Screen, printable
from .servers import ServerFailed
from .streams import ROOT, SIZES, Pulled, pull_streams


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo.sh", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--directory", type=Path, default=ROOT / ".build" / "demo")
    parser.add_argument("--records", type=int, help="of each stream, instead of the usual sizes")
    parser.add_argument("--without-flights", action="store_true", help="leave out part three")
    parser.add_argument("--without-exercise", action="store_true", help="leave out part four")
    given = parser.parse_args()
    sizes = SIZES if given.records is None else dict.fromkeys(SIZES, given.records)

    # As Ctrl-C does: by way of every `finally`, which ends the servers.
    signal.signal(signal.SIGTERM, _told_to_end)
    # A terminal that can't show a name shows a question mark for it.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    screen = Screen()
    began = time.monotonic()
    try:
        given.directory.mkdir(parents=True, exist_ok=True)
        screen.line(screen.style(f"Penstock {penstock.library_version()}", "bold"))
        pulled = pull_streams(screen, given.directory, sizes)
        report = _join(screen, pulled, given.directory)
        flights = None if given.without_flights else pull_all_flights(screen, given.directory)
        exercise = None if given.without_exercise else kill_and_take_up(screen, given.directory)
    except (penstock.PenstockError, ServerFailed, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        screen.verdict(False, f"{type(error).__name__}: {error}")
        return 1
    _summary(screen, pulled, report, flights, exercise, time.monotonic() - began)
    return 1 if screen.problems else 0


def _join(screen: Screen, pulled: Pulled, directory: Path) -> Path:
    """Part two: who is read most, out of three of the files."""
    screen.heading("2  Users, posts and comments joined: who is read most?")
    began = time.monotonic()
    report = engagement(*(records(pulled.files[name]) for name in ("users", "posts", "comments")))
    file = directory / "engagement.csv"
    write_csv(file, report)
    elapsed = time.monotonic() - began
    rows = [
        [
            str(place),
            f"{line.posts:,}",
            f"{line.comments:,}",
            f"{line.comments_per_post:.2f}",
            line.email,
            printable(line.name),
        ]
        for place, line in enumerate(report.users[:5], 1)
    ]
    # The names stand last: they are in many scripts, and terminals disagree about their width.
    screen.table(["", "posts", "comments", "per post", "email", "name"], rows)
    posts = sum(line.posts for line in report.users)
    comments = sum(line.comments for line in report.users)
    screen.note(
        f"{len(report.users):,} users, {posts:,} posts, {comments:,} comments, joined and "
        f"written in {elapsed:.1f} s"
    )
    if report.posts_without_user or report.comments_without_post:
        screen.note(
            f"left out: {report.posts_without_user:,} posts and "
            f"{report.comments_without_post:,} comments that belong to nothing that was pulled"
        )
    return file


def _summary(
    screen: Screen,
    pulled: Pulled,
    report: Path,
    flights: Flights | None,
    exercise: Exercise | None,
    elapsed: float,
) -> None:
    parts = [part for part in (pulled, flights, exercise) if part is not None]
    total = sum(part.records for part in parts)
    requests = sum(part.requests for part in parts)
    retries = sum(part.retries for part in parts)
    if screen.problems:
        count = len(screen.problems)
        text = "1 check failed" if count == 1 else f"{count} checks failed"
        screen.heading(screen.style(text, "red"))
        for problem in screen.problems:
            screen.line(f"   {problem}")
    else:
        screen.heading(screen.style("Everything matches", "green"))
    screen.line(
        f"   {total:,} records, {requests:,} requests, {retries} retries, "
        f"{pulled.violations} violations; {elapsed:.0f} s in all"
    )
    directory = os.path.relpath(report.parent)
    # From elsewhere than the checkout, a way up and down again says less than the whole path.
    screen.line(f"   in {report.parent if directory.startswith(os.pardir) else directory}:")
    for file in [*pulled.files.values(), report, *([flights.file] if flights else [])]:
        if file.is_file():  # a stream that failed at once has none
            screen.line(f"   {file.stat().st_size / 1e6:7.1f} MB  {file.name}")


def _told_to_end(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(143)


if __name__ == "__main__":
    try:
        code = main()
    except KeyboardInterrupt:
        print("\ninterrupted; the servers have ended", file=sys.stderr)
        code = 130
    except BrokenPipeError:
        # `| head` has seen enough; without this Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    raise SystemExit(code)
