"""Prints what zoneinfo knows of every zone: instants, what clocks show, and that read back."""

from __future__ import annotations

import random
import sys
import zoneinfo
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = int((datetime(1900, 1, 1, tzinfo=UTC) - EPOCH).total_seconds())
LAST = int((datetime(2200, 1, 1, tzinfo=UTC) - EPOCH).total_seconds())
# From the directory that the library looks into, whatever else Python knows.
zoneinfo.reset_tzpath([sys.argv[1]])


def seconds(time: datetime) -> int:
    return (time - EPOCH) // timedelta(seconds=1)


def line(name: str, zone: zoneinfo.ZoneInfo, instant: int) -> str:
    local = (EPOCH + timedelta(seconds=instant)).astimezone(zone).replace(tzinfo=None, fold=0)
    shown = seconds(local.replace(tzinfo=UTC))
    # An hour and a half further may be one that clocks leap over.
    leapt = local + timedelta(minutes=90)
    back = [seconds(time.replace(tzinfo=zone).astimezone(UTC)) for time in (local, leapt)]
    return f"{name} {instant} {shown} {back[0]} {back[1]}"


def main() -> None:
    chance = random.Random(3)
    for name in sorted(zoneinfo.available_timezones()):
        zone = zoneinfo.ZoneInfo(name)
        instants = [chance.randrange(FIRST, LAST) for _ in range(12)]
        # To the second, where its offset changes between two of them.
        for _ in range(6):
            low = chance.randrange(FIRST, LAST)
            high = low + 200 * 86_400
            offset = (EPOCH + timedelta(seconds=low)).astimezone(zone).utcoffset()
            if (EPOCH + timedelta(seconds=high)).astimezone(zone).utcoffset() == offset:
                continue
            while high - low > 1:
                middle = (low + high) // 2
                same = (EPOCH + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset
                low, high = (middle, high) if same else (low, middle)
            instants += [low, high, high - 3600, high - 1800, high + 1800, high + 3600]
        for instant in instants:
            print(line(name, zone, instant))


main()
