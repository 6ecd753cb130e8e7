"""Lines for people: errors, progress, and the table of results."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..errors import PenstockError
from ..sync import Report
from .progress import visible


def complain(message: str) -> None:
    """One line on stderr."""
    print(f"penstock: {visible(' '.join(message.splitlines()))}", file=sys.stderr, flush=True)


def one_line(error: PenstockError) -> str:
    """An error with the URL that it is about and the request id that a support desk asks for."""
    about = [error.url or "", f"request id {error.request_id}" if error.request_id else ""]
    known = [text for text in about if text and text not in error.message]
    return f"{error.message} ({', '.join(known)})" if known else error.message


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
