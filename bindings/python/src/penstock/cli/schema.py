"""`penstock schema`: the JSON Schema of the documents."""

from __future__ import annotations

import argparse
import json

from .. import _ffi
from .options import Commands


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "schema",
        help="print the JSON Schema of a source document",
        description="Print the JSON Schema (draft 2020-12) of a source document: keys, units, "
        'defaults and bounds. "$defs" has those of jobs and options.',
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    print(json.dumps(json.loads(_ffi.penstock_schema()), indent=2, ensure_ascii=False))
    return 0
