"""What the lints share: where the tree is, how a check reports, how a command is run."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = Path(os.environ.get("PENSTOCK_LIB", ROOT / ".build/release/libpenstock.so"))


class Report:
    """One line per check on stdout; the exit code says whether all of them held."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.faults = 0

    def check(self, what: str, faults: list[str]) -> None:
        """`faults` is empty when the check holds, else one line for each place that breaks it."""
        print(f"{'ok  ' if not faults else 'FAIL'} {self.name}: {what}")
        for fault in faults:
            print(f"       {fault}")
        self.faults += bool(faults)

    def skip(self, what: str, why: str) -> None:
        print(f"skip {self.name}: {what} ({why})")

    def finish(self) -> None:
        sys.stdout.flush()
        sys.exit(1 if self.faults else 0)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )


def tracked(*patterns: str) -> list[Path]:
    """Files of the working tree that git knows or would take, so that new files are checked too."""
    listed = run(
        "git",
        "-C",
        ROOT,
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        *patterns,
    )
    if listed.returncode != 0:
        sys.exit(f"git ls-files: {listed.stderr.strip()}")
    paths = (ROOT / name for name in sorted(set(listed.stdout.split("\0"))) if name)
    return [path for path in paths if path.is_file()]


def short(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def need_library() -> Path:
    if not LIBRARY.exists():
        sys.exit(f"{LIBRARY} is missing: swift build -c release --product penstock")
    return LIBRARY
