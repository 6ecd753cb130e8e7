#!/usr/bin/env python3
"""The library exports what the header declares: nothing missing, nothing more.

The compiler checks each signature (@implementation) but not that every declared function has one.
"""

from contract import HEADER, functions
from report import Report, need_library, run

report = Report("exports")
declared = {function.name for function in functions(HEADER)}
listing = run("nm", "-D", "--defined-only", "--extern-only", need_library())
exported, versioned_wrong = set(), []
for line in listing.stdout.splitlines():
    kind, symbol = line.split()[-2:]
    name, _, version = symbol.partition("@@")
    if kind == "A" and name.startswith("PENSTOCK_"):
        continue  # the version node itself
    exported.add(name)
    if version != "PENSTOCK_0":
        versioned_wrong.append(symbol)

report.check("every declared function is exported", sorted(declared - exported))
report.check("every exported symbol is declared", sorted(exported - declared))
report.check("every exported symbol carries the version PENSTOCK_0", sorted(versioned_wrong))
report.finish()
