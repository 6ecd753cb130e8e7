"""`penstock detect`: a source document for an endpoint that nobody has described yet."""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .._detect import detect
from .._explain import explain
from .options import Commands
from .output import complain

_SECRET = re.compile(r"key|token|secret|pass|auth|sig", re.IGNORECASE)


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "detect",
        help="propose a source document for a URL",
        description="Fetch the first page of an endpoint, and the second if the first leads on, "
        "and print a source document: where the records are, what tells them apart, how the pages "
        "follow each other, which limits the server states. Secrets come from the environment, "
        "and the document refers to them.",
    )
    parser.add_argument("url", metavar="URL")
    parser.add_argument(
        "--bearer-env", metavar="VARIABLE", help="send Authorization: Bearer with its value"
    )
    parser.add_argument("--api-key-env", metavar="VARIABLE", help="send its value as an API key")
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--api-key-header", metavar="NAME", help="in this header (default: X-API-Key)"
    )
    place.add_argument("--api-key-query", metavar="NAME", help="in this query parameter")
    parser.add_argument("--name", help="what the stream is called")
    parser.add_argument(
        "--no-probe",
        dest="probe",
        action="store_false",
        help="make no request that is a guess (at most 3 else, each told on stderr)",
    )
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    document = detect(
        options.url,
        auth=_auth(options),
        name=options.name,
        probe=options.probe,
        on_request=complain,
    )
    # What is proposed has to be a document.
    explain(document, options={"secrets": "skip"})
    for name, _ in parse_qsl(urlsplit(options.url).query):
        if _SECRET.search(name):
            complain(
                f"the document holds the URL's query parameter {name!r}; if it is a secret, use "
                "--api-key-env and --api-key-query"
            )
    for stream in document["streams"].values():
        for line in stream["description"].splitlines():
            if line.startswith("doubt: "):
                complain(line)
    print(json.dumps(document, indent=2, ensure_ascii=False))
    sys.stdout.flush()
    return 0


def _auth(options: argparse.Namespace) -> Any:
    auth: list[dict[str, Any]] = []
    if options.bearer_env:
        auth.append({"type": "bearer", "token": {"env": options.bearer_env}})
    if options.api_key_env:
        key: dict[str, Any] = {"type": "api_key", "value": {"env": options.api_key_env}}
        if options.api_key_query:
            key["query"] = options.api_key_query
        elif options.api_key_header:
            key["header"] = options.api_key_header
        auth.append(key)
    elif options.api_key_header or options.api_key_query:
        options.parser.error("where the API key comes from is missing: --api-key-env")
    return auth[0] if len(auth) == 1 else auth or None
