"""The one table, and the 2,500 records in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import models

COUNT = 2_500

# Whatever a client may get wrong between the socket and its file: scripts beyond ASCII and beyond
# the first plane, right-to-left text, combining marks, quotes and control characters, the line
# separator that is legal in JSON and not in JavaScript, and nothing at all.
NAMES = [
    "Anna",
    "Zoë Faßbender",
    "Łukasz Żółć",
    "Дмитрий Орлов",
    "Ελένη Παπαδοπούλου",
    "山田 太郎",
    "김민준",
    "محمد عبد الله",
    "שרה כהן",
    "प्रिया शर्मा",
    "👩🏽‍🚀 Ada 🚀",
    "e\u0301 is not é",
    'quote " backslash \\ slash /',
    "tab\tline\nfeed",
    "separator\u2028here",
    "\U0001d4d0\U0001d4f7\U0001d4f7\U0001d4ea",
    "",
]

# These share one instant: three times the page size, so that paging by time meets pages on
# which the time never changes.
_SAME_INSTANT = range(1_000, 1_300)


class Record(models.Model):
    name: models.CharField[str, str] = models.CharField(max_length=100, blank=True)
    amount: models.DecimalField[Decimal, Decimal] = models.DecimalField(
        max_digits=14, decimal_places=2
    )  # a string in JSON
    ratio: models.FloatField[float, float] = models.FloatField()
    big: models.BigIntegerField[int, int] = (
        models.BigIntegerField()
    )  # beyond what a double holds exactly
    active: models.BooleanField[bool, bool] = models.BooleanField()
    note: models.TextField[str | None, str | None] = models.TextField(null=True, blank=True)
    tags = models.JSONField(default=list)
    created: models.DateTimeField[datetime, datetime] = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "drf"
        ordering = ("id",)


def all_records() -> Iterator[Record]:
    """Computed from the number alone, so that every build is the same; `created` never falls as
    the id rises, so that all orders below are one order."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    for number in range(1, COUNT + 1):
        moment = _SAME_INSTANT.start if number in _SAME_INSTANT else number
        yield Record(
            id=number,
            name=NAMES[number % len(NAMES)],
            amount=Decimal(number * 7919 % 10_000_000) / 100,
            ratio=number / 7,
            big=9_007_199_254_740_993 + number,
            active=number % 3 == 0,
            note=None if number % 5 else f"note {number}",
            tags=["a", {"n": number}] if number % 4 == 0 else [],
            created=start + timedelta(seconds=moment // 3, microseconds=moment // 3 % 2 * 250_000),
        )
