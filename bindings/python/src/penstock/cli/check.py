"""`penstock check`: whether a source document is right, without a request."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .._documents import read_document
from ..client import Client
from ..sync import is_job
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
    document = read_document(path)
    if not is_job(document):
        with Client(path, params=params_of(options.params)) as client:
            _say_fine(options.document, client)
        return 0
    job = json.loads(document.text)
    for number, part in enumerate(job.get("sources", [job])):
        # A job starts when it is opened, so its sources are tried one by one.
        source = part.get("source")
        with Client(source, params=part.get("params")) as client:
            name = part.get("name") or (source if isinstance(source, str) else f"source {number}")
            _say_fine(f"{options.document}: {name}", client)
    return 0


def _say_fine(document: str, client: Client) -> None:
    many = len(client.streams)
    names = ", ".join(client.streams)
    print(f"{document}: fine, {many} stream{'' if many == 1 else 's'}: {names}")
