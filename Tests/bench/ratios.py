#!/usr/bin/env python3
"""The table of a bench run: the best round of each loop, and its ratio to the hand-written one."""

import sys
from collections import defaultdict
from pathlib import Path

BESIDE = {"penstock_loop": "dom_loop", "penstock_loop_dump": "dom_loop_dump"}

runs: dict[str, list[dict[str, float]]] = defaultdict(list)
instructions: dict[str, int] = {}
for line in Path(sys.argv[1]).read_text().splitlines():
    name, *fields = line.split()
    if name == "instructions":
        instructions[fields[0]] = int(fields[1])
    else:
        runs[name].append({key: float(value) for key, value in (f.split("=") for f in fields)})

print(f"\n{'loop':22}{'s':>8}{'µs/page':>10}{'CPU µs':>9}{'RSS MB':>8}{'instr/page':>12}")
best = {}
for name, rounds in runs.items():
    best[name] = {key: min(one[key] for one in rounds) for key in rounds[0]}
    row = best[name]
    count = f"{instructions[name]:,}" if name in instructions else "-"
    print(
        f"{name:22}{row['wall_s']:8.2f}{row['us_per_page']:10.1f}{row['cpu_us_per_page']:9.1f}"
        f"{row['rss_kb'] / 1024:8.1f}{count:>12}"
    )
for name, other in BESIDE.items():
    if name in best and other in best:
        line = (
            f"{name} / {other}: wall {best[name]['wall_s'] / best[other]['wall_s']:.2f}, "
            f"CPU {best[name]['cpu_us_per_page'] / best[other]['cpu_us_per_page']:.2f}"
        )
        if name in instructions and other in instructions:
            line += f", instructions {instructions[name] / instructions[other]:.2f}"
        print(line)
