#!/usr/bin/env python3
"""The rooms of the source tree and the arrows between them."""

import re
from pathlib import Path

from report import ROOT, Report, short, tracked
from swift_text import code_only

ATTRIBUTES = r"(?:@\w+(?:\([^)]*\))?\s+)*"
IMPORT = re.compile(
    rf"(?:^|;)\s*{ATTRIBUTES}(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+"
    r"(?:(?:struct|class|enum|protocol|func|var|let|typealias|actor)\s+)?([\w.]+)",
    re.MULTILINE,
)
DOORS = r"\bC(?:Curl|Jansson|XXHash|SQLite|OpenSSL|Crypto|Zlib|Zstd|Hiredis)\b"
FOUNDATION = {
    "Foundation",
    "FoundationEssentials",
    "FoundationNetworking",
    "Dispatch",
    "_Concurrency",
}

sources = {path: code_only(path.read_text()) for path in tracked("Sources/*.swift")}
tests = {path: code_only(path.read_text()) for path in tracked("Tests/*.swift")}


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[1]


def places(texts: dict[Path, str], pattern: str | re.Pattern[str]) -> list[str]:
    return [
        f"{short(path)}:{text.count(chr(10), 0, match.start()) + 1}: {match.group().strip()}"
        for path, text in texts.items()
        for match in re.finditer(pattern, text)
    ]


def outside(*rooms: str) -> dict[Path, str]:
    return {path: text for path, text in sources.items() if room(path) not in rooms}


def inside(name: str) -> dict[Path, str]:
    return {path: text for path, text in sources.items() if room(path) == name}


def faults_of_exports() -> list[str]:
    faults = []
    for path, text in sources.items():
        original = path.read_text().splitlines()
        for match in re.finditer(r"@_cdecl\b|@c\b", text):
            number = text.count("\n", 0, match.start()) + 1
            line = original[number - 1]
            declared = re.match(
                r'\s*@_cdecl\("(penstock_\w+)"\)\s+@implementation\s+public\s+func\s+(\w+)', line
            )
            if not declared or declared.group(1) != declared.group(2) or room(path) != "ABI":
                faults.append(f"{short(path)}:{number}: {line.strip()}")
    return faults


report = Report("rooms")
report.check("there is Swift to look at", [] if len(sources) > 3 else ["almost no file found"])
report.check(
    'every export is `@_cdecl("x") @implementation public func x` in Sources/ABI',
    faults_of_exports(),
)
report.check("Engine imports nothing", places(inside("Engine"), IMPORT))
report.check("only Sources/IO names the C libraries", places(outside("IO"), DOORS))
report.check("only Sources/ABI names CPenstock", places(outside("ABI"), r"\bCPenstock\b"))
report.check(
    "nothing points back: IO does not import ABI",
    [place for place in places(inside("IO"), IMPORT) if place.endswith(" ABI")],
)
report.check(
    "no Foundation, Dispatch or Concurrency in Sources",
    [place for place in places(sources, IMPORT) if place.split()[-1] in FOUNDATION],
)
report.check(
    "no async, await, Task or actor in Sources",
    places(
        sources,
        r"\b(?:async|await|actor)\b(?!\s*[:=(,)])|\bTask\s*(?:\.detached\s*)?(?:\(priority[^)]*\)\s*)?\{",
    ),
)
report.check(
    "no try!, as! or trap on purpose in Sources",
    places(sources, r"\btry!|\bas!|\b(?:fatalError|preconditionFailure|assertionFailure)\s*\("),
)
# It keeps the thread id of its owner, and the thread that forked keeps the id of before the fork:
# the kernel then refuses the lock and Swift ends the process.
report.check(
    "no Mutex of Synchronization in Sources: it kills a fork's child",
    places(sources, r"\bMutex\s*[(<]"),
)
report.check(
    "no Swift test imports CPenstock's implementer",
    [place for place in places(tests, IMPORT) if place.endswith(" penstock")],
)
report.finish()
