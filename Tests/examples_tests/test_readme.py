"""What the READMEs say is so: their programs run as they stand, and what they name is there."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT, SIZE, Practice, environment

PACKAGE = ROOT / "bindings/python"
README = ROOT / "README.md"
TEXTS = [
    README,
    ROOT / "ARCHITECTURE.md",
    ROOT / "CHANGELOG.md",
    PACKAGE / "README.md",
    *sorted((ROOT / "examples").glob("*/README.md")),
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LIBRARY = Path(os.environ.get("PENSTOCK_LIBRARY", ROOT / ".build/release/libpenstock.so"))


def blocks(path: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(path.read_text()) if kind == language]


def code(path: Path) -> list[str]:
    """Every piece that is set as code, in the text and in blocks."""
    text = path.read_text()
    return CODE.findall(BLOCK.sub("", text)) + [block for _, block in BLOCK.findall(text)]


def here(text: str, practice: Practice) -> str:
    """A program about example.com as one about the practice API."""
    for there, instead in {
        "https://api.example.com/v1": practice.url,
        "https://api.example.com/users": f"{practice.url}/cursor/users",
        "https://api.example.com": practice.url,
        '"path": "/users"': '"path": "/cursor/users"',
        '"path": "/events"': '"path": "/offset/events"',
        "/users/7": "/single/users/7",
        '"/me"': '"/single/users/7"',
        '"/items"': '"/write/items"',
    }.items():
        text = text.replace(there, instead)
    return text


def source(practice: Practice) -> dict[str, Any]:
    """The source document of the first program."""
    tree = ast.parse(here(blocks(README, "python")[0], practice))
    for node in tree.body:
        if isinstance(node, ast.Assign):
            document: dict[str, Any] = ast.literal_eval(node.value)
            return document
    raise AssertionError("the first program has no source document")


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_TOKEN", "of-the-readme")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    yield tmp_path


# -------------------------------------------------------------------------------- programs


def test_the_first_program(practice: Practice, folder: Path) -> None:
    program = here(blocks(README, "python")[0], practice)
    done = subprocess.run(
        [sys.executable, "-c", program + "\nassert report.ok, report"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == SIZE
    assert {path.name for path in (folder / "out").iterdir()} == {"users.jsonl", "events.jsonl"}


def test_the_commands_of_a_shell(
    practice: Practice, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from penstock.cli import main

    (folder / "source.json").write_text(json.dumps(source(practice)))
    several = "".join(block for block in blocks(README, "sh") if "penstock " in block)
    several += blocks(PACKAGE / "README.md", "")[0]
    several = here(several, practice)
    several = several.replace("/var/lib/node_exporter/", "").replace("port 9477", "port 0")
    lines = [line for line in several.splitlines() if "redis:" not in line]
    assert len(lines) >= 15
    for line in lines:
        name, *words = shlex.split(line, comments=True)
        if name == "penstock":
            assert main(words) == 0, (line, capfd.readouterr())
            continue
        assert (name, words[0]) == ("PENSTOCK_LOG=debug", "penstock")
        done = subprocess.run(
            [sys.executable, "-m", *words],
            env=environment(PENSTOCK_LOG="debug"),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0 and '"event":"request"' in done.stderr, done.stderr


def test_what_is_seen(practice: Practice, folder: Path) -> None:
    import penstock

    seen = next(block for block in blocks(README, "python") if "api.metrics()" in block)
    straight, loop = seen.rsplit("for event", 1)
    with penstock.Client(source(practice)) as api:
        assert len(list(api.records("users"))) == SIZE
        exec("import logging\n" + straight, {"api": api})
        told: list[Any] = []
        events = api.events()
        listener = threading.Thread(target=lambda: told.extend(events))
        listener.start()
    listener.join(60)
    assert told and "event" + loop.partition("#")[0].rstrip() == "event in api.events(): ..."


def test_the_expectations(practice: Practice) -> None:
    import penstock

    (expect,) = blocks(README, "json")
    document = source(practice)
    document["streams"]["users"].update(json.loads("{" + expect + "}"))
    penstock.Client(document).close()


def test_the_store(practice: Practice) -> None:
    """`Mine` is a sketch of examples/python/own_state_store.py, which has a test of its own."""
    import jsonschema
    import penstock

    (sketch,) = (block for block in blocks(README, "python") if "StateStore" in block)
    tree = ast.parse(sketch)
    job = next(node for node in ast.walk(tree) if isinstance(node, ast.Dict))
    named = eval(ast.unparse(job), {"source": source(practice)})
    # "#" in the schema of a job is a source document, and the job hangs below it.
    schema = penstock.schema()
    validator = jsonschema.Draft202012Validator(schema)
    assert not list(validator.evolve(schema=schema["$defs"]["job"]).iter_errors(named))
    assert list(validator.evolve(schema=schema["$defs"]["job"]).iter_errors({**named, "stat": 1}))


def test_the_programs_of_the_package(practice: Practice, folder: Path) -> None:
    import penstock

    (program,) = blocks(PACKAGE / "README.md", "python")
    names: dict[str, Any] = {}
    exec(here(program, practice).replace('"path": "/users"', '"path": "/cursor/users"'), names)
    assert names["report"]["users"].records == SIZE
    import asyncio

    with penstock.Client(names["source"]) as api:
        asyncio.run(names["walk"](api))


def test_the_program_in_c(practice: Practice, folder: Path) -> None:
    (program,) = blocks(README, "c")
    lines = textwrap.indent(program, "    ")
    (folder / "walk.c").write_text(
        "#include <stdio.h>\n#include <string.h>\n#include <penstock.h>\n"
        "int main(int count, char **argv) {\n"
        "    const char *text = count > 1 ? argv[1] : \"\";\n    size_t size = strlen(text);\n"
        f"{lines}"
        "    if (error) fprintf(stderr, \"%s\\n\", penstock_error_message(error));\n"
        "    penstock_error_free(error);\n    penstock_paginator_free(paginator);\n"
        "    penstock_client_free(client);\n    return status != PENSTOCK_END;\n}\n"
    )  # fmt: skip
    (folder / "libpenstock.so.0").symlink_to(LIBRARY.resolve())
    subprocess.run(
        ["cc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", f"-I{ROOT}/include",
         "walk.c", "-o", "walk", "libpenstock.so.0", f"-Wl,-rpath,{folder}"],
        check=True,
    )  # fmt: skip
    done = subprocess.run(
        [folder / "walk", json.dumps(source(practice))], capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b'"id"') == SIZE


# ----------------------------------------------------------------------------------- names


def all_of(*patterns: str) -> str:
    files = (path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file())
    return "\n".join(path.read_text() for path in files)


@pytest.fixture(scope="module")
def quoted() -> set[str]:
    """Every key that a document, a job, options, an answer or an event can have."""
    import penstock

    words = set(re.findall(r'\\?"([a-z_0-9]+)\\?"', all_of("include/*.h")))

    def collect(value: object) -> None:
        if isinstance(value, dict):
            words.update(value)
            for each in value.values():
                collect(each)
        elif isinstance(value, list):
            for each in value:
                collect(each)
        elif isinstance(value, str):
            words.add(value)

    collect(penstock.schema())
    return words


# What somebody who writes a document calls things.
OWN = {"owner", "token", "users", "name"}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_named_is_there(path: Path, quoted: set[str]) -> None:
    import penstock

    header = all_of("include/*.h")
    sources = all_of("Sources/**/*.swift", "bindings/python/src/**/*.py")
    programs = all_of("bindings/python/src/**/*.py", "Tests/bench/*", "Tests/*/__main__.py",
                      "scripts/*", "Makefile", "examples/python/**/*.py")  # fmt: skip
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    missing = []
    for piece in code(path):
        for name in re.findall(r"\bpenstock_\w+", piece):
            # One of several ("penstock_state_*"), a function, a handle; or a figure of monitoring.
            figure = f'"{name.removeprefix("penstock_")}"'
            texts = (header, sources)
            if (
                not any(name in text or figure in text for text in texts)
                and not (ROOT / f"include/{name}.h").exists()
            ):
                missing.append(name)
        missing += [
            flag for flag in re.findall(r"(?<![\w-])--[a-z][a-z-]+", piece) if flag not in programs
        ]
        missing += [
            f"make {target}"
            for target in re.findall(r"\bmake ([a-z]+)", piece)
            if target not in targets
        ]
        for place in re.findall(r"(?<![\w/.])(?:Tests|examples|scripts|Sources|bindings|include)/[\w./-]*", piece):  # fmt: skip  # noqa: E501
            if not (ROOT / place.rstrip(".")).exists():
                missing.append(place)
        for name in re.findall(r"\bpenstock\.((?!h\b|db\b|yml\b|prom\b|pc\b)[A-Za-z]\w*)", piece):
            if not hasattr(penstock, name):
                missing.append(f"penstock.{name}")
        if "\n" not in piece and "Error" not in piece:
            for key in re.findall(r'"([a-z_]+)"(?=\s*[:,}]|$)', piece):
                if key not in quoted | OWN:
                    missing.append(f'"{key}"')
    assert not missing


def test_the_map_has_every_room() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for room in ("Engine", "IO"):
        for folder in (ROOT / "Sources" / room).iterdir():
            if folder.is_dir():
                assert f"| `{folder.name}` |" in text, folder


def test_the_names_of_this_test_are_looked_at(quoted: set[str]) -> None:
    """A pattern that finds nothing would let everything through."""
    pieces = [piece for path in TEXTS for piece in code(path)]
    for wanted in ("penstock_client_metrics()", "--keep-runs", "make demo", "Tests/e2e"):
        assert any(wanted in piece for piece in pieces), wanted
    assert {"expect", "drift", "compress", "cursor_lag_ms"} <= quoted
    assert not {"no_such_key", "penstock_no_such"} & quoted
