"""`penstock pull`: every stream of a source, or of a job's sources, into files."""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from .._settings import Log
from .._types import JobRotation
from ..sync import Report, StreamReport
from ..sync import pull as pull_streams
from .options import Commands, add_params, params_of
from .output import complain, one_line, results_table
from .progress import Progress


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "pull",
        help="write every stream of a source into <DIR>/<stream>.jsonl",
        description="Write every stream of a source, or of a job's sources, into JSON Lines files. "
        "Ends with 0 only when every stream succeeded; one failing doesn't stop the others.",
    )
    parser.add_argument("document", metavar="SOURCE.json", help="a source document, or a job")
    parser.add_argument(
        "--stream",
        dest="streams",
        action="append",
        metavar="NAME",
        help="pull only this stream; may be repeated",
    )
    add_params(parser)
    parser.add_argument(
        "--output", metavar="DIR", help="where the files go (default: out, or what the job says)"
    )
    parser.add_argument(
        "--state",
        metavar="STATE",
        help="a file, or redis://host:port/database?prefix=name, that keeps where each stream "
        "stands: an interrupted run is taken up by calling it again, "
        "with each record exactly once in its file",
    )
    parser.add_argument(
        "--max-duration",
        metavar="TIME",
        help='with --state: stop in good order after a time such as "55m", to go on another time',
    )
    parser.add_argument(
        "--limiter",
        type=_limits,
        metavar="LIMITS",
        help="a budget besides the source's own limits, such as 10/s; or as JSON: "
        '{"limits": "10/s", "share": {"file": "/run/example.budget"}} is one with other '
        "processes and later runs",
    )
    parser.add_argument(
        "--keep-runs",
        action="store_true",
        help="each run into files of its own, <stream>.000001.jsonl and so on",
    )
    parser.add_argument(
        "--drift",
        choices=("off", "tell", "fail"),
        help="with --state: whether a change of a stream's schema since the run before is told, "
        "makes it fail, or is not looked for (default: what the document says, or tell)",
    )
    parser.add_argument(
        "--compress",
        choices=("gzip", "zstd"),
        help="pack the files: <stream>.jsonl.gz or <stream>.jsonl.zst",
    )
    parser.add_argument(
        "--rotate-bytes",
        metavar="SIZE",
        help="close a file when it has a size such as 64MB, and go on in the next one, "
        "<stream>.000001.jsonl and so on",
    )
    parser.add_argument(
        "--rotate-every", metavar="TIME", help="the same when its first record is as old as 1h"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress and no table")
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the results as JSON, and what happens meanwhile as JSON lines on stderr",
    )
    parser.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        help="write what happens to stderr instead of the progress",
    )
    parser.add_argument("--log-file", metavar="FILE", help="append what happens to a file")
    parser.add_argument(
        "--metrics-file",
        metavar="FILE.prom",
        help="write the figures of the run to a file for node_exporter, every 15 s and at the end",
    )
    parser.add_argument(
        "--metrics-port",
        type=_port,
        metavar="PORT",
        help="serve the figures at http://127.0.0.1:PORT/metrics meanwhile",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    options.documents = (options.document,)
    quiet = options.quiet or options.json or options.log_level is not None
    line = None if quiet else Progress(sys.stderr)
    stop = _Stop()
    try:
        stop.begin()
        report = pull_streams(
            Path(options.document),
            options.output,
            streams=options.streams,
            params=params_of(options.params),
            state=options.state,
            max_duration=options.max_duration,
            limiter=options.limiter,
            keep_runs=options.keep_runs,
            drift=options.drift,
            compress=options.compress,
            rotate=_rotation(options),
            stop=stop.event,
            on_progress=None if line is None else line.show,
            log=_log(options),
            metrics_file=options.metrics_file,
            metrics_port=options.metrics_port,
            check=False,
        )
    finally:
        stop.end()
        if line is not None:
            line.clear()
    if options.json:
        print(json.dumps(as_json(report), indent=2))
    elif not options.quiet:
        print(results_table(report))
    sys.stdout.flush()
    if not options.quiet:
        _tell(report)
    for name, stream in report.items():
        if stop.number is not None and stream.state == "cancelled":
            continue
        if stream.error is not None:
            complain(f"{name}: {one_line(stream.error)}")
        elif not stream.ok:
            complain(f"{name}: {stream.state}")
    if all(stream.ok or stream.state == "parked" for stream in report.streams) and not report.ok:
        return 3
    if stop.number is not None and not report.ok:
        complain("interrupted" if stop.number == signal.SIGINT else "terminated")
        return 128 + stop.number
    return 0 if report.ok else 1


def _tell(report: Report) -> None:
    """What is not as expected and made no stream fail."""
    for name, stream in report.items():
        for one in stream.checks:
            if not one["failed"]:
                complain(f"{name}: {one['check']}: {one['message']}")
        for one in stream.drift:
            if not one["failed"]:
                complain(f"{name}: schema: {one['message']}")


class _Stop:
    """Ctrl-C and SIGTERM stop the run in good order; a second one ends it at once."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.number: int | None = None
        self._before: dict[int, Any] = {}

    def begin(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._came)

    def end(self) -> None:
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)

    def _came(self, number: int, frame: FrameType | None) -> None:
        self.end()
        self.number = number
        self.event.set()


def _log(options: argparse.Namespace) -> Log | None:
    if options.log_file is not None:
        return {"level": options.log_level or "info", "file": options.log_file}
    if options.quiet:
        return None
    if options.json:
        return {"level": options.log_level or "info", "fd": 2, "format": "json"}
    return None if options.log_level is None else {"level": options.log_level, "fd": 2}


def _rotation(options: argparse.Namespace) -> JobRotation | None:
    rotation: JobRotation = {}
    if options.rotate_bytes is not None:
        rotation["bytes"] = options.rotate_bytes
    if options.rotate_every is not None:
        rotation["every"] = options.rotate_every
    return rotation or None


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number < 65536:
        raise ValueError(text)
    return number


def _limits(text: str) -> Any:
    """A text such as 10/s, or JSON; what it says is for the library to judge."""
    return json.loads(text) if text.lstrip()[:1] in ("{", "[") else text


def as_json(report: Report) -> dict[str, Any]:
    """A report as a JSON object; times are in seconds."""
    return {
        "ok": report.ok,
        "elapsed": report.elapsed,
        "records": report.records,
        "streams": [_stream_as_json(stream) for stream in report.streams],
    }


def _stream_as_json(stream: StreamReport) -> dict[str, Any]:
    out = dataclasses.asdict(dataclasses.replace(stream, error=None))
    out["error"] = None if stream.error is None else dict(stream.error.detail)
    return out
