"""What may stand on the command line."""

from __future__ import annotations

import argparse
from typing import NoReturn

from .. import _ffi
from .._version import VERSION
from . import check, detect, get, pull, schema, state
from .output import complain


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # argparse would print the usage too: several lines where one says it.
        complain(f"{message} (see {self.prog} --help)")
        raise SystemExit(2)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        library = _ffi.penstock_version().decode()
        print(
            f"penstock {VERSION} (library {library}, ABI {_ffi.penstock_abi_version()}, "
            f"{_ffi.LIBRARY_PATH})"
        )
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """The parser of the `penstock` command; the result's `run` is the command's function, and
    `documents` the files it was given."""
    top = _Parser(
        prog="penstock",
        description="Whole datasets out of paginated, rate-limited REST APIs.",
        epilog="exit codes: 0 it worked; 1 it failed; 2 the command line or a document is wrong; "
        "3 pull --state stopped in good order; "
        "130 Ctrl-C; 141 the reader of a pipe went away; 143 SIGTERM",
        allow_abbrev=False,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="print the versions and end")
    top.set_defaults(documents=())
    commands = top.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    for command in (pull, state, check, detect, get, schema):
        command.add_to(commands)
    return top
