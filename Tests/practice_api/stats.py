"""What the server saw: connections, requests by route, and a log of the latest of them."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from practice_api.wire import Request

LOG_LENGTH = 50_000


@dataclass
class Stats:
    accepted: int = 0
    # Connections that carried at least one request that is not about the server itself, so that a
    # test's own questions do not spoil the count of the client it watches.
    used: int = 0
    open: int = 0
    most_open: int = 0
    requests: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    routes: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    log: deque[tuple[int, int, int, str, str, str]] = field(
        default_factory=lambda: deque(maxlen=LOG_LENGTH)
    )

    def arrived(self, request: Request) -> None:
        self.requests += 1
        path = request.target.partition("?")[0]
        self.routes[path] += 1
        self.log.append(
            (request.at, request.connection, request.nth, request.listener, request.method,
             request.target)
        )  # fmt: skip
        if request.nth == 1:
            self.used += 1

    def summary(self) -> dict[str, Any]:
        return {
            "connections": {
                "accepted": self.accepted,
                "used": self.used,
                "open": self.open,
                "most_open": self.most_open,
            },
            "requests": self.requests,
            "most_in_flight": self.most_in_flight,
            "routes": dict(self.routes),
            "statuses": {str(key): count for key, count in self.statuses.items()},
        }

    def latest(self, prefix: str) -> list[dict[str, Any]]:
        names = ("at_ns", "connection", "nth", "listener", "method", "target")
        return [dict(zip(names, entry, strict=True)) for entry in self.log
                if entry[5].startswith(prefix)]  # fmt: skip

    def reset(self) -> None:
        still_open = self.open
        self.__init__()  # type: ignore[misc]
        self.open = self.most_open = still_open
