"""End-to-end tests: the built library through the Python package, against servers on loopback."""

from __future__ import annotations

import sys
from pathlib import Path

from no_secrets import pytest_runtest_makereport  # noqa: F401

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS.parent / "bindings/python/src"))
sys.path.insert(0, str(TESTS))
