"""What the demonstration shows: headings, tables, verdicts, and progress that moves in place on a
terminal and comes as plain lines elsewhere. Nothing is wider than 80 columns."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TextIO

import penstock

WIDTH = 80
_STEP = 1_000
_BAR = 24
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "cyan": "36"}


class Screen:
    """Where everything is printed. It also keeps the list of what did not match."""

    def __init__(self, out: TextIO | None = None, env: Mapping[str, str] | None = None) -> None:
        self._out = sys.stdout if out is None else out
        env = os.environ if env is None else env
        self.moves = self._out.isatty() and env.get("TERM", "dumb") != "dumb"
        self._colors = self.moves and not env.get("NO_COLOR")
        self._rich = (self._out.encoding or "").lower().replace("-", "") == "utf8"
        self.problems: list[str] = []

    # ------------------------------------------------------------------------------- text

    def line(self, text: str = "") -> None:
        print(text, file=self._out, flush=True)

    def style(self, text: str, *styles: str) -> str:
        if not (self._colors and text and styles):
            return text
        codes = ";".join(_STYLES[style] for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def heading(self, text: str) -> None:
        self.line()
        self.line(self.style(text, "bold"))

    def note(self, text: str) -> None:
        self.line("   " + self.style(text, "dim"))

    def verdict(self, holds: bool, text: str) -> bool:
        """Print what was checked, and remember it when it doesn't hold."""
        if holds:
            self.line(f"   {self.style('✓' if self._rich else 'ok', 'green')} {text}")
        else:
            mark = "✗" if self._rich else "NO"
            self.line(f"   {self.style(f'{mark} {text}', 'bold', 'red')}")
            self.problems.append(text)
        return holds

    def table(self, titles: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> None:
        """The first `left` columns and the last one begin at the left, numbers end at the right."""
        last = len(titles) - 1
        widths = [max(_cells(row[at]) for row in [titles, *rows]) for at in range(last + 1)]
        for index, row in enumerate([titles, *rows]):
            parts = []
            for at, text in enumerate(row):
                space = " " * (widths[at] - _cells(text))
                parts.append(text + space if at < left or at == last else space + text)
            text = "   " + "  ".join(parts).rstrip()
            self.line(self.style(text, "dim") if index == 0 else text)

    # --------------------------------------------------------------------------- progress

    def progress(self, totals: Mapping[str, int]) -> Progress:
        """Progress of a run, for `penstock.pull(on_progress=...)`; how many records each stream is
        going to have is what its server said when it was asked."""
        return _Moving(self, totals) if self.moves else _Plain(self, totals)

    @property
    def interval(self) -> float:
        """How often progress is worth asking for, in seconds."""
        return 0.1 if self.moves else 0.25

    def bar(self, share: float) -> str:
        full = min(_BAR, int(share * _BAR))
        done, rest = (
            ("━" * full, "─" * (_BAR - full)) if self._rich else ("#" * full, "." * (_BAR - full))
        )
        return self.style(done, "cyan") + self.style(rest, "dim")

    def write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


class Progress:
    """Called with a report several times a second and once more at the end."""

    def __init__(self, screen: Screen, totals: Mapping[str, int]) -> None:
        self.screen = screen
        self.totals = totals

    def __call__(self, report: penstock.Report) -> None:
        raise NotImplementedError


class _Moving(Progress):
    """A line for each stream, drawn over the one before."""

    drawn = 0

    def __call__(self, report: penstock.Report) -> None:
        # A terminal narrower than the line would break it in two, and the cursor would then go up
        # too few lines: there the bar is left out.
        wide = shutil.get_terminal_size().columns >= WIDTH
        lines = [f"\x1b[{self.drawn}A" if self.drawn else ""]
        for stream in report.streams:
            lines.append(f"\r{self._line(stream, wide)}\x1b[K\n")
        self.drawn = len(report.streams)
        self.screen.write("".join(lines))

    def _line(self, stream: penstock.StreamReport, wide: bool) -> str:
        # Whole thousands while it runs: a number that flickers can't be read.
        running = stream.state == "running"
        records = stream.records // _STEP * _STEP if running else stream.records
        text = f"   {stream.stream:<9} {records:>8,}"
        if not wide:
            return text
        share = stream.records / max(1, self.totals.get(stream.stream, 0))
        return (
            f"{text}  {self.screen.bar(share)} {stream.records_per_second:>7,.0f}/s"
            f"  {stream.elapsed:5.1f} s"
        )


class _Plain(Progress):
    """A line a second at most, whenever a stream has passed another thousand records."""

    told_at = 0.0
    told: tuple[int, ...] = ()

    def __call__(self, report: penstock.Report) -> None:
        thousands = tuple(stream.records // _STEP for stream in report.streams)
        soon = report.elapsed - self.told_at < 1.0
        if thousands == self.told or (soon and not report.done):
            return
        self.told_at, self.told = report.elapsed, thousands
        parts = [f"{each.stream} {each.records // _STEP * _STEP:,}" for each in report.streams]
        self.screen.line(f"   {report.elapsed:5.1f} s  {'  '.join(parts)}")


def _cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    wide = sum(unicodedata.east_asian_width(each) in "WF" for each in text)
    none = sum(unicodedata.category(each) in ("Mn", "Me", "Cf") for each in text)
    return len(text) + wide - none


def printable(text: str) -> str:
    """A text from an API without what would move the cursor of a terminal."""
    return "".join(each for each in text if unicodedata.category(each) != "Cc")
