"""`penstock check`: whether a source document is right, without a request."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ..client import Client
from .options import Commands, add_params, params_of


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "check",
        help="say whether a source document is right, and what is wrong in it",
        description="Read a source document (or every source of a job) and the secrets that it "
        "refers to, and say what is wrong and where. No request is made.",
    )
    parser.add_argument("document", metavar="SOURCE.json", help="a source document, or a job")
    add_params(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    options.documents = (options.document,)
    path = Path(options.document)
    try:
        content = json.loads(path.read_bytes())
    except ValueError:
        content = None  # the client says where it stops being JSON
    if isinstance(content, dict) and isinstance(content.get("sources"), list):
        for part in content["sources"]:
            source = part.get("source", {}) if isinstance(part, dict) else {}
            params = part.get("params") if isinstance(part, dict) else None
            with Client(source, params=params) as client:
                _say_fine(options.document, client)
        return 0
    with Client(path, params=params_of(options.params)) as client:
        _say_fine(options.document, client)
    return 0


def _say_fine(document: str, client: Client) -> None:
    many = len(client.streams)
    names = ", ".join(client.streams)
    print(f"{document}: fine, {many} stream{'' if many == 1 else 's'}: {names}")
