#!/usr/bin/env python3
"""Records as dicts in Python: penstock beside the loops people write, on one server, in one run.

    Tests/bench/python_loops.py URL [RECORDS [ROUNDS]]     URL of Tests/bench/c/page_server

Each loop runs in a process of its own; judge by the ratios.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PER_PAGE = 100


def pycurl_orjson(url: str, pages: int) -> Iterator[int]:
    import orjson
    import pycurl

    handle = pycurl.Curl()
    for number in range(1, pages + 1):
        body = BytesIO()
        handle.setopt(pycurl.URL, f"{url}?page={number}&per_page={PER_PAGE}")
        handle.setopt(pycurl.WRITEDATA, body)
        handle.perform()
        yield len(orjson.loads(body.getvalue())["data"])


def requests_json(url: str, pages: int) -> Iterator[int]:
    import requests

    with requests.Session() as session:
        for number in range(1, pages + 1):
            answer = session.get(url, params={"page": number, "per_page": PER_PAGE}, timeout=30)
            yield len(answer.json()["data"])


def penstock_dicts(url: str, pages: int) -> Iterator[int]:
    sys.path.insert(0, str(ROOT / "bindings/python/src"))
    import orjson
    import penstock

    base, _, path = url.rpartition("/")
    stream = {
        "path": "/" + path,
        "records": "data",
        "pagination": {"type": "page", "size": PER_PAGE, "has_more": "has_more"},
    }
    document = {"base_url": base, "streams": {"records": stream}}
    with penstock.Client(document, json_loads=orjson.loads) as api:
        for page in api.pages("records", max_pages=pages):
            yield len(page.records)


LOOPS: dict[str, Callable[[str, int], Iterator[int]]] = {
    "pycurl_orjson": pycurl_orjson,
    "requests_json": requests_json,
    "penstock_dicts": penstock_dicts,
}


def run(name: str, url: str, records: int) -> None:
    pages = records // PER_PAGE
    begin, cpu = time.perf_counter(), time.process_time()
    counted = sum(LOOPS[name](url, pages))
    wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    assert counted == records, f"{name}: {counted} records, not {records}"
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        json.dumps(
            {"us": wall / pages * 1e6, "cpu_us": cpu / pages * 1e6, "rss_mb": resident / 1024}
        )
    )


def main() -> None:
    if sys.argv[1] == "--one":
        run(sys.argv[2], sys.argv[3], int(sys.argv[4]))
        return
    url = sys.argv[1]
    records = int(sys.argv[2]) if len(sys.argv) > 2 else 300_000
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    best: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for name in LOOPS:
            # requests is an order slower: fewer pages say as much.
            count = records // 10 if name == "requests_json" else records
            said = subprocess.run(
                [sys.executable, __file__, "--one", name, url, str(count)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            row = json.loads(said)
            known = best.setdefault(name, row)
            best[name] = {key: min(known[key], row[key]) for key in row}
    print(f"{'loop':16}{'µs/page':>10}{'CPU µs':>10}{'RSS MB':>9}")
    for name, row in best.items():
        print(f"{name:16}{row['us']:10.1f}{row['cpu_us']:10.1f}{row['rss_mb']:9.1f}")
    ratio = best["penstock_dicts"]["us"] / best["pycurl_orjson"]["us"]
    print(f"penstock_dicts / pycurl_orjson: wall {ratio:.2f}")


if __name__ == "__main__":
    main()
