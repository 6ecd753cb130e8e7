"""The functions of the public headers, as a person reads them: comment, then declaration."""

import re
from dataclasses import dataclass
from pathlib import Path

from report import ROOT

HEADER = ROOT / "include/penstock.h"
JANSSON_HEADER = ROOT / "include/penstock_jansson.h"

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_DECLARATION = re.compile(r"\b(penstock_[a-z0-9_]+)\s*\(([^()]*)\)\s*[;{]")


@dataclass
class Function:
    name: str
    parameters: list[str]
    comment: str
    line: int


def functions(header: Path) -> list[Function]:
    """Every `penstock_x(...)` declared or defined inline, with the comment right above it."""
    text = header.read_text()
    comments = list(_COMMENT.finditer(text))
    # The same length with the comments blanked, so that offsets fit both texts.
    code = _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    code = re.sub(r"^[ \t]*#.*$", lambda match: " " * len(match.group()), code, flags=re.MULTILINE)

    found = []
    depth_at = _depths(code)
    for match in _DECLARATION.finditer(code):
        if depth_at[match.start()] > 0:
            continue  # a call inside an inline function
        begin = max(code.rfind(mark, 0, match.start()) for mark in ";}{") + 1
        above = [c for c in comments if begin <= c.start() < match.start()]
        parameters = [p.strip() for p in match.group(2).split(",")]
        found.append(
            Function(
                name=match.group(1),
                parameters=[] if parameters in (["void"], [""]) else parameters,
                comment=above[-1].group() if above else "",
                line=text.count("\n", 0, match.start()) + 1,
            )
        )
    return found


def _depths(code: str) -> list[int]:
    """Brace depth at each offset; the braces of `extern "C"` don't count."""
    plain = re.sub(r'extern "C" \{', lambda match: " " * len(match.group()), code)
    depths, depth = [], 0
    for character in plain:
        depths.append(depth)
        depth = max(0, depth + (character == "{") - (character == "}"))
    return depths
