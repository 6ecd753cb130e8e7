"""Programs that see a file system of their own: what permissions can't show to root, mounts can."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "bindings/python/src"


def in_a_namespace(mounts: str, code: str) -> subprocess.CompletedProcess[str]:
    """A Python program behind those commands of a shell."""
    python = shlex.join([sys.executable, "-c", code])
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", f"{mounts} && exec {python}"]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def read_only(folder: Path) -> str:
    """The commands that make a folder one of a disk that takes nothing."""
    return f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
