#!/usr/bin/env python3
"""What the built library asks of a host: its name, what it needs, what it must not contain."""

import re

from report import Report, need_library, run

ALLOWED = {
    "libcurl.so.4", "libjansson.so.4", "libsqlite3.so.0", "libcrypto.so.3", "libz.so.1",
    "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1", "libc.so.6",
    "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
}  # fmt: skip

report = Report("library")
library = need_library()
dynamic = run("readelf", "-d", "-W", library).stdout


def entries(tag: str) -> list[str]:
    return re.findall(rf"\({tag}\).*\[(.*)\]", dynamic)


soname = entries("SONAME")
report.check("SONAME is libpenstock.so.0", [] if soname == ["libpenstock.so.0"] else [str(soname)])
report.check("NEEDED is within the allowed list", sorted(set(entries("NEEDED")) - ALLOWED))
report.check("no text relocations", ["TEXTREL"] if "TEXTREL" in dynamic else [])
report.check("stays loaded (NODELETE)", [] if "NODELETE" in dynamic else ["no NODELETE flag"])

# Absolute paths would tie the library to the machine that built it; $ORIGIN is SwiftPM's.
rpaths = [part for entry in entries("RUNPATH") + entries("RPATH") for part in entry.split(":")]
report.check("no absolute run path", [path for path in rpaths if path.startswith("/")])

symbols = run("nm", library).stdout
foundation = re.findall(r"\$s(?:10Foundation|20FoundationEssentials)\w*", symbols)
report.check("no Foundation inside", sorted(set(foundation))[:5])
undefined = run("nm", "-D", "--undefined-only", library).stdout.split()
report.check("never touches the process-wide jansson allocator", [
    name for name in undefined if name.startswith("json_set_alloc_funcs")
])  # fmt: skip
# sigaction is there because the Swift runtime prints backtraces when SWIFT_BACKTRACE asks.
banned = re.compile(r"(exit|_exit|quick_exit|signal|sleep|usleep)(@.*)?")
report.check(
    "never calls exit, signal or sleep", [name for name in undefined if banned.fullmatch(name)]
)
report.finish()
