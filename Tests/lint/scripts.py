#!/usr/bin/env python3
"""Shell scripts parse, stop at the first error, and are executable."""

import os
import re
import shutil

from report import Report, run, short, tracked

report = Report("scripts")
files = tracked("*.sh")
report.check("they parse", [
    f"{short(path)}: {done.stderr.strip()}" for path in files if (done := run("bash", "-n", path)).returncode
])  # fmt: skip
report.check("they are executable", [short(path) for path in files if not os.access(path, os.X_OK)])
report.check("they stop at the first error", [
    short(path) for path in files if not re.search(r"^set -\w*e\w*u|^set -\w*u\w*e", path.read_text(), re.MULTILINE)
])  # fmt: skip
if shutil.which("shellcheck") is None:
    report.skip("shellcheck", "not installed")
else:
    done = run("shellcheck", "--severity=warning", *files)
    report.check("shellcheck", done.stdout.splitlines() if done.returncode else [])
report.finish()
