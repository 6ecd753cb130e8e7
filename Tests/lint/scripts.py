#!/usr/bin/env python3
"""Shell scripts parse, stop at the first error, and are executable."""

import os
import re
import shutil

from report import Report, run, short, tracked

report = Report("scripts")
files = tracked("*.sh", ".ci/run", "Tests/fuzz/run")
report.check(
    "they parse",
    [
        f"{short(path)}: {done.stderr.strip()}"
        for path in files
        if (done := run("bash", "-n", path)).returncode
    ],
)
report.check("they are executable", [short(path) for path in files if not os.access(path, os.X_OK)])
strict = re.compile(r"^set -\w*(e\w*u|u\w*e)", re.MULTILINE)
report.check(
    "they stop at the first error",
    [short(path) for path in files if not strict.search(path.read_text())],
)
if shutil.which("shellcheck") is None:
    report.skip("shellcheck", "not installed")
else:
    done = run("shellcheck", "--severity=warning", *files)
    report.check("shellcheck", done.stdout.splitlines() if done.returncode else [])
report.finish()
