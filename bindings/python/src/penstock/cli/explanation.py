"""An explanation as lines of at most 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_COLUMNS = 80
_LABEL = 15

# In this order; what a newer library says besides comes behind.
_OF_SOURCE = ("credentials", "sends", "limits", "errors", "retries", "timeouts", "redirects")
_OF_STREAM = (
    *("sends", "body", "needs", "paging", "stops"),
    *("records", "changes", "key", "errors", "retries"),
)
_APART = ("source", "name", "description", "base_url", "request", "streams", "notes")


def lines_of(explanation: Mapping[str, Any]) -> Iterator[str]:
    """The lines of an explanation as `penstock.explain()` gives it."""
    yield " - ".join(str(explanation[key]) for key in ("source", "base_url") if key in explanation)
    yield from described(explanation)
    yield from _parts(explanation, _OF_SOURCE)
    for stream in explanation.get("streams", ()):
        yield ""
        yield from wrapped(f"{stream['name']}: {stream['request']}", "", "    ")
        yield from described(stream)
        yield from _parts(stream, _OF_STREAM)
    if explanation.get("notes"):
        yield ""
        yield "notes"
        for note in explanation["notes"]:
            yield from wrapped(note, "  - ", "    ")


def described(part: Mapping[str, Any]) -> Iterator[str]:
    """The document's own description of a part."""
    for line in str(part.get("description", "")).splitlines():
        yield from wrapped(line, "  ", "  ")


def labelled(label: str, value: str | Sequence[str]) -> Iterator[str]:
    """A label and what stands beside it: a sentence, or several, each with a dash."""
    sentences = [value] if isinstance(value, str) else list(value)
    head = f"  {label}".ljust(_LABEL)
    for sentence in sentences:
        dash = "- " if len(sentences) > 1 else ""
        yield from wrapped(sentence, head + dash, " " * (_LABEL + len(dash)))
        head = " " * _LABEL


def wrapped(text: str, first: str, later: str) -> Iterator[str]:
    """Lines of a text; what has no spaces (a URL) may be longer."""
    yield from textwrap.wrap(
        text,
        _COLUMNS,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _parts(owner: Mapping[str, Any], order: Sequence[str]) -> Iterator[str]:
    rest = [key for key in owner if key not in order and key not in _APART]
    for key in [*order, *rest]:
        if owner.get(key):
            yield from labelled(key.replace("_", " "), owner[key])
