"""Rate limits that are exact and that remember every arrival.

Arithmetic is on integer nanoseconds of the monotonic clock, so that a test can recompute each
verdict from the recorded arrivals. A refused request takes nothing from the budget unless the spec
says `count=all`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from practice_api.wire import seconds_of

NS = 1_000_000_000


@dataclass(slots=True)
class Verdict:
    admitted: bool
    limit: int
    remaining: int
    wait_ns: int  # until a request would be admitted (0 when one is)
    reset_ns: int  # until the budget is whole again


@dataclass
class Limiter:
    """What all kinds share: the budget `count` per `window_ns`, and the record of arrivals."""

    spec: str
    count: int
    window_ns: int
    count_all: bool = False
    arrivals: list[tuple[int, bool]] = field(default_factory=list)
    kind = ""

    def look(self, at: int) -> Verdict:
        """What `take` would say, without taking."""
        raise NotImplementedError

    def take(self, at: int) -> None:
        """One request is charged."""

    def release(self) -> None:
        """One request has been answered; only a concurrency limit cares."""

    def record(self, at: int, admitted: bool) -> None:
        self.arrivals.append((at, admitted))

    def summary(self, arrivals: bool = False) -> dict[str, Any]:
        every = [at for at, _ in self.arrivals]
        passed = [at for at, ok in self.arrivals if ok]
        out: dict[str, Any] = {
            "kind": self.kind,
            "limit": self.count,
            "window_ns": self.window_ns,
            "requests": len(every),
            "admitted": len(passed),
            "violations": len(every) - len(passed),
            "worst_window": worst_window(every, self.window_ns),
            "worst_window_admitted": worst_window(passed, self.window_ns),
            "first_ns": every[0] if every else None,
            "last_ns": every[-1] if every else None,
            "shortest_gap_ns": min((b - a for a, b in pairwise(every)), default=None),
        }
        if arrivals:
            out["arrivals"] = [[at, ok] for at, ok in self.arrivals]
        return out


def worst_window(times: list[int], window: int) -> int:
    """Most arrivals in any half-open window [t, t + window)."""
    worst, low = 0, 0
    for high, at in enumerate(times):
        while times[low] <= at - window:
            low += 1
        worst = max(worst, high - low + 1)
    return worst


@dataclass
class Sliding(Limiter):
    """At most `count` in any window: a log of the admitted, each counting for `window_ns`."""

    kind = "sliding"
    log: deque[int] = field(default_factory=deque)

    def look(self, at: int) -> Verdict:
        while self.log and self.log[0] <= at - self.window_ns:
            self.log.popleft()
        left = self.count - len(self.log)
        # Room comes when the (len - count + 1)-th oldest leaves; with `count=all` that is not [0].
        wait = self.log[-left] + self.window_ns - at if left <= 0 else 0
        reset = self.log[-1] + self.window_ns - at if self.log else 0
        return Verdict(left > 0, self.count, max(0, left), wait, reset)

    def take(self, at: int) -> None:
        self.log.append(at)


@dataclass
class Fixed(Limiter):
    """At most `count` in each window; windows stand on the clock, or (`align=first`, as Twitter's)
    open with the first request after the last one closed."""

    kind = "fixed"
    offset: int | None = 0
    opened: int = 0
    used: int = 0
    worst: int = 0

    def look(self, at: int) -> Verdict:
        if self.offset is None:
            if at >= self.opened + self.window_ns or not self.arrivals:
                self.opened, self.used = at, 0
        else:
            start = at - (at + self.offset) % self.window_ns
            if start != self.opened:
                self.opened, self.used = start, 0
        left = self.count - self.used
        reset = self.opened + self.window_ns - at
        return Verdict(left > 0, self.count, max(0, left), 0 if left > 0 else reset, reset)

    def take(self, at: int) -> None:
        self.used += 1
        self.worst = max(self.worst, self.used)

    def summary(self, arrivals: bool = False) -> dict[str, Any]:
        # (arrival + offset_ns) // window_ns numbers the window; null: opened by requests.
        return super().summary(arrivals) | {
            "worst_fixed_window_charged": self.worst,
            "offset_ns": self.offset,
        }


@dataclass
class Bucket(Limiter):
    """`count` tokens come each window, at most `burst` wait. A level is counted in token-windows
    (nanoseconds times `count`), which keeps the refill an integer."""

    kind = "bucket"
    burst: int = 1
    level: int = -1
    seen: int = 0

    def look(self, at: int) -> Verdict:
        full = self.burst * self.window_ns
        if self.level < 0:
            self.level = full
        else:
            self.level = min(full, self.level + (at - self.seen) * self.count)
        self.seen = at
        short = max(0, self.window_ns - self.level)
        return Verdict(
            short == 0,
            self.burst,
            self.level // self.window_ns,
            -(-short // self.count),
            -(-(full - self.level) // self.count),
        )

    def take(self, at: int) -> None:
        self.level -= self.window_ns

    def summary(self, arrivals: bool = False) -> dict[str, Any]:
        """`worst_burst`: the smallest bucket that would have admitted every arrival."""
        level = worst = 0
        last = self.arrivals[0][0] if self.arrivals else 0
        for at, _ in self.arrivals:
            level = max(0, level - (at - last) * self.count) + self.window_ns
            last = at
            worst = max(worst, level)
        burst = -(-worst // self.window_ns)
        return super().summary(arrivals) | {"burst": self.burst, "worst_burst": burst}


@dataclass
class Concurrent(Limiter):
    """At most `count` unanswered at a time."""

    kind = "concurrent"
    running: int = 0
    peak: int = 0

    def look(self, at: int) -> Verdict:
        left = self.count - self.running
        # No one knows when a slot comes free; real servers say one second.
        return Verdict(left > 0, self.count, max(0, left), 0 if left > 0 else NS, NS)

    def take(self, at: int) -> None:
        self.running += 1
        self.peak = max(self.peak, self.running)

    def release(self) -> None:
        self.running -= 1

    def summary(self, arrivals: bool = False) -> dict[str, Any]:
        return super().summary(arrivals) | {"most_at_once": self.peak, "running": self.running}


def limiter(spec: str, options: dict[str, str], wall_offset: int) -> Limiter:
    """`sliding:60:60s`, `fixed:10:1s`, `bucket:10:1s:50`, `concurrent:4`."""
    kind, *rest = spec.split(":")
    count = int(rest[0])
    if count < 1:
        raise ValueError("a limit of nothing")
    if kind == "concurrent" and len(rest) == 1:
        return Concurrent(spec, count, NS)
    window = round(seconds_of(rest[1]) * NS)
    if window < 1:
        raise ValueError("a window of no length")
    count_all = options.get("count") == "all"
    if kind == "sliding" and len(rest) == 2:
        return Sliding(spec, count, window, count_all)
    if kind == "fixed" and len(rest) == 2:
        offset = None if options.get("align") == "first" else wall_offset
        return Fixed(spec, count, window, count_all, offset=offset)
    if kind == "bucket" and len(rest) in (2, 3):
        return Bucket(spec, count, window, burst=int(rest[2]) if len(rest) == 3 else 1)
    raise ValueError(f"unknown limit {kind}")


@dataclass
class Gate:
    """Several limits that a request must pass together: all are charged, or none."""

    spec: str
    limiters: list[Limiter]
    requests: int = 0
    refused: int = 0

    def pass_through(self, at: int) -> tuple[bool, Limiter, Verdict]:
        """Whether it may pass, and the limit that binds: what the answer's headers speak of."""
        looks = [(each, each.look(at)) for each in self.limiters]
        admitted = all(verdict.admitted for _, verdict in looks)
        self.requests += 1
        self.refused += not admitted
        for each, verdict in looks:
            # Each limit's own violations: one that would have admitted is not violated.
            each.record(at, verdict.admitted)
            if admitted or each.count_all:
                each.take(at)
        if admitted:
            looks = [(each, each.look(at)) for each in self.limiters]
            binding, verdict = min(looks, key=lambda pair: pair[1].remaining / pair[1].limit)
        else:
            refusing = [pair for pair in looks if not pair[1].admitted]
            binding, verdict = max(refusing, key=lambda pair: pair[1].wait_ns)
        return admitted, binding, verdict

    def release(self) -> None:
        for each in self.limiters:
            each.release()

    def summary(self, arrivals: bool = False) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "violations": self.refused,
            "limits": {each.spec: each.summary(arrivals) for each in self.limiters},
        }
