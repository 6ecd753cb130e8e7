"""Start the ten servers: prints one JSON line of their URLs, serves until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys

if not __package__:  # started as a directory: `python3 Tests/vendor_apis`
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from practice_api.__main__ import end_with_parent
from practice_api.data import Dataset
from practice_api.server import listen
from practice_api.world import World
from vendor_apis.all import VENDORS


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="vendor_apis", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--records", type=int, help="in each collection")
    parser.add_argument("--limit", help="instead of the documented ones, e.g. fixed:5:1s")
    parser.add_argument("--only", action="append", choices=list(VENDORS), help="repeats")
    parser.add_argument("--until-eof", action="store_true", help="end when stdin closes")
    return parser.parse_args()


async def serve(options: argparse.Namespace, parent: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    ready: dict[str, object] = {}
    for name in options.only or VENDORS:
        vendor = VENDORS[name](options.seed, options.limit, options.records)
        _, port = await listen(World(Dataset(options.seed)), name, answer=vendor.answer)
        ready[name] = f"http://127.0.0.1:{port}"
    print(json.dumps(ready | {"pid": os.getpid(), "seed": options.seed}), flush=True)
    await end_with_parent(stop, options.until_eof, parent)


def main() -> None:
    parent = os.getppid()
    asyncio.run(serve(arguments(), parent))


if __name__ == "__main__":
    main()
