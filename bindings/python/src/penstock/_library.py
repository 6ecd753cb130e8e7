"""Where libpenstock is looked for, and the check that it speaks the ABI of this package.

It knows names and places only; how a library is opened is handed in, so that `_ffi` stays the one
module that deals with foreign functions.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, TypeVar

ABI_VERSION = 0
FILE_NAME = "libpenstock.so"
VARIABLE = "PENSTOCK_LIBRARY"

_PACKAGE = Path(__file__).resolve().parent

Library = TypeVar("Library")


def load(
    open_library: Callable[[str], Library], find_library: Callable[[str], str | None]
) -> tuple[Library, str]:
    """Open the first library found: `PENSTOCK_LIBRARY`, beside the package, the build of a source
    checkout, the system. Gives it and the name it was opened by; ImportError when there is none.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        # Somebody named it: falling back to another one in silence would test the wrong library.
        try:
            return open_library(chosen), chosen
        except OSError as error:
            raise ImportError(f"{VARIABLE}={chosen} cannot be loaded: {error}") from error

    places = [_PACKAGE / FILE_NAME]
    checkout = _checkout()
    if checkout is not None:
        places.append(checkout / ".build" / "release" / FILE_NAME)
    for place in places:
        if place.exists():
            try:
                return open_library(str(place)), str(place)
            except OSError as error:
                raise ImportError(f"{place} cannot be loaded: {error}") from error

    name = find_library("penstock")
    if name is not None:
        try:
            return open_library(name), name
        except OSError as error:
            raise ImportError(f"{name} cannot be loaded: {error}") from error

    searched = ", ".join(str(place) for place in places)
    raise ImportError(
        f"{FILE_NAME} was not found in {searched} or where the system keeps libraries; "
        f"set {VARIABLE} to its path"
    )


def check_abi(path: str, abi_version: int, version: str, package_version: str) -> None:
    """Refuse a library of another ABI: calling it would read its memory wrongly."""
    if abi_version != ABI_VERSION:
        raise ImportError(
            f"{path} is Penstock {version} with ABI {abi_version}, but the Python package at "
            f"{_PACKAGE} ({package_version}) needs ABI {ABI_VERSION}; install both from one release"
        )


def _checkout() -> Path | None:
    """The source checkout that this file stands in (bindings/python/src/penstock), if any."""
    parents = _PACKAGE.parents
    if len(parents) > 3 and (parents[3] / "include" / "penstock.h").is_file():
        return parents[3]
    return None
