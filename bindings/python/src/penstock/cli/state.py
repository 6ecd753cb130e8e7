"""`penstock state` and `penstock verify`: where the streams of runs stand."""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from pathlib import Path
from typing import Any

from ..state import State
from .options import Commands
from .output import complain
from .progress import visible


def add_to(commands: Commands) -> None:
    """Declare the commands."""
    parser = commands.add_parser(
        "state",
        help="show, export, import or reset a state",
        description="Show, export, import or reset the state of `pull --state`: a file, or "
        "redis://host:port/database?prefix=name.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    show = _action(actions, "show", _show, "where each stream stands")
    show.add_argument("--json", action="store_true", help="as JSON, with commits and runs")
    show.add_argument("--schema", action="store_true", help="also the fields of each stream")
    _action(actions, "export", _export, "all of it as JSON, to stdout")
    taking = _action(actions, "import", _import, "take in what `export` wrote")
    taking.add_argument("text", metavar="EXPORTED.json", help="the file; - for stdin")
    reset = _action(actions, "reset", _reset, "forget streams: their next run begins anew")
    reset.add_argument("streams", metavar="STREAM", nargs="*", help="which (default: none)")
    reset.add_argument("--all", action="store_true", help="all of them")

    verify = commands.add_parser(
        "verify",
        help="hold files against the commits in a state",
        description="Hold every file against its commits, SHA-256 by SHA-256. Ends with 0 only "
        "when all of them are what was written.",
    )
    verify.add_argument("state", metavar="STATE", help="the state: a file or a URL")
    verify.add_argument("--json", action="store_true", help="as JSON")
    verify.set_defaults(run=_verify)


def _action(actions: Commands, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=text)
    parser.add_argument("state", metavar="STATE", help="the state: a file or a URL")
    parser.set_defaults(run=run)
    return parser


def _open(options: argparse.Namespace, *, may_be_new: bool = False) -> State:
    is_file = not options.state.startswith(("redis://", "rediss://", "unix://", "host:"))
    if is_file and not may_be_new and not os.path.exists(options.state):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), options.state)
    return State(options.state)


def _show(options: argparse.Namespace) -> int:
    with _open(options) as state:
        content = state.export()
    if options.json:
        print(json.dumps(content, indent=2))
        return 0
    for stream in content["streams"]:
        print(
            f"{stream['name']}: {stream['phase']}, {stream['records']} records, "
            f"{stream['pages']} pages, {stream['bytes']} bytes, {stream['updated_at']}, "
            f"{stream['file']}"
        )
        if options.schema:
            _show_schema(stream.get("schema"))
    return 0


def _show_schema(schema: dict[str, Any] | None) -> None:
    if schema is None:
        print("  no schema is known")
        return
    print(f"  of {schema['records']} records:")
    for field in schema["fields"]:
        types = [
            f"{name} {field[name]}"
            for name in ("boolean", "integer", "number", "string", "array", "object", "null")
            if name in field
        ]
        many = ", more names than are kept" if field.get("map") else ""
        print(f"  {visible(field['path'])}: {', '.join(types)} of {field['of']}{many}")
    if schema.get("map"):
        print("  and more names than are kept")
    if schema.get("more"):
        print(f"  and {schema['more']} values at places that are not kept")


def _export(options: argparse.Namespace) -> int:
    with _open(options) as state:
        print(json.dumps(state.export(), indent=2))
    return 0


def _import(options: argparse.Namespace) -> int:
    text = sys.stdin.read() if options.text == "-" else Path(options.text).read_text("utf-8")
    try:
        content = json.loads(text)
    except ValueError as error:
        complain(f"{options.text}: {error}")
        return 2
    with _open(options, may_be_new=True) as state:
        state.take(content)
    return 0


def _reset(options: argparse.Namespace) -> int:
    if options.all == bool(options.streams):
        complain("name the streams to reset, or say --all")
        return 2
    with _open(options) as state:
        for name in options.streams or [None]:
            state.reset(name)
    return 0


def _verify(options: argparse.Namespace) -> int:
    with _open(options) as state:
        result = state.verify()
    if options.json:
        print(json.dumps(result, indent=2))
        return 0 if result["ok"] else 1
    for stream in result["streams"]:
        if stream["ok"]:
            print(
                f"{stream['name']}: ok, {stream['records']} records, {stream['bytes']} bytes, "
                f"{stream['commits']} commits, {stream['file']}"
            )
        else:
            complain(f"{stream['name']}: {stream['file']} {stream['problem']}")
    return 0 if result["ok"] else 1
