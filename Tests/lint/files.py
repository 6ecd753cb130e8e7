#!/usr/bin/env python3
"""The tree stays readable and free of what belongs to one machine."""

import re

from report import Report, short, tracked

CEILING = 600
# One file on purpose: a host reads the contract from top to bottom, and half is documentation.
# So do its functions as ctypes has them.
HIGHER = {"include/penstock.h": 1500, "bindings/python/src/penstock/_ffi.py": 660}
TEXT = {
    ".swift",
    ".c",
    ".h",
    ".py",
    ".pyi",
    ".sh",
    ".md",
    ".toml",
    ".json",
    ".map",
    ".modulemap",
    ".in",
    ".txt",
    ".yml",
    ".supp",
    "",
}
CODE = {".swift", ".c", ".h", ".py", ".pyi", ".sh"}
PRODUCTS = re.compile(
    r"\.(o|a|so|so\.[\d.]+|dylib|pyc|whl|swiftmodule|swiftdoc|d|gcda|gcno|profraw)$|callgrind\.out"
)
MACHINE = re.compile(r"(?<![\w.$}/])/(?:work|home/\w+|root|Users/\w+)/[\w.]")

report = Report("files")
files = tracked()
report.check("no build product in git", [short(f) for f in files if PRODUCTS.search(f.name)])

long, machine, blank = [], [], []
for path in files:
    if path.suffix not in TEXT:
        continue
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        continue
    lines = text.count("\n")
    if path.suffix in CODE and lines > HIGHER.get(short(path), CEILING):
        long.append(f"{short(path)}: {lines} lines")
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE.search(line):
            machine.append(f"{short(path)}:{number}: {line.strip()[:100]}")
    # What fuzzers found is kept byte for byte.
    if text and not text.endswith("\n") and "fuzz/corpus" not in short(path):
        blank.append(short(path))
report.check(f"no file above {CEILING} lines", long)
report.check("no path of one machine", machine)
report.check("every text ends in a newline", blank)
report.check("no file above 1 MB", [short(f) for f in files if f.stat().st_size > 1_000_000])
report.finish()
