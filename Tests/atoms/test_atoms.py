"""Every kind of thing that 507 real connectors need (`atoms.json` has the counts): a document says
it, the library explains the document, and a walk over a real socket does what it says."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "bindings/python/src")]

import penstock  # noqa: E402
import pytest  # noqa: E402
from table import BEGIN, END, README, atoms, is_said, percent, table, weight  # noqa: E402
from wire import Wire  # noqa: E402

ATOMS = atoms()
INSIDE = [atom for atom in ATOMS if not atom.get("out")]
SAID = [pytest.param(atom, id=atom["atom"]) for atom in ATOMS if is_said(atom)]
BASE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    server = Wire()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def practice() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "practice_api", "--until-eof", "--quiet"],
        cwd=HERE.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None
    url: str = json.loads(process.stdout.readline())["http"]
    yield url
    process.stdin.close()
    assert process.wait(10) == 0


@pytest.mark.parametrize("atom", SAID)
def test_a_document_says_it(atom: dict[str, Any]) -> None:
    document = {"base_url": BASE, **atom["document"]}
    told = penstock.explain(document, params=atom.get("params"))
    assert {stream["name"] for stream in told["streams"]} == set(atom["document"]["streams"])


@pytest.mark.parametrize("atom", SAID)
def test_a_walk_does_it(atom: dict[str, Any], wire: Wire, practice: str) -> None:
    if "practice" in atom:
        with urllib.request.urlopen(f"{practice}/_dump/{atom['practice']}", timeout=30) as answer:
            truth = answer.read().splitlines()
        records, failure = walked(atom, practice)
        assert failure is None and records == truth
        return
    name = str(ATOMS.index(atom))
    exchanges = wire.play(name, atom["wire"])
    began = time.monotonic()
    records, failure = walked(atom, wire.base(name))
    assert exchanges.odd == []
    assert exchanges.left == [], failure
    if "error" in atom:
        assert type(failure).__name__ == atom["error"]["type"]
        assert atom["error"]["contains"] in str(failure)
    else:
        assert failure is None
    assert [json.loads(record) for record in records] == atom["records"]
    assert time.monotonic() - began >= atom.get("waits", 0)


def walked(atom: dict[str, Any], base: str) -> tuple[list[bytes], penstock.PenstockError | None]:
    records: list[bytes] = []
    document = {"retry": {"attempts": 2}, **atom["document"], "base_url": base}
    with penstock.Client(document, params=atom.get("params")) as api:
        for stream in atom.get("walk", ["s"]):
            try:
                for page in api.pages(stream):
                    records += [bytes(record) for record in page.raw]
            except penstock.PenstockError as failure:
                return records, failure
    return records, None


def test_every_atom_is_written_down_once_and_whole() -> None:
    assert len({(atom["group"], atom["atom"]) for atom in ATOMS}) == len(ATOMS)
    for atom in ATOMS:
        if is_said(atom):
            assert ("practice" in atom) != ("wire" in atom), atom["atom"]
        elif not atom.get("out"):
            assert atom["why"]


def test_the_share_is_what_the_readme_says() -> None:
    said = [atom for atom in INSIDE if is_said(atom)]
    assert len(said) / len(INSIDE) >= 0.95
    assert weight(said) / weight(INSIDE) >= 0.95
    text = README.read_text()
    assert text.split(BEGIN)[1].split(END)[0] == table(), "run Tests/atoms/table.py --write"
    assert f"{percent(len(said), len(INSIDE))} of the kinds" in text
    assert percent(weight(said), weight(INSIDE)) in text
