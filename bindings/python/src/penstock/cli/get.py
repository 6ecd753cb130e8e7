"""`penstock get`: the body of one answer, or the records of an endpoint or stream."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..client import Client
from ..walk import query_of, source_of
from .options import Commands, add_params, count, params_of

# Line ends of JSON text stand between its tokens only: inside strings they are escaped.
_LINE_ENDS = b"\r\n"


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "get",
        help="print the body of one answer, or records, one a line",
        description="Print the body of one GET, or, with --records or the name of a stream, the "
        "records of all pages as JSON Lines.",
    )
    parser.add_argument("target", metavar="URL|SOURCE.json")
    parser.add_argument(
        "path", nargs="?", help="a path of the source (begins with /), or the name of a stream"
    )
    add_params(parser)
    parser.add_argument("--records", action="store_true", help="walk all pages, print records")
    parser.add_argument("--max-records", type=count, metavar="N", help="end after so many records")
    parser.add_argument("--max-pages", type=count, metavar="N", help="end after so many pages")
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    target: str = options.target
    if target.startswith(("http://", "https://")):
        if options.path is not None:
            options.parser.error("a URL is whole already: no path may follow it")
        document, stream = source_of(target)
        with Client(document, params=params_of(options.params)) as client:
            if _wants_records(options):
                _print_records(client, stream, options)
            else:
                endpoint = document["streams"][stream]
                _print_body(client, endpoint["path"], endpoint.get("query"))
        return 0

    options.documents = (target,)
    if options.path is None:
        options.parser.error("which path or stream of the source?")
    with Client(Path(target), params=params_of(options.params)) as client:
        if options.path in client.streams:
            _print_records(client, options.path, options)
            return 0
        if not options.path.startswith("/"):
            options.parser.error(f"no stream is called {options.path!r}, and a path begins with /")
        parts = urlsplit(options.path)
        query = query_of(parts.query)
        if _wants_records(options):
            _print_records(client, parts.path, options, query)
        else:
            _print_body(client, parts.path, query)
    return 0


def _wants_records(options: argparse.Namespace) -> bool:
    return bool(options.records or options.max_records or options.max_pages)


def _print_body(client: Client, path: str, query: Mapping[str, Any] | None) -> None:
    out = sys.stdout.buffer
    with client.get(path, query=query) as page:
        out.write(page.body)
        if len(page.body) and page.body[-1] != ord("\n") and sys.stdout.isatty():
            out.write(b"\n")
    out.flush()


def _print_records(
    client: Client,
    stream: str,
    options: argparse.Namespace,
    query: Mapping[str, Any] | None = None,
) -> None:
    out = sys.stdout.buffer
    pages = client.pages(
        stream, query=query, max_pages=options.max_pages, max_records=options.max_records
    )
    with pages:
        for page in pages:
            for record in page.raw:
                out.write(bytes(record).translate(None, _LINE_ENDS))
                out.write(b"\n")
            # A reader at the other end of a pipe sees each page when it is there.
            out.flush()
