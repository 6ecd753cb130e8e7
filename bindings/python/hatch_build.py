"""Puts a built library into the wheel: PENSTOCK_WHEEL_LIBRARY=<libpenstock.so> python -m build -w.

Without the variable the wheel is plain Python, for systems that install the library themselves.
"""

from __future__ import annotations

import os
import sysconfig
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Library(BuildHookInterface):  # type: ignore[type-arg,misc,unused-ignore]
    """The build hook that pyproject.toml names."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Include the library, and tag the wheel for this platform but for any Python."""
        library = os.environ.get("PENSTOCK_WHEEL_LIBRARY")
        if not library or self.target_name != "wheel":
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        build_data["force_include"][library] = "penstock/libpenstock.so"
