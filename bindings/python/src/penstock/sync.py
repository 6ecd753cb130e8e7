"""Whole sources into files: one run of one or more sources, all streams at once."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Literal, overload

from . import _ffi
from ._batches import BatchFunction, open_with_batch
from ._documents import Document, Source, read_document
from ._handle import Handle, Owned, check, take_error, taken
from ._json import dumps
from ._settings import Log
from ._types import JobDocument, JobRotation, Limits, SharedLimits, SourceDocument
from .client import Client
from .errors import ConfigError, PenstockError, Status, Timeout, error_for
from .events import Events, Level, open_events
from .publish import MetricsFile, MetricsServer
from .store import StatePlace, state_name

# See paginator.py: how long a call may hold up Ctrl-C.
_SLICE_MS = 100

Compression = Literal["none", "gzip", "zstd"]


@dataclass(frozen=True)
class StreamReport:
    """Where one stream of a run stands."""

    source: str | None
    stream: str
    file: str | None
    """The JSON Lines file that its records go to."""
    state: str
    """"waiting", "running", "done", "failed", "cancelled" or "parked" (stopped in good order)."""
    records: int
    pages: int
    bytes: int
    requests: int
    retries: int
    total: int | None
    """How many records there are, as the server says; None when it doesn't."""
    elapsed: float
    """In seconds."""
    records_per_second: float
    error: PenstockError | None
    """Why it failed; None when it didn't."""
    skipped: int = 0
    """How many parents it went on without ("on_error": "skip")."""
    first_skipped: tuple[str, ...] = ()
    """Why, of the first few."""
    duplicates: int | None = None
    """Records left out since their key came before; None for a stream without a key."""
    filtered: int | None = None
    """Records that a filter left out; None for a stream without one."""
    missing: int | None = None
    """How many records fewer came than the server said there were; None when none is known of."""
    earlier_records: int | None = None
    """What earlier runs had written, where this one went on; None where it began."""
    unchanged: int | None = None
    """Records of earlier runs that came again as they were and were left out ("across_runs")."""
    changed: int | None = None
    """Records of earlier runs that came with another content, and were written."""
    checks: tuple[Mapping[str, Any], ...] = ()
    """What does not hold of what the document expects ("check", "failed", "message")."""
    drift: tuple[Mapping[str, Any], ...] = ()
    """What is not as in the schema of the run before ("change", "path", "types_before",
    "types_now", "share_before", "share_now", "failed", "message"); the first hundred."""
    cursor: str | None = None
    """The latest time that a stream which is read incrementally has seen."""
    cursor_lag: float | None = None
    """How long ago that was when the report was made, in seconds."""
    waiting: Mapping[str, Any] | None = None
    """What it waits for now ("for", "limit", "since_ms", "left_ms", "until"); None when it is over,
    and in reports that nobody asked to have it in."""
    warnings: tuple[str, ...] = ()
    """What was odd, of the first pages that had something to say."""

    @property
    def ok(self) -> bool:
        """Whether the stream is done, without an error."""
        return self.state == "done"


@dataclass(frozen=True)
class Report(Mapping[str, StreamReport]):
    """Where a run stands; a mapping from the names of its streams.

    A stream is called by its name, and by `source.stream` where several sources have it.
    """

    done: bool
    """Whether every stream has ended."""
    elapsed: float
    """In seconds."""
    streams: tuple[StreamReport, ...]

    def __getitem__(self, name: str) -> StreamReport:
        found = [report for report in self.streams if name in (report.stream, _full_name(report))]
        if len(found) != 1:
            raise KeyError(name)
        return found[0]

    def __iter__(self) -> Iterator[str]:
        names = [report.stream for report in self.streams]
        for report in self.streams:
            yield report.stream if names.count(report.stream) == 1 else _full_name(report)

    def __len__(self) -> int:
        return len(self.streams)

    @property
    def ok(self) -> bool:
        """Whether every stream is done, without an error."""
        return self.done and all(report.ok for report in self.streams)

    @property
    def records(self) -> int:
        """The records of all streams so far."""
        return sum(report.records for report in self.streams)

    @property
    def errors(self) -> dict[str, PenstockError]:
        """The errors of the streams that failed, by name."""
        named = zip(self, self.streams)
        return {name: report.error for name, report in named if report.error is not None}


