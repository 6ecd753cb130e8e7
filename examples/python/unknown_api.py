"""Records from an endpoint that you know nothing about but its URL.

    python3 Tests/practice_api --port 8080 &
    PYTHONPATH=bindings/python/src python3 examples/python/unknown_api.py \\
        http://127.0.0.1:8080/link/posts --limits 20/s --max-records 250

How it pages (a cursor, an offset, page numbers, links) and where the records stand in the answers
is found from the answers. Records go to standard output as JSON Lines, what is said to standard
error, so that `| jq` and `> file` work.
"""

from __future__ import annotations

import argparse
import json
import os
import sys

import penstock


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("url")
    parser.add_argument("--limits", help='what the server allows, such as "10/s"')
    parser.add_argument("--max-records", type=int, help="where to end; everything when not given")
    given = parser.parse_args()
    count = 0
    for record in penstock.paginate(given.url, limits=given.limits, max_records=given.max_records):
        print(json.dumps(record, ensure_ascii=False))
        count += 1
    print(f"{count:,} records", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except penstock.PenstockError as error:
        raise SystemExit(f"unknown_api: {error}") from None
    except BrokenPipeError:
        # `| head` has seen enough; without this Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
