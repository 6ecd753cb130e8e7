"""Where a run stands, for people who watch it."""

from __future__ import annotations

import os
import shutil
import time
from typing import TextIO

from ..sync import Report, StreamReport

_CAUSES = {
    "limit": "limit",
    "shared_limit": "shared limit",
    "server_pause": "server's pause",
    "server_quota": "server's quota",
    "server_concurrency": "requests under way",
    "breaker": "circuit breaker",
    "retry": "retry",
    "token": "token",
    "line": "others in front",
}
_MARKS = {"done": "32", "failed": "31", "cancelled": "33", "parked": "33"}


class Progress:
    """A line a stream on a terminal, rewritten in place; elsewhere a plain line for each stream
    that moved, at most every other second. No colours with NO_COLOR."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        terminal = os.environ.get("TERM", "")
        self._in_place = stream.isatty() and terminal != "dumb"
        self._colours = self._in_place and not os.environ.get("NO_COLOR")
        self._drawn = 0
        self._printed_at = time.monotonic()
        self._printed: dict[str, str] = {}
        self._broken = False

    def show(self, report: Report) -> None:
        """Show it, when it is time to. Whoever closed the other end is not told any more."""
        if self._broken:
            return
        try:
            if self._in_place:
                self._draw(report)
            else:
                self._print(report)
        except OSError:
            self._broken = True

    def clear(self) -> None:
        """Leave the terminal's lines to what follows."""
        if self._drawn and not self._broken:
            try:
                self._stream.write(self._back() + "\x1b[J")
                self._stream.flush()
            except OSError:
                self._broken = True
        self._drawn = 0

    def _back(self) -> str:
        return "\r" + (f"\x1b[{self._drawn - 1}A" if self._drawn > 1 else "")

    def _draw(self, report: Report) -> None:
        size = shutil.get_terminal_size()
        lines = []
        for name, stream in report.items():
            # The last column stays empty: some terminals break the line there.
            text = line_of(name, stream, max(1, size.columns - 1))
            mark = _MARKS.get(stream.state)
            lines.append(f"\x1b[{mark}m{text}\x1b[0m" if self._colours and mark else text)
        # What does not fit could not be taken back.
        most = max(1, size.lines - 1)
        if len(lines) > most:
            more = f"and {len(lines) - most + 1} more"[: max(1, size.columns - 1)]
            lines = [*lines[: most - 1], more]
        back = self._back() if self._drawn else "\r"
        self._stream.write(back + "\x1b[J" + "\n".join(lines))
        self._stream.flush()
        self._drawn = len(lines)

    def _print(self, report: Report) -> None:
        now = time.monotonic()
        if now - self._printed_at < 2 and not report.done:
            return
        for name, stream in report.items():
            what = f"{stream.state} {stream.records} {waiting_for(stream)[0]}"
            if self._printed.get(name) == what:
                continue
            self._printed[name] = what
            self._stream.write(line_of(name, stream, 200) + "\n")
        self._stream.flush()
        self._printed_at = now


def line_of(name: str, stream: StreamReport, width: int) -> str:
    """A stream in one line of at most so many columns: what matters most stands first."""
    total = "" if stream.total is None else f"/{stream.total:,}"
    cause, left = waiting_for(stream)
    state = "" if stream.state == "running" else stream.state
    parts = [
        f"{stream.records:,}{total}",
        state,
        cause and f"waits: {cause}{left}",
        f"{stream.records_per_second:,.0f}/s",
        f"{stream.pages:,} page{'' if stream.pages == 1 else 's'}",
        f"{stream.retries} {'retry' if stream.retries == 1 else 'retries'}"
        if stream.retries
        else "",
        remaining(stream),
    ]
    if width < 40:
        # What it waits for is worth more than how many there are of how many.
        parts = [cause and f"{cause}{left}", state, f"{stream.records:,}"]
        room = max(1, width - len(visible(" ".join(part for part in parts if part))) - 1)
        return visible(" ".join([visible(name)[:room], *(part for part in parts if part)]))[:width]
    return visible("  ".join([name, *(part for part in parts if part)]))[:width]


def waiting_for(stream: StreamReport) -> tuple[str, str]:
    """What a stream waits for, when that is neither its server nor us; and how long yet."""
    waiting = stream.waiting
    if stream.state != "running" or not waiting or waiting["for"] not in _CAUSES:
        return "", ""
    left = waiting.get("left_ms")
    cause = _CAUSES[waiting["for"]]
    if waiting.get("limit"):
        cause = f"limit {waiting['limit']}"
    if left is None or left < 1000:
        # Gone before it is read.
        return (cause, "") if left is None and waiting.get("since_ms", 0) >= 1000 else ("", "")
    return cause, f", {duration(left / 1000)}"


def remaining(stream: StreamReport) -> str:
    """How long the rest takes at the speed so far."""
    rate = stream.records_per_second
    if stream.state != "running" or not stream.total or rate <= 0 or stream.records >= stream.total:
        return ""
    return f"{duration((stream.total - stream.records) / rate)} left"


def duration(seconds: float) -> str:
    """`42s`, `3m20s`, `2h05m`."""
    whole = int(seconds + 0.999)
    if whole < 100:
        return f"{whole}s"
    if whole < 6000:
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"


def visible(text: str) -> str:
    """A text that a terminal shows and does not obey: control characters are written out."""
    return "".join(
        char if char.isprintable() else f"\\u{{{ord(char):x}}}" if ord(char) > 31 else "�"
        for char in text
    )
