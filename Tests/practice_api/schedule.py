"""When a fault strikes: always, on the first attempts, now and then on a seed, or by a script."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from practice_api.data import mix
from practice_api.wire import knobs_of


@dataclass
class Schedule:
    """`<fault>[;option...]`, where `<fault>` is a kind with arguments, `503` or `slow:5ms`.

    Options: `first=N` (the first N attempts of each URL), `nth=N` (every Nth request), `on=2,5`
    (these requests), `rate=0.1` with `seed=7` (at random, reproducibly), `per=spec` (count all
    URLs together; the default for all but `first`) or `per=target`, `name` (a count of its own).
    Short forms: `fail:2:503` = `503;first=2`, `rate:0.1:503` = `503;rate=0.1`,
    `seq:503,ok,reset` = one after the other, then `ok` (or from the start with `;again`).
    """

    spec: str
    fault: str
    options: dict[str, str]
    script: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    seen: int = 0
    fired: Counter[str] = field(default_factory=Counter)

    @classmethod
    def parse(cls, spec: str) -> Schedule:
        fault, options = knobs_of(spec)
        head, _, rest = fault.partition(":")
        script: list[str] = []
        if head == "fail":
            options["first"], _, fault = rest.partition(":")
        elif head == "rate":
            options["rate"], _, fault = rest.partition(":")
        elif head == "nth":
            options["nth"], _, fault = rest.partition(":")
        elif head == "on":
            options["on"], _, fault = rest.partition(":")
        elif head == "seq":
            script = rest.split(",")
        return cls(spec, fault, options, script)

    def strike(self, method: str, target: str) -> str | None:
        """The fault that this request meets, or None; every call counts as a request."""
        options = self.options
        per = options.get("per", "target" if "first" in options else "spec")
        key = f"{method} {target}" if per == "target" else ""
        self.seen += 1
        self.counts[key] += 1
        count = self.counts[key]
        fault: str | None = self.fault
        if self.script:
            at = (count - 1) % len(self.script) if "again" in options else count - 1
            fault = self.script[at] if at < len(self.script) else "ok"
        elif "first" in options:
            fault = fault if count <= int(options["first"]) else None
        elif "nth" in options:
            fault = fault if count % int(options["nth"]) == 0 else None
        elif "on" in options:
            fault = fault if str(count) in options["on"].split(",") else None
        elif "rate" in options:
            # A hash of seed and count: the same requests fail whatever else the server does.
            draw = mix(int(options.get("seed", "1")) * 1_000_003 + count) / 2**64
            fault = fault if draw < float(options["rate"]) else None
        if fault in (None, "ok"):
            return None
        self.fired[str(fault)] += 1
        return fault

    def summary(self, arrivals: bool = False) -> dict[str, Any]:
        return {"requests": self.seen, "fired": dict(self.fired), "total": self.fired.total()}
