"""Runs the suite in `double/` against a stand-in for the library, built here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]


def test_everything_that_needs_no_server(tmp_path: Path) -> None:
    library = tmp_path / "libpenstock-double.so"
    compile = ["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-O1"]
    source = HERE / "double" / "penstock_double.c"
    subprocess.run([*compile, f"-I{ROOT / 'include'}", "-o", library, source], check=True)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE / "double")],
        cwd=HERE.parent,
        env={**os.environ, "PENSTOCK_LIBRARY": str(library)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    print(run.stdout, run.stderr)
    assert run.returncode == 0, run.stdout[-4000:]
