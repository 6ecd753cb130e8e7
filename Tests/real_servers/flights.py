"""Datasette in front of the flights database.

python Tests/real_servers flights [serve] [--until-eof]   {"url": ..., "flights": ..., "pid": ...}
python Tests/real_servers flights build                   make .build/data/flights.db
python Tests/real_servers flights truth [TABLE]           {"table": ..., "count": ..., ...}
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

from real_servers import _process, flights_data

# `_size=max` means max_returned_rows. Facets would be computed for every first page.
SETTINGS = {
    "default_page_size": "100",
    "max_returned_rows": "5000",
    "sql_time_limit_ms": "20000",
    "suggest_facets": "off",
    "num_sql_threads": "3",
}


def serve(until_eof: bool) -> None:
    _process.end_on_signals()
    database = flights_data.build()
    with _process.scratch("flights") as directory:
        log = directory / "datasette.log"

        def start(ports: list[int]) -> subprocess.Popen[bytes]:
            settings = [part for pair in SETTINGS.items() for part in ("--setting", *pair)]
            # Immutable: opened without locks, and any number of these may run side by side.
            command = [sys.executable, "-m", "datasette", "serve", "--immutable", str(database)]
            address = ["--host", _process.HOST, "--port", str(ports[0])]
            return _process.spawn([*command, *address, *settings], log=log)

        process, ports = _process.start_on_free_ports(1, start, log)
        url = f"http://{_process.HOST}:{ports[0]}"
        announcement = {
            "url": url,
            "flights": f"{url}/flights/flights.json?_shape=objects&_nocount=1&_nofacet=1",
        }
        _process.serve_until_told(process, announcement, until_eof=until_eof, log=log)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("action", nargs="?", default="serve", choices=["serve", "build", "truth"])
    parser.add_argument("table", nargs="?", default="flights")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input ends")
    chosen = parser.parse_args()
    if chosen.action == "serve":
        serve(chosen.until_eof)
        return
    database = flights_data.build()
    if chosen.action == "truth":
        print(json.dumps(flights_data.truth(chosen.table)))
    else:
        print(json.dumps({"database": str(database)}))


if __name__ == "__main__":
    main()