class Sync(Handle[_ffi.SyncPointer]):
    """A run under way: every stream into `<directory>/<stream>.jsonl`, all at once.

        with penstock.Sync(job) as run:
            while not run.wait(1):
                print(run.report().records)
            print(run.report())

    `penstock.pull()` does this in one call. Closing it ends the run; whole lines stay written.

    Args:
        job: The job: a dict, JSON text, or the path of a file ("job" in `penstock.schema()`).
        batch: A function between page and file, as for `pull()`.

    Raises:
        ConfigError: The job or a source in it is wrong; the message names the place.
        AuthError: A secret is missing or malformed.
        StorageError: The directory can't be written.

    Threads: `wait()`, `report()` and `cancel()` any number at once.
    """

    def __init__(self, job: JobDocument | Source, *, batch: BatchFunction | None = None) -> None:
        document = read_document(job)
        out = _ffi.SyncPointer()
        error = _ffi.ErrorPointer()
        with document.named_in_errors():
            if batch is not None:
                open_with_batch(document.text, batch, out)
                super().__init__(Owned(out, _ffi.penstock_sync_free))
                return
            check(
                _ffi.penstock_sync_open(
                    document.text, len(document.text), _ffi.byref(out), _ffi.byref(error)
                ),
                error,
            )
        super().__init__(Owned(out, _ffi.penstock_sync_free))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until every stream has ended, well or not; `report()` has the results.

        Args:
            timeout: In seconds; None waits as long as it takes.

        Returns:
            Whether the run is done.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._use() as pointer:
            while True:
                wait_ms = _SLICE_MS
                if deadline is not None:
                    left_ms = int((deadline - time.monotonic()) * 1000 + 0.999)
                    wait_ms = min(max(left_ms, 0), _SLICE_MS)
                error = _ffi.ErrorPointer()
                status = _ffi.penstock_sync_wait(pointer, wait_ms, _ffi.byref(error))
                if status == Status.OK:
                    return True
                if status != Status.PENDING:
                    # Either a stream's error, which the report has, or this call's own.
                    failure = take_error(status, error)
                    if _report(pointer).done:
                        return True
                    raise failure
                if deadline is not None and time.monotonic() >= deadline:
                    return False

    def report(self, *, waiting: bool = False) -> Report:
        """Where the run stands now.

        Args:
            waiting: Also what each stream waits for, and until when.
        """
        with self._use() as pointer:
            report = _report(pointer)
        if not waiting or report.done:
            return report
        waits = self.metrics().get("waiting", [])
        found = {(one.get("source"), one["stream"]): one for one in waits}
        alone = {one["stream"]: one for one in found.values()}
        streams = tuple(
            replace(one, waiting=found.get((one.source, one.stream), alone.get(one.stream)))
            for one in report.streams
        )
        return replace(report, streams=streams)

    @overload
    def metrics(self) -> dict[str, Any]: ...
    @overload
    def metrics(self, format: str) -> str: ...

    def metrics(self, format: str | None = None) -> Any:
        """What the run's clients have counted: as `Client.metrics()`."""
        out = _ffi.TextPointer()
        error = _ffi.ErrorPointer()
        form = (format or "json").encode()
        with self._use() as pointer:
            check(
                _ffi.penstock_sync_metrics(pointer, form, _ffi.byref(out), _ffi.byref(error)), error
            )
        text = taken(out)
        return text if format else json.loads(text)

    def events(self, level: Level = "info") -> Events:
        """What happens in the run: as `Client.events()`."""
        with self._use() as pointer:
            return open_events(_ffi.penstock_sync_events, pointer, level)

    def cancel(self) -> None:
        """End the run: streams that are not done end as "cancelled". Idempotent; any thread."""
        with self._use() as pointer:
            _ffi.penstock_sync_cancel(pointer)

    def park(self) -> None:
        """Stop in good order: what came is committed, streams that are not done end as "parked",
        and the same job goes on with them. Without a state as `cancel()`.

        Idempotent; any thread.
        """
        with self._use() as pointer:
            _ffi.penstock_sync_park(pointer)

    def close(self) -> None:
        """Release the run; ends it first when it is not done."""
        super().close()

    def _end(self, owned: Owned[_ffi.SyncPointer]) -> None:
        with owned as pointer:
            _ffi.penstock_sync_cancel(pointer)

    def __repr__(self) -> str:
        return f"<penstock.Sync ({'closed' if self.closed else 'open'})>"


