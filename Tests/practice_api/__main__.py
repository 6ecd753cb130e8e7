"""Start the practice API: prints one JSON line when it listens, serves until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import shutil
import signal
import sys
import tempfile
import threading

if not __package__:  # started as a directory: `python3 Tests/practice_api`
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import practice_api.endpoints  # noqa: F401  (layers and endpoints register themselves)
from practice_api.certs import Certificates
from practice_api.data import DEFAULT_COUNTS, Dataset
from practice_api.server import listen
from practice_api.styles.links import ORIGINS
from practice_api.styles.windows import instant
from practice_api.world import World


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="practice_api", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of the plain HTTP listener")
    parser.add_argument("--tls", action="store_true", help="HTTPS ports too, with a CA made now")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--records", action="append", default=[], help="N for every collection, or name=N; repeats"
    )
    parser.add_argument("--first-time", help="created_at of the first record, ISO 8601")
    parser.add_argument("--until-eof", action="store_true", help="end when stdin closes")
    parser.add_argument("--quiet", action="store_true", help="print the ready line, nothing else")
    return parser.parse_args()


def counts_of(given: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in given:
        name, equals, text = item.rpartition("=")
        if equals and name not in DEFAULT_COUNTS:
            raise SystemExit(f"practice_api: no collection is called {name!r}")
        for each in [name] if equals else list(DEFAULT_COUNTS):
            counts[each] = int(text)
    return counts


async def end_with_parent(stop: asyncio.Event, until_eof: bool, parent: int) -> None:
    """Orphans are the usual leak of test runs: a parent that is gone ends this process too.

    PR_SET_PDEATHSIG would be simpler and wrong: it fires when the *thread* that started us ends,
    and test runners start processes from pool threads.
    """
    loop = asyncio.get_running_loop()
    if until_eof:

        def wait_for_eof() -> None:
            with contextlib.suppress(OSError):
                while os.read(0, 4096):
                    pass
            with contextlib.suppress(RuntimeError):  # the loop may have ended by itself
                loop.call_soon_threadsafe(stop.set)

        threading.Thread(target=wait_for_eof, daemon=True).start()
    while not stop.is_set():
        if os.getppid() != parent:
            stop.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.25)


async def serve(options: argparse.Namespace, folder: str, parent: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    dataset = Dataset(options.seed, counts_of(options.records))
    if options.first_time:
        for collection in dataset.collections.values():
            collection.clock = instant(options.first_time, "--first-time")
    world = World(dataset)
    servers = []
    _, port = await listen(world, "http", options.port)
    _, other = await listen(world, "other")
    ready: dict[str, object] = {
        "http": f"http://127.0.0.1:{port}",
        "other": f"http://127.0.0.1:{other}",
        "pid": os.getpid(),
        "seed": options.seed,
    }
    if options.tls:
        certificates = Certificates.make(folder)
        for name, context in certificates.contexts().items():
            server, port = await listen(world, name, 0, context)
            servers.append(server)
            ready[name] = f"https://127.0.0.1:{port}"
        ready |= certificates.files()
    ORIGINS.update({name: str(at) for name, at in ready.items() if str(at).startswith("http")})
    world.ready = ready
    print(json.dumps(ready), flush=True)
    # Pages and rows live as long as the process; a collection in the middle of a bench would show
    # up as the client's latency.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    await end_with_parent(stop, options.until_eof, parent)


def main() -> None:
    # First of all: a parent that dies while we start must not be taken for the init that adopts us.
    parent = os.getppid()
    options = arguments()
    folder = tempfile.mkdtemp(prefix="practice-api-")
    try:
        asyncio.run(serve(options, folder, parent))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
