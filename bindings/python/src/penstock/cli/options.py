"""Options that several commands take."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Commands = Any


def add_params(parser: argparse.ArgumentParser) -> None:
    """`--param NAME=VALUE`, as often as needed."""
    parser.add_argument(
        "--param",
        dest="params",
        action="append",
        type=_pair,
        default=[],
        metavar="NAME=VALUE",
        help="a value for the document's parameters; may be repeated",
    )


def params_of(pairs: Sequence[tuple[str, str]]) -> dict[str, str] | None:
    """The parameters that were given; None when there are none."""
    return dict(pairs) or None


def count(text: str) -> int:
    """A whole number from 1."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value
