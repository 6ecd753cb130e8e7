"""Records that depend on nothing but the seed, rendered once as the bytes that are served.

Record number i of a collection is the same whatever the collection's size, so `users:10` is the
first ten of `users`. Rendering is by hand and not by `json.dumps`, because a round trip through
Python would lose what a client must not lose: `1.10`, integers beyond 64 bits, escapes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property

DEFAULT_COUNTS = {
    "users": 1000,
    "posts": 2000,
    "comments": 4000,
    "transactions": 3000,
    "events": 5000,
}
MAX_COUNT = 5_000_000
EPOCH_2024_MS = 1_704_067_200_000

NAMES = [
    "Ada Lovelace", "Zoë Müller", "Иван Петров", "李小龍", "محمد علي", "Þóra Jónsdóttir",
    "O'Brien \"Obi\"", "Søren Ångström", "Nguyễn Văn A", "👩‍🚀 Sally", "e\u0301 combining",
]  # fmt: skip
CITIES = ["Reykjavík", "São Paulo", "東京", "Zürich", "Kraków", "Łódź", "New York", "القاهرة"]
TEXTS = [
    "plain words and nothing else",
    'quotes " and back\\slash and / slash',
    "tab\tnew\nline\rreturn\b\f",
    'braces }{ ][ and a fake "next_cursor":"trap","data":[]',
    "控制字符 \u0001\u001f ends",
    "𝒜 surrogate pair 😀 and \u2028 line separator",
    "",
    "<script>alert('&amp;')</script>",
]
KINDS = ["click", "view", "purchase", "refund", "signup"]
STATES = ["active", "disabled", "pending"]
MASK = (1 << 64) - 1


def mix(value: int) -> int:
    """splitmix64: a good hash of a counter, and the same in every language that wants to check."""
    value = (value + 0x9E3779B97F4A7C15) & MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def iso(ms: int) -> str:
    days, rest = divmod(ms, 86_400_000)
    # Civil date from day number (proleptic Gregorian), far faster than datetime.isoformat here.
    z = days + 719_468
    era, doe = divmod(z, 146_097)
    yoe = (doe - doe // 1460 + doe // 36_524 - doe // 146_096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    day, month = doy - (153 * mp + 2) // 5 + 1, mp + 3 if mp < 10 else mp - 9
    year = yoe + era * 400 + (month <= 2)
    s, milli = divmod(rest, 1000)
    h, m, s = s // 3600, s // 60 % 60, s % 60
    return f"{year:04d}-{month:02d}-{day:02d}T{h:02d}:{m:02d}:{s:02d}.{milli:03d}Z"


def text_json(text: str, escaped: bool) -> str:
    out = json.dumps(text, ensure_ascii=escaped)
    return out.replace("/", "\\/") if escaped else out


def money(r: int) -> str:
    """Two decimals always, so trailing zeros occur: 1.10, 0.00, -3.50."""
    cents = r % 2_000_000 - 100_000
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


@dataclass(slots=True)
class Row:
    """One record: its place in the order, the values that routes look at, the bytes served."""

    order: float
    key: str
    created_ms: int
    fields: dict[str, str]
    body: bytes


@dataclass
class Collection:
    name: str
    seed: int
    rows: list[Row] = field(default_factory=list)
    clock: int = EPOCH_2024_MS
    run_left: int = 0

    def first(self, count: int) -> list[Row]:
        while len(self.rows) < count:
            self.rows.append(self.render(len(self.rows)))
        return self.rows if len(self.rows) == count else self.rows[:count]

    def next_time(self, r: int) -> int:
        """Times never fall, and come in runs of equal ones, some longer than a page of 100."""
        if self.run_left == 0:
            step = r % 9_000_000 + 1
            self.clock += step
            kind = r >> 32
            self.run_left = 250 if kind % 97 == 0 else (kind % 40 if kind % 5 == 0 else kind % 3)
        else:
            self.run_left -= 1
        return self.clock

    def render(self, i: int, extra: int = 0) -> Row:
        r = mix(self.seed * 1_000_003 + sum(self.name.encode()) * 7919 + i + extra * (1 << 40))
        r2 = mix(r)
        created = self.next_time(r)
        escaped = r2 % 3 == 0
        text = text_json(TEXTS[r2 % len(TEXTS)], escaped)
        when = iso(created)
        user = r2 % DEFAULT_COUNTS["users"] + 1
        number = i + 1
        key = str(number)
        shown: dict[str, str]
        if self.name == "users":
            state = STATES[r % 3]
            gone = f'"{when}"' if r % 11 == 0 else "null"
            body = (
                f'{{"id":{number},"name":{text_json(NAMES[r2 % len(NAMES)], escaped)},'
                f'"email":"user{number}@example.com","status":"{state}","balance":{money(r)},'
                f'"account":{10**19 + r2},"score":{r % 1000}e-2,"active":{_bool(r & 1)},'
                f'"address":{{"city":{text_json(CITIES[r % len(CITIES)], escaped)},'
                f'"geo":{{"lat":{(r % 18000) / 100 - 90:.2f},'
                f'"lng":{(r2 % 36000) / 100 - 180:.2f}}}}},'
                f'"tags":["a","b {number}",[],{{}}],"bio":{text},"deleted_at":{gone},'
                f'"created_at":"{when}"}}'
            )
            shown = {"status": state}
        elif self.name == "posts":
            body = (
                f'{{"id":{number},"user_id":{user},"title":"Post {number}","body":{text},'
                f'"likes":{r % 500},"rating":{r % 50 / 10:.2f},"created_at":"{when}"}}'
            )
            shown = {"user_id": str(user)}
        elif self.name == "comments":
            post = r % DEFAULT_COUNTS["posts"] + 1
            body = (
                f'{{"id":{number},"post_id":{post},"user_id":{user},"body":{text},'
                f'"parent_id":{"null" if r % 4 else r % number + 1},"created_at":"{when}"}}'
            )
            shown = {"post_id": str(post), "user_id": str(user)}
        elif self.name == "transactions":
            key = f"txn_{number:08d}"
            state = STATES[r % 3]
            body = (
                f'{{"id":"{key}","user_id":{user},"amount":{money(r)},"currency":"EUR",'
                f'"status":"{state}","reference":{r2 << 8 | 255},"note":{text},'
                f'"created_at":"{when}"}}'
            )
            shown = {"status": state, "user_id": str(user)}
        else:
            key = f"evt_{r2:016x}"
            kind = KINDS[r % len(KINDS)]
            body = (
                f'{{"id":"{key}","type":"{kind}","user_id":{user},'
                f'"payload":{{"n":{number},"ratio":{r % 1000 / 1000:.3f},"text":{text},'
                f'"nested":[[{number},null],{{"deep":{{"er":true}}}}]}},'
                f'"created":{created // 1000},"created_at":"{when}"}}'
            )
            shown = {"type": kind, "user_id": str(user)}
        return Row(float(i), key, created, shown, body.encode())


def _bool(bit: int) -> str:
    return "true" if bit else "false"


@dataclass
class Dataset:
    """Every collection of one seed."""

    seed: int = 1
    counts: dict[str, int] = field(default_factory=dict)

    @cached_property
    def collections(self) -> dict[str, Collection]:
        return {name: Collection(name, self.seed) for name in DEFAULT_COUNTS}

    def rows(self, spec: str) -> list[Row] | None:
        """`users`, or `users:250` for the first 250; None when there is no such collection."""
        name, _, size = spec.partition(":")
        if name not in self.collections or (size and not size.isascii()):
            return None
        if size and not size.isdigit():
            return None
        count = int(size) if size else self.counts.get(name, DEFAULT_COUNTS[name])
        return self.collections[name].first(count) if count <= MAX_COUNT else None


def digest(rows: list[Row]) -> str:
    """SHA-256 over every record's bytes as served, each followed by one LF."""
    sha = hashlib.sha256()
    for row in rows:
        sha.update(row.body)
        sha.update(b"\n")
    return sha.hexdigest()
