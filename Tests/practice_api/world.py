"""Everything that one server knows; `reset` brings it back to how it started."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from practice_api.data import Dataset
from practice_api.stats import Stats
from practice_api.wire import Reply


@dataclass
class World:
    dataset: Dataset
    stats: Stats = field(default_factory=Stats)
    pages: dict[str, Reply] = field(default_factory=dict)
    # State of the layers and endpoints, by their name and spec.
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    ready: dict[str, Any] = field(default_factory=dict)
    # Wall-clock nanoseconds minus monotonic ones, taken once: a stepped clock moves no limit.
    wall_offset: int = field(default_factory=lambda: time.time_ns() - time.monotonic_ns())

    def state(self, kind: str) -> dict[str, Any]:
        return self.states.setdefault(kind, {})

    def wall(self, at: int) -> float:
        return (at + self.wall_offset) / 1e9

    def reset(self) -> None:
        self.stats.reset()
        self.states.clear()