def pull(
    job: JobDocument | SourceDocument | Source,
    directory: str | os.PathLike[str] | None = None,
    *,
    streams: Sequence[str] | None = None,
    params: Mapping[str, Any] | None = None,
    state: StatePlace | None = None,
    max_duration: str | None = None,
    limiter: Limits | SharedLimits | None = None,
    keep_runs: bool = False,
    compress: Compression | None = None,
    rotate: JobRotation | None = None,
    batch: BatchFunction | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[Report], object] | None = None,
    interval: float = 0.25,
    timeout: float | None = None,
    check: bool = True,
    drift: Literal["off", "tell", "fail"] | None = None,
    log: Log | None = None,
    metrics_file: str | os.PathLike[str] | None = None,
    metrics_port: int | None = None,
) -> Report:
    """Pull every stream of a source, or of a job's sources, into JSON Lines files.

        report = penstock.pull("source.json", directory="out", on_progress=print)
        report["users"].records

    Args:
        job: A source document, or a job (it has "source" or "sources"): a dict, JSON text, or the
            path of a file.
        directory: Where the files go, `<directory>/<stream>.jsonl`. When not given: "out" for a
            source, and what a job says.
        streams: The streams to pull; all when not given. Not for a job of several sources.
        params: Values for the source's `{"param": …}` references. Not for a job of several sources.
        state: What keeps where each stream stands: a file, "redis://host/0?prefix=name", or a
            `StateStore`. A run that was interrupted, however that came, is taken up by pulling
            again with the same state and directory: each record is in its file exactly once. A
            stream that is done is pulled anew. None: every run begins anew.
        max_duration: With `state`: stop in good order after a time such as "55m"; streams that are
            not done are then "parked", and the next call goes on with them.
        limiter: A budget of all sources together, besides their own limits; one with other
            processes, and with runs that were killed before, with
            `{"limits": "10/s", "share": {"file": "/run/example.budget"}}`.
        keep_runs: Each run of a stream that was done goes into a file of its own,
            `<stream>.000001.jsonl` and so on, in place of the one before.
        compress: "gzip": `<stream>.jsonl.gz`; "zstd": `<stream>.jsonl.zst` (the system's libzstd is
            loaded). Each commit ends a member or frame, so that what is committed can be unpacked.
        rotate: Files of some size or age, `<stream>.000001.jsonl` and so on, instead of one for a
            run: `{"bytes": "64MB", "every": "1h"}`. With `state` or `keep_runs`.
        batch: A function between page and file: `batch(stream, records)` gets the JSON texts
            (bytes) of up to "batch_records" (1,000) records and returns what goes into the file
            in their place: some of those very objects, which stay as they are, other bytes, or
            values that become JSON. Called on another thread. What it raises ends the stream with
            a DataError; nothing of that batch is committed.
        stop: When it is set the run stops in good order, as with `max_duration`.
        on_progress: Called on this thread with a `Report` every `interval` seconds and at the end.
            What it raises ends the run and is raised here.
        interval: In seconds.
        timeout: When to give up, in seconds; None: never.
        check: Raise the first error of a stream, once all streams have ended; the error's
            attribute `report` holds the results. False leaves the errors in the report.
        drift: With `state`: whether changes of a stream's schema since the run before are told
            ("tell", the default), make it fail, or are not looked for, in place of what the
            document says. A stream that failed goes on to do so until a run tells.
        log: Where what happens is written: `{"level": "info", "file": "pull.log"}` ("log" in
            `penstock.schema()`).
        metrics_file: A file that gets the figures of the run for Prometheus's node_exporter (its
            name should end in .prom), as a whole every 15 seconds and at the end.
        metrics_port: A port of the loopback address that serves them at /metrics meanwhile; 0: any.

    Raises:
        PenstockError: As `Sync` does, and (with `check`) what made a stream fail.
        Timeout: `timeout` passed; what was written stays.
    """
    output: dict[str, Any] = {}
    if directory is not None:
        output["directory"] = os.fspath(directory)
    if keep_runs:
        output["runs"] = "keep"
    if compress is not None:
        output["compress"] = compress
    if rotate is not None:
        output["rotate"] = dict(rotate)
    document = job_document(job, output, streams, params, state, max_duration, log, drift, limiter)
    deadline = None if timeout is None else time.monotonic() + timeout
    with document.named_in_errors():
        run = Sync(document.text, batch=batch)
    with run, ExitStack() as published:
        if metrics_file is not None:
            published.enter_context(MetricsFile(metrics_file, run.metrics))
        if metrics_port is not None:
            published.enter_context(MetricsServer(run.metrics, metrics_port))
        done = False
        while not done:
            if stop is not None and stop.is_set():
                run.park()
                stop = None
            watched = on_progress is not None or timeout is not None or stop is not None
            done = run.wait(interval if watched else None)
            if on_progress is not None and not done:
                on_progress(run.report(waiting=True))
            if not done and deadline is not None and time.monotonic() >= deadline:
                raise Timeout(
                    f"the run was not done within {timeout:g} s", status=Status.ERROR_TIMEOUT
                )
        report = run.report()
        if on_progress is not None:
            on_progress(report)
    if check:
        for error in report.errors.values():
            error.report = report  # type: ignore[attr-defined]
            raise error
    return report


