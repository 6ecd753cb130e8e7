"""Start one of the servers from anywhere: `python Tests/real_servers NAME [ARGUMENT ...]`."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

MODULES = {
    "flights": "real_servers.flights",
    "drf": "real_servers.drf.serve",
    "nginx": "real_servers.nginx",
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in MODULES:
        raise SystemExit(f"usage: python {sys.argv[0]} {{{','.join(MODULES)}}} [--help]")
    name = sys.argv.pop(1)
    sys.argv[0] += f" {name}"  # for its --help
    # Python puts the directory that it was given in front; the packages are found beside it.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    runpy.run_module(MODULES[name], run_name="__main__")
