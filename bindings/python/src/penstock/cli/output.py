"""Lines for people: errors, progress, and the table of results."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from typing import TextIO

from ..errors import PenstockError
from ..sync import Report


def complain(message: str) -> None:
    """One line on stderr."""
    print(f"penstock: {' '.join(message.splitlines())}", file=sys.stderr, flush=True)


def one_line(error: PenstockError) -> str:
    """An error with the URL that it is about and the request id that a support desk asks for."""
    about = [error.url or "", f"request id {error.request_id}" if error.request_id else ""]
    known = [text for text in about if text and text not in error.message]
    return f"{error.message} ({', '.join(known)})" if known else error.message


class ProgressLine:
    """Where a run stands, in one line on stderr: rewritten in place on a terminal, else printed
    anew at most once a second, and only when something happened."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._printed_at = time.monotonic()
        self._printed = ""

    def show(self, report: Report) -> None:
        """Print the line, when it is time to."""
        text = self._text(report)
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r{text[:width]}\x1b[K")
            self._stream.flush()
            return
        now = time.monotonic()
        records = text.partition(" | ")[0]
        if now - self._printed_at < 1 or records == self._printed:
            return
        self._printed_at, self._printed = now, records
        self._stream.write(text + "\n")
        self._stream.flush()

    def clear(self) -> None:
        """Leave the terminal's line to what follows."""
        if self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _text(self, report: Report) -> str:
        parts = []
        for name, stream in report.items():
            total = "" if stream.total is None else f"/{stream.total:,}"
            state = "" if stream.state in ("running", "waiting") else f" {stream.state}"
            parts.append(f"{name} {stream.records:,}{total}{state}")
        rate = report.records / report.elapsed if report.elapsed > 0 else 0
        return f"{', '.join(parts)} | {rate:,.0f} records/s, {report.elapsed:.0f} s"


def results_table(report: Report) -> str:
    """The streams with state, records, seconds and records a second, and their sum."""
    rows: list[Sequence[str]] = [("stream", "state", "records", "seconds", "records/s")]
    for name, stream in report.items():
        rows.append(
            (
                name,
                stream.state,
                f"{stream.records:,}",
                f"{stream.elapsed:.2f}",
                f"{stream.records_per_second:,.0f}",
            )
        )
    rate = report.records / report.elapsed if report.elapsed > 0 else 0
    rows.append(("total", "", f"{report.records:,}", f"{report.elapsed:.2f}", f"{rate:,.0f}"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