def job_document(
    job: JobDocument | SourceDocument | Source,
    output: Mapping[str, Any] | None = None,
    streams: Sequence[str] | None = None,
    params: Mapping[str, Any] | None = None,
    state: StatePlace | None = None,
    max_duration: str | None = None,
    log: Log | None = None,
    drift: str | None = None,
    limiter: Limits | SharedLimits | None = None,
) -> Document:
    """The job that pulls a source, or a job as it is; `output` goes over what that says there."""
    document = read_document(job)
    if not is_job(document):
        # Here, so that a mistake is told by its place in the source rather than in the job.
        with document.named_in_errors():
            Client(document.text, params=params).close()
        about: dict[str, Any] = {}
        if streams is not None:
            about["streams"] = list(streams)
        if params is not None:
            about["params"] = dict(params)
        if state is not None:
            about["state"] = state_name(state)
        if max_duration is not None:
            about["max_duration"] = max_duration
        if drift is not None:
            about["drift"] = drift
        if log is not None:
            about["log"] = dict(log)
        if limiter is not None:
            about["limiter"] = limiter
        about["output"] = {"directory": "out", **(output or {})}
        # The source goes in as it was written: numbers keep their text.
        text = b'{"source":%s,%s' % (document.text, dumps(about)[1:])
        return Document(text, document.path)
    given = (streams, params, state, max_duration, log, drift, limiter)
    if all(one is None for one in given) and not output:
        return document
    content = json.loads(document.text)
    if (streams is not None or params is not None) and "sources" in content:
        raise ConfigError(
            "a job of several sources names streams and params itself, source by source",
            status=Status.ERROR_CONFIG,
        )
    if streams is not None:
        content["streams"] = list(streams)
    if params is not None:
        content["params"] = {**content.get("params", {}), **params}
    if state is not None:
        content["state"] = state_name(state)
    if drift is not None:
        content["drift"] = drift
    if log is not None:
        content["log"] = dict(log)
    if max_duration is not None:
        content["max_duration"] = max_duration
    if limiter is not None:
        content["limiter"] = limiter
    if output:
        content["output"] = {**content.get("output", {}), **output}
    return Document(dumps(content), document.path)


def is_job(document: Document) -> bool:
    """Whether a document is a job rather than a source. What is no JSON is not: who reads it next
    tells where it stops being JSON."""
    try:
        content = json.loads(document.text)
    except ValueError:
        return False
    return isinstance(content, dict) and ("sources" in content or "source" in content)


def _report(pointer: _ffi.SyncPointer) -> Report:
    out = _ffi.TextPointer()
    error = _ffi.ErrorPointer()
    check(_ffi.penstock_sync_progress(pointer, _ffi.byref(out), _ffi.byref(error)), error)
    try:
        document = json.loads(_ffi.bytes_of(_ffi.penstock_text_slice(out)))
    finally:
        _ffi.penstock_text_free(out)
    return Report(
        done=document["done"],
        elapsed=document["elapsed_ms"] / 1000,
        streams=tuple(_stream_report(stream) for stream in document["streams"]),
    )


def _stream_report(document: Mapping[str, Any]) -> StreamReport:
    error = document.get("error")
    skipped = document.get("skipped", {})
    lag = document.get("cursor_lag_ms")
    return StreamReport(
        source=document.get("source"),
        stream=document["stream"],
        file=document.get("file"),
        state=document["state"],
        records=document["records"],
        pages=document["pages"],
        bytes=document["bytes"],
        requests=document["requests"],
        retries=document["retries"],
        total=document.get("total"),
        elapsed=document["elapsed_ms"] / 1000,
        records_per_second=document["records_per_second"],
        error=None if error is None else error_for(_status_of(error), error),
        skipped=skipped.get("count", 0),
        first_skipped=tuple(skipped.get("first", ())),
        duplicates=document.get("duplicates"),
        filtered=document.get("filtered"),
        missing=document.get("missing"),
        earlier_records=document.get("earlier_records"),
        unchanged=document.get("unchanged"),
        changed=document.get("changed"),
        checks=tuple(document.get("checks", ())),
        drift=tuple(document.get("drift", ())),
        cursor=document.get("cursor"),
        cursor_lag=None if lag is None else lag / 1000,
        warnings=tuple(document.get("warnings", ())),
    )


def _status_of(error: Mapping[str, Any]) -> int:
    status = error.get("status")
    if isinstance(status, str):
        name = status[len("PENSTOCK_") :] if status.startswith("PENSTOCK_") else status
        known = Status.__members__.get(name)
        return Status.ERROR_INTERNAL if known is None else known
    return status if isinstance(status, int) else Status.ERROR_INTERNAL


def _full_name(report: StreamReport) -> str:
    return report.stream if report.source is None else f"{report.source}.{report.stream}"
