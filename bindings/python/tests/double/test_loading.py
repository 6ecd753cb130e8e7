"""Where the library is looked for, and what is said when it is not the right one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock import _library

from .conftest import RunScript


def opened(places: dict[str, str]) -> tuple[str, list[str]]:
    asked: list[str] = []

    def open_library(name: str) -> str:
        asked.append(name)
        if name not in places:
            raise OSError("no such file")
        return places[name]

    library, _ = _library.load(open_library, lambda name: f"lib{name}.so.0")
    return library, asked


def test_the_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_LIBRARY", "/there/lib.so")
    assert opened({"/there/lib.so": "mine"}) == ("mine", ["/there/lib.so"])
    with pytest.raises(ImportError, match=r"PENSTOCK_LIBRARY=/there/lib\.so cannot be loaded"):
        opened({})


def test_beside_the_package_then_the_checkout_then_the_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PENSTOCK_LIBRARY")
    package = tmp_path / "bindings" / "python" / "src" / "penstock"
    package.mkdir(parents=True)
    monkeypatch.setattr(_library, "_PACKAGE", package)
    assert opened({"libpenstock.so.0": "system"})[0] == "system"

    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "penstock.h").touch()
    built = tmp_path / ".build" / "release" / "libpenstock.so"
    built.parent.mkdir(parents=True)
    built.touch()
    assert opened({str(built): "built"})[0] == "built"

    beside = package / "libpenstock.so"
    beside.touch()
    assert opened({str(beside): "beside"})[0] == "beside"


def test_nothing_found_says_where_it_looked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PENSTOCK_LIBRARY")
    monkeypatch.setattr(_library, "_PACKAGE", tmp_path)
    with pytest.raises(ImportError, match=f"not found in {tmp_path}.*set PENSTOCK_LIBRARY"):
        _library.load(lambda name: name, lambda name: None)


def test_another_abi_is_refused_and_both_are_named(script: RunScript) -> None:
    process = script("import penstock", DOUBLE_ABI="7")
    _, errors = process.communicate(timeout=60)
    last = errors.strip().splitlines()[-1]
    assert process.returncode == 1
    assert last.startswith(f"ImportError: {os.environ['PENSTOCK_LIBRARY']} is Penstock 0.1.0")
    assert "ABI 7" in last
    assert "needs ABI 0" in last


def test_a_library_of_another_kind_is_refused(script: RunScript) -> None:
    process = script("import penstock", PENSTOCK_LIBRARY="libc.so.6")
    _, errors = process.communicate(timeout=60)
    assert "ImportError: libc.so.6 has no function penstock_version" in errors
