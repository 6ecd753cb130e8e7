"""`penstock check`: what a source document means, what is wrong in it, and whether it works."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .._documents import Source, read_document
from .._explain import explain
from ..client import Client
from ..sync import is_job
from . import live
from .explanation import lines_of
from .options import Commands, add_params, params_of


class _Part(NamedTuple):
    """A source of what is checked."""

    name: str
    source: Source
    params: Mapping[str, Any] | None


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "check",
        help="explain a source document, say what is wrong in it, and try it",
        description="Read a source document (or every source of a job) and the secrets that it "
        "refers to, say what is wrong and where, and explain it in plain words.",
    )
    parser.add_argument("document", metavar="SOURCE.json", help="a source document, or a job")
    add_params(parser)
    parser.add_argument(
        "--no-secrets",
        dest="secrets",
        action="store_const",
        const="skip",
        help="look up no secrets, as on a machine that doesn't have them",
    )
    parser.add_argument(
        "--live", action="store_true", help="try it: one request to each stream; 1 if one fails"
    )
    parser.add_argument(
        "--stream",
        dest="streams",
        action="append",
        metavar="NAME",
        help="with --live: try only this stream; may be repeated",
    )
    parser.add_argument("--quiet", action="store_true", help="only say that it is fine")
    parser.add_argument("--json", action="store_true", help="print the explanation as JSON")
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    options.documents = (options.document,)
    if options.live and options.secrets:
        options.parser.error("--live needs the secrets")
    if options.streams and not options.live:
        options.parser.error("--stream goes with --live")
    all_fine = True
    for part in _parts(options):
        explanation = explain(part.source, params=part.params, options=_client_options(options))
        with Client(part.source, params=part.params, options=_client_options(options)) as client:
            trials = list(_trials(part, client, options)) if options.live else None
            _say(part, explanation, client, trials, options)
            all_fine = all_fine and all(each["ok"] for each in trials or ())
    return 0 if all_fine else 1


def _trials(part: _Part, client: Client, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    definitions = json.loads(read_document(part.source).text).get("streams", {})
    for name in options.streams or client.streams:
        yield live.trial(client, name, definitions.get(name))


def _parts(options: argparse.Namespace) -> Iterator[_Part]:
    path = Path(options.document)
    document = read_document(path)
    if not is_job(document):
        yield _Part(options.document, path, params_of(options.params))
        return
    job = json.loads(document.text)
    for number, part in enumerate(job.get("sources", [job])):
        # A job starts when it is opened, so its sources are tried one by one.
        source = part.get("source")
        name = part.get("name") or (source if isinstance(source, str) else f"source {number}")
        yield _Part(f"{options.document}: {name}", source, part.get("params"))


def _client_options(options: argparse.Namespace) -> Any:
    return {"secrets": options.secrets} if options.secrets else None


def _say(
    part: _Part,
    explanation: Mapping[str, Any],
    client: Client,
    trials: list[dict[str, Any]] | None,
    options: argparse.Namespace,
) -> None:
    if options.json:
        whole = {"document": part.name, **explanation}
        if trials is not None:
            whole["live"] = trials
        print(json.dumps(whole, indent=2, ensure_ascii=False))
        return
    many = len(client.streams)
    names = ", ".join(client.streams)
    print(f"{part.name}: fine, {many} stream{'' if many == 1 else 's'}: {names}")
    if not options.quiet:
        print()
        for line in lines_of(explanation):
            print(line)
        print()
    for found in trials or ():
        for line in live.lines_of(found):
            print(line)
