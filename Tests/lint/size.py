#!/usr/bin/env python3
"""How much of the library is ours: stripped, against an empty Swift library linked the same way."""

import shutil
import sys
import tempfile
from pathlib import Path

from report import Report, need_library, run

# Growth that nobody meant is what this is to catch; raise it with what is meant, and say so in the README.
OWN_LIMIT = 6_100_000

EMPTY_MANIFEST = """// swift-tools-version: 6.2
import PackageDescription
let package = Package(
    name: "empty",
    products: [.library(name: "empty", type: .dynamic, targets: ["empty"])],
    targets: [.target(name: "empty", exclude: ["exports.map"], linkerSettings: [.unsafeFlags([
        "-static-stdlib",
        "-Xlinker", "--version-script=\\(Context.packageDirectory)/Sources/empty/exports.map",
        "-Xlinker", "--gc-sections", "-Xlinker", "--as-needed", "-Xlinker", "--no-undefined",
    ])])])
"""


def stripped_size(library: Path, scratch: Path) -> int:
    copy = scratch / "stripped.so"
    shutil.copy(library, copy)
    run("strip", "--strip-unneeded", copy)
    return copy.stat().st_size


report = Report("size")
library = need_library()
with tempfile.TemporaryDirectory() as directory:
    scratch = Path(directory)
    target = scratch / "Sources/empty"
    target.mkdir(parents=True)
    (scratch / "Package.swift").write_text(EMPTY_MANIFEST)
    (target / "exports.map").write_text("EMPTY_0 { global: empty_*; local: *; };\n")
    # Synchronization is linked by every library that shares a handle, so it is not ours either.
    (target / "empty.swift").write_text(
        "import Synchronization\n"
        "let lock = Mutex(0)\n"
        '@_cdecl("empty_call") public func call() -> Int32 {\n'
        "    lock.withLock { $0 += 1; return Int32($0) }\n"
        "}\n"
    )
    built = run("swift", "build", "-c", "release", "--package-path", scratch)
    empty = next(iter(scratch.glob(".build/*/release/libempty.so")), None)
    if built.returncode != 0 or empty is None:
        report.check(
            "an empty Swift library builds", [(built.stdout + built.stderr).strip()[-800:]]
        )
        sys.exit(1)
    ours = stripped_size(library, scratch)
    base = stripped_size(empty, scratch)
own = ours - base
print(f"     size: stripped {ours:,} bytes; empty Swift library {base:,}; ours {own:,}")
report.check(
    f"own code is at most {OWN_LIMIT:,} bytes", [] if own <= OWN_LIMIT else [f"{own:,} bytes"]
)
report.finish()
