"""Programs that see a file system of their own: what permissions can't show to root, mounts can."""

from __future__ import annotations

import functools
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "bindings/python/src"
UNSHARE = ("unshare", "--mount", "--map-root-user")


@functools.cache
def refusal() -> str:
    """Why this machine makes no namespaces; empty when it does."""
    done = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr.strip()


def in_a_namespace(mounts: str, code: str) -> subprocess.CompletedProcess[str]:
    """A Python program behind those commands of a shell."""
    if refusal():
        pytest.skip(f"no namespaces here: {refusal()}")
    python = shlex.join([sys.executable, "-c", code])
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    return subprocess.run(
        [*UNSHARE, "sh", "-c", f"{mounts} && exec {python}"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def read_only(folder: Path) -> str:
    """The commands that make a folder one of a disk that takes nothing."""
    return f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
