"""The atoms of `atoms.json` as the table that the README has.

`python3 Tests/atoms/table.py` prints it; `--write` puts it into the README."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
README = HERE.parents[1] / "README.md"
BEGIN, END = "<!-- atoms -->\n", "<!-- /atoms -->\n"
SAYS = {
    "paging": "`pagination`: `page`, `offset`, `cursor`, `next_url`, `link`, `restart`; sources",
    "stop rules": "`has_more`, `total`, `last_page`, `stop`; the loop guard is always on",
    "slots": "`param`, `slot`, places in texts",
    "texts": "`{page.token}`, `{param.x}`, `{body.x}`…, `default`, `when`, `encode`, `split`",
    "requests": "`method`, `json`, `form`, `text`, `graphql`, `query`, `keep_query`",
    "records": "`records`: `path`, `or`, `union`, `shape`, `filter`, `add`",
    "errors": "`errors`: conditions, `action`, `wait`, `message`; `retry`",
    "fan-out": "`over`: `stream`, `items`, `product`, `else`, `batch`, `carry`",
    "generated": "a host writes the document",
}


def atoms() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((HERE / "atoms.json").read_text())
    return found


def is_said(atom: dict[str, Any]) -> bool:
    return bool(atom.get("said", True)) and not atom.get("out")


def weight(some: list[dict[str, Any]]) -> int:
    return sum(atom["streams"] or 0 for atom in some)


def percent(part: int, whole: int) -> str:
    """Rounded down: a share is never said to be more than it is."""
    return f"{part * 1000 // whole / 10:.1f} %" if whole else "-"


def row(name: str, some: list[dict[str, Any]], says: str) -> str:
    said = [atom for atom in some if is_said(atom)]
    share = percent(weight(said), weight(some))
    return f"| {name} | {len(said)} of {len(some)} | {weight(some):,} | {share} | {says} |"


def table() -> str:
    every = atoms()
    inside = [atom for atom in every if not atom.get("out")]
    lines = [
        "| what | kinds said | rows that need them | share of rows | in a document |",
        "|---|---|---|---|---|",
    ]
    for group, says in SAYS.items():
        lines.append(row(group, [atom for atom in inside if atom["group"] == group], says))
    said = [atom for atom in inside if is_said(atom)]
    kinds = percent(len(said), len(inside))
    lines.append(row("**together**", inside, f"{kinds} of the kinds"))
    outside: dict[str, list[dict[str, Any]]] = {}
    for atom in every:
        if atom.get("out"):
            outside.setdefault(atom["group"], []).append(atom)
    rest = ", ".join(
        f"{group} ({len(some)}; {weight(some):,} rows)" for group, some in outside.items()
    )
    missing = "; ".join(
        f"{atom['atom']} ({atom['streams']}): {atom['why']}" for atom in inside if not is_said(atom)
    )
    lines += ["", f"Not said: {missing}.", "", f"Counted too, and no part of this table: {rest}."]
    return "\n".join(lines) + "\n"


def main() -> None:
    if sys.argv[1:] != ["--write"]:
        print(table(), end="")
        return
    text = README.read_text()
    head, rest = text.split(BEGIN)
    README.write_text(head + BEGIN + table() + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
