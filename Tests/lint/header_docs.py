#!/usr/bin/env python3
"""Every function says in the header who may call it, whether it blocks, and since when it is."""

import re

from contract import HEADER, JANSSON_HEADER, functions
from report import Report

report = Report("header_docs")
for header in (HEADER, JANSSON_HEADER):
    declared = functions(header)
    report.check(f"{header.name} declares functions", [] if declared else ["none found"])
    for word, pattern in [
        ("a /** comment */", r"^/\*\*"),
        ("Threads:", r"Threads:\s+\S"),
        ("Blocks:", r"Blocks:\s+\S"),
        ("Since", r"Since\s+\d+\.\d+\.\d+"),
    ]:
        report.check(
            f"{header.name}: every function has {word}",
            [
                f"{header.name}:{function.line}: {function.name}"
                for function in declared
                if not re.search(pattern, re.sub(r"\n\s*\*", " ", function.comment))
            ],
        )
    names = [function.name for function in declared]
    report.check(
        f"{header.name}: each function is declared once",
        sorted({name for name in names if names.count(name) > 1}),
    )

declared = functions(HEADER)
report.check(
    "penstock.h: an `error` is the last parameter",
    [
        function.name
        for function in declared
        for position, parameter in enumerate(function.parameters)
        if parameter.endswith("**error") and position != len(function.parameters) - 1
    ],
)
freed = {f.name.removesuffix("_free") for f in declared if f.name.endswith("_free")}
handles = set(re.findall(r"^typedef struct (penstock_\w+) \1;", HEADER.read_text(), re.MULTILINE))
# They live as long as the callback that gets them runs.
lent = {"penstock_batch", "penstock_credential_reply", "penstock_store_reply"}
report.check("penstock.h: every handle has its _free", sorted((handles - lent) ^ freed))
report.finish()
