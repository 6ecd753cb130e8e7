#!/usr/bin/env python3
"""clang-format has nothing to say about the C files."""

import shutil

from report import ROOT, Report, run, tracked

report = Report("c_format")
files = tracked("*.c", "*.h")
if shutil.which("clang-format") is None:
    report.skip(f"{len(files)} C files", "clang-format is not installed")
else:
    done = run("clang-format", "--dry-run", "-Werror", "--style=file", *files)
    said = [line.replace(f"{ROOT}/", "") for line in done.stderr.splitlines() if "error:" in line]
    report.check(f"{len(files)} C files", said if done.returncode != 0 else [])
report.finish()
