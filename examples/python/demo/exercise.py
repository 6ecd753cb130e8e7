"""Part four, the closing exercise: a run that is killed in the middle is taken up again."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import closing_exercise
from three_sources import NAMES

from .screen import Screen
from .servers import running
from .streams import ROOT

# So many that the slowest of the three takes about ten seconds once it is taken up.
RECORDS = 6_000


@dataclass(frozen=True)
class Exercise:
    """What it came to, for the summary."""

    records: int
    requests: int = 0
    retries: int = 0


def kill_and_take_up(screen: Screen, directory: Path) -> Exercise:
    """Three streams, `kill -9` when half of their records are there, and the rest of them."""
    screen.heading("4  The closing exercise: killed in the middle, and taken up again")
    folder = directory / "exercise"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    options = ["--until-eof", "--quiet", "--records", str(RECORDS)]
    with running([sys.executable, ROOT / "Tests" / "practice_api", *options]) as server:
        base_url: str = server["http"]
        half = len(NAMES) * RECORDS // 2
        closing_exercise.kill_in_the_middle(base_url, folder, half)
        # What the process that died has used of its limits nobody knows any more.
        time.sleep(closing_exercise.REFILL_S)
        went_on = closing_exercise.pull(base_url, folder) == 0
        screen.line()
        right = went_on and closing_exercise.verify(base_url, folder)
    screen.verdict(right, "each record is in its file exactly once, within all limits")
    return Exercise(sum(len(closing_exercise.lines(folder, name)) for name in NAMES))
