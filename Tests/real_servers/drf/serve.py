"""Django REST framework behind gunicorn.

    python Tests/real_servers drf [--until-eof] [--rate SCOPE=RATE ...]
        {"url": ..., "count": 2500, "sha256_as_sent": ..., "token": ..., "username": ...,
         "password": ..., "rates": {...}, "pid": ...}

Scopes: anon, scoped, per-minute; rates as the framework writes them: 20/second, 30/minute.
Routes: see urls.py.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from real_servers import _process
from real_servers.drf import database

# By throttle scope; the routes that use them are in views.py.
RATES = {"anon": "20/second", "scoped": "5/second", "per-minute": "30/minute"}


def serve(until_eof: bool, rates: dict[str, str]) -> None:
    _process.end_on_signals()
    built, truth = database.build(_process.DATA)
    with _process.scratch("drf") as directory:
        log = directory / "gunicorn.log"
        environment = {
            "DRF_DATABASE": str(database.copy(built, directory)),
            "DRF_RATES": json.dumps(rates),
            "DJANGO_SETTINGS_MODULE": "real_servers.drf.settings",
        }

        def start(ports: list[int]) -> subprocess.Popen[bytes]:
            # One process, because the throttles count in its memory; threads, because
            # keep-alive connections would block a worker without them. Preloaded, so that it
            # listens only once the project has proven to load.
            command = [sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "8"]
            address = ["--bind", f"{_process.HOST}:{ports[0]}", "--keep-alive", "5"]
            place = ["--chdir", str(Path(__file__).parents[2]), "--worker-tmp-dir", str(directory)]
            # Without its control socket, which it would put into the home directory.
            other = [
                "--preload",
                "--graceful-timeout",
                "1",
                "--no-control-socket",
                "real_servers.drf.wsgi",
            ]
            return _process.spawn([*command, *address, *place, *other], log=log, env=environment)

        process, ports = _process.start_on_free_ports(1, start, log)
        announcement = {
            "url": f"http://{_process.HOST}:{ports[0]}",
            **truth,
            **database.USER,
            "token": database.TOKEN,
            "rates": rates,
        }
        _process.serve_until_told(process, announcement, until_eof=until_eof, log=log)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--until-eof", action="store_true", help="end when standard input ends")
    parser.add_argument("--rate", action="append", default=[], metavar="SCOPE=RATE")
    chosen = parser.parse_args()
    rates = RATES | dict(rate.split("=", 1) for rate in chosen.rate)
    if unknown := rates.keys() - RATES.keys():
        parser.error(f"no scope {', '.join(sorted(unknown))}; there are {', '.join(RATES)}")
    serve(chosen.until_eof, rates)


if __name__ == "__main__":
    main()
