"""End-to-end tests: the built library through the Python package, against servers on loopback."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS.parent / "bindings/python/src"))
sys.path.insert(0, str(TESTS))
