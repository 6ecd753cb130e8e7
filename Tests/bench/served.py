"""The servers that benches measure against, each a process of its own for the time of a `with`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def served(*command: str | Path, cwd: Path = ROOT) -> Iterator[str]:
    """The first line that it prints. It ends at the end of its input."""
    with subprocess.Popen(
        command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate(timeout=60)


@contextmanager
def practice_api(*options: str) -> Iterator[str]:
    """Its address."""
    command = (sys.executable, "-m", "practice_api", "--until-eof", "--quiet", *options)
    with served(*command, cwd=ROOT / "Tests") as told:
        yield json.loads(told)["http"]


def page_server(records: str, delay_ms: str = "0") -> AbstractContextManager[str]:
    """The C server of Tests/bench/run.sh, which builds it: 100 records a page."""
    return served(ROOT / ".build/c-bench/page_server", records, delay_ms)
