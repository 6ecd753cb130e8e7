#!/usr/bin/env python3
"""swift-format has nothing to say. It is also what finds a force unwrap (NeverForceUnwrap)."""

from report import ROOT, Report, run, tracked

report = Report("swift_format")
files = tracked("Sources/*.swift", "Tests/*.swift", "Package.swift")
done = run("swift", "format", "lint", "--strict", "--configuration", ROOT / ".swift-format", *files)
said = [line.replace(f"{ROOT}/", "") for line in done.stderr.splitlines() if ": " in line]
if done.returncode != 0 and not said:
    said = [done.stderr.strip() or f"exit code {done.returncode}"]
report.check(f"{len(files)} Swift files", said)
report.finish()
