#!/usr/bin/env python3
"""Each header compiles alone, without a warning, as every dialect that a host may use."""

import shutil
import tempfile
from pathlib import Path

from report import ROOT, Report, run

WARNINGS = ["-Wall", "-Wextra", "-pedantic", "-Werror"]
DIALECTS = [("gcc", "c99"), ("gcc", "c11"), ("gcc", "c17"), ("clang", "c99"), ("clang", "c11"),
            ("clang", "c17"), ("g++", "c++17"), ("clang++", "c++17")]  # fmt: skip

# Takes the address of an inline function so that "unused" can't hide a fault in it.
USE_JANSSON = """
#include "penstock_jansson.h"
int main(void) {
    json_error_t error;
    json_decref(penstock_page_body_json(NULL, &error));
    json_decref(penstock_page_record_json(NULL, 0, &error));
    return 0;
}
"""
TWICE = '#include "penstock.h"\n#include "penstock.h"\nint main(void) { return PENSTOCK_OK; }\n'

report = Report("header_compiles")
with tempfile.TemporaryDirectory() as directory:
    for compiler, standard in DIALECTS:
        if shutil.which(compiler) is None:
            report.skip(f"{compiler} -std={standard}", "not installed")
            continue
        faults = []
        for name, text in [("penstock.h", TWICE), ("penstock_jansson.h", USE_JANSSON)]:
            source = Path(directory) / ("use.cpp" if "+" in compiler else "use.c")
            source.write_text(text)
            done = run(compiler, f"-std={standard}", *WARNINGS, "-fsyntax-only",
                       f"-I{ROOT / 'include'}", source)  # fmt: skip
            if done.returncode != 0:
                faults.append(f"{name}: {done.stderr.strip()}")
        report.check(f"{compiler} -std={standard}", faults)
report.finish()
