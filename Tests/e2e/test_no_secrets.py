"""That tests which print a secret fail: seen on tests of their own, in another pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
PRINTING = """
import logging, os, subprocess, sys

SECRET = "canary-" + "key-1"

def test_print(): print(SECRET)
def test_stderr(): sys.stderr.write(SECRET)
def test_child(): os.write(2, SECRET.encode())
def test_log(): logging.getLogger("a").warning(SECRET)
def test_in_a_line(): print("url: /a?api_key=" + SECRET + "&b=1")
def test_harmless(): print("canary"); logging.getLogger("a").warning("a key")
"""


def test_a_test_that_shows_a_secret_fails(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from no_secrets import pytest_runtest_makereport\n")
    (tmp_path / "test_printing.py").write_text(PRINTING)
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rA", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert "5 failed, 1 passed" in told, told
    assert "PASSED test_printing.py::test_harmless" in told
    assert "a secret stands in: Captured stderr call" in told
