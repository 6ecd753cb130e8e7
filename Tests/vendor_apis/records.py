"""Made-up records that depend on nothing but the seed, as the bytes that are served.

Each vendor writes JSON in its own way (indented, escaped, compact), and a client that hands records
on untouched can be compared with these bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from zlib import crc32

from practice_api.data import CITIES, NAMES, TEXTS, mix

T = TypeVar("T")
MASK = (1 << 64) - 1
EPOCH_2024 = 1_704_067_200


@dataclass(slots=True)
class Row:
    """One record: its key, the values that filters and cursors look at, the bytes served."""

    key: str
    shown: dict[str, Any]
    body: bytes


class Dice:
    """Numbers that follow from the seed and a name, in the same order each time."""

    def __init__(self, seed: int, *names: object) -> None:
        self.state = mix((seed << 32 ^ crc32("/".join(map(str, names)).encode())) & MASK)

    def number(self, below: int) -> int:
        self.state = mix(self.state)
        return (self.state >> 11) % below

    def pick(self, items: Sequence[T]) -> T:
        return items[self.number(len(items))]

    def chance(self, one_in: int) -> bool:
        return self.number(one_in) == 0

    def maybe(self, one_in: int, value: T) -> T | None:
        """Null once in so many: fields that a vendor documents as nullable are null at times."""
        return None if self.chance(one_in) else value

    def name(self) -> str:
        return self.pick(NAMES)

    def text(self) -> str:
        return self.pick(TEXTS)

    def city(self) -> str:
        return self.pick(CITIES)

    def hex(self, digits: int) -> str:
        return "".join("0123456789abcdef"[self.number(16)] for _ in range(digits))

    def word(self, length: int, letters: str = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") -> str:
        return "".join(self.pick(letters) for _ in range(length))


def compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def spaced(value: object) -> bytes:
    """As Python's own encoder writes it."""
    return json.dumps(value).encode()


def slashed(value: object) -> bytes:
    """As PHP's encoder writes it: ASCII only, and every slash escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


def indented(value: object, depth: int = 0) -> bytes:
    """Two spaces a level, as it looks `depth` spaces inside another value."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return text.replace("\n", "\n" + " " * depth).encode()


@dataclass
class Shelf:
    """Collections made on demand; record n is the same whatever the collection's size."""

    seed: int
    made: dict[tuple[str, ...], list[Row]] = field(default_factory=dict)

    def rows(
        self, names: tuple[str, ...], count: int, make: Callable[[Dice, int], Row]
    ) -> list[Row]:
        found = self.made.setdefault(names, [])
        while len(found) < count:
            number = len(found) + 1
            found.append(make(Dice(self.seed, *names, number), number))
        return found[:count]


def digest(rows: list[Row]) -> str:
    """SHA-256 over every record's bytes as served, each followed by one LF."""
    sha = hashlib.sha256()
    for row in rows:
        sha.update(row.body)
        sha.update(b"\n")
    return sha.hexdigest()
