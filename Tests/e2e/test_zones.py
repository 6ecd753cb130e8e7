"""Local times of servers whose clocks are changed: run after run, nothing lost, nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import penstock
import pytest
from test_incremental import Feed, feed, ids

__all__ = ["feed"]

BERLIN = ZoneInfo("Europe/Berlin")
# From here on clocks show 02:00 to 03:00 again.
BACK = datetime(2024, 10, 27, 1, tzinfo=UTC)


def shown(time: datetime) -> str:
    return time.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M:%S")


def document(feed: Feed, end: datetime, **incremental: Any) -> dict[str, Any]:
    """Read up to `end`, as if that were now."""
    document = feed.document
    document["streams"]["feed"]["incremental"] |= {
        "zone": "Europe/Berlin",
        "format": "%Y-%m-%d %H:%M:%S",
        "start": "2024-10-26",
        "end": end.isoformat(),
        "step": "1d",
    } | incremental
    return document


def test_the_hour_that_comes_twice(feed: Feed, tmp_path: Path) -> None:
    feed.rows.clear()
    out, state = tmp_path / "out", tmp_path / "state.db"
    for minutes in range(-80, 160, 20):
        now = BACK + timedelta(minutes=minutes)
        feed.add(minutes, shown(now))
        feed.add(1000 + minutes, shown(now - timedelta(minutes=5)))
        report = penstock.pull(document(feed, now + timedelta(seconds=1)), out, state=state)
        assert report["feed"].records == 2, f"{minutes} minutes: {feed.asked[-1]}"
    assert sorted(ids(out / "feed.jsonl")) == sorted(row["id"] for row in feed.rows)
    # An instant, whatever clocks show.
    assert report["feed"].cursor == (BACK + timedelta(minutes=140)).strftime("%Y-%m-%dT%H:%M:%SZ")
    # Days of the place, and no bound within the hour.
    assert feed.asked[0].startswith(
        "/feed?since=2024-10-26%2000:00:00&until=2024-10-27%2000:00:00&"
    )
    assert "/feed?since=2024-10-27%2001:59:59&until=2024-10-27%2003:00:00&offset=0" in feed.asked


def test_it_is_explained(feed: Feed) -> None:
    told = penstock.explain(document(feed, BACK))["streams"][0]["incremental"]
    assert any("by the clocks of Europe/Berlin" in sentence for sentence in told)


@pytest.mark.parametrize(
    ("zone", "reason"),
    [
        ("Europe/Nowhere", "/usr/share/zoneinfo/Europe/Nowhere can't be opened: it does not exist"),
        ("Europe", "/usr/share/zoneinfo/Europe is not a regular file"),
        ("../zoneinfo/Europe/Berlin", 'expected "UTC", an offset such as'),
        ("/etc/passwd", 'expected "UTC", an offset such as'),
        ("Europe/Berlin\a", "control character"),
        ("x" * 65, "longer than 64 characters"),
    ],
)
def test_names_that_are_none(feed: Feed, zone: str, reason: str) -> None:
    with pytest.raises(penstock.ConfigError) as caught:
        penstock.Client(document(feed, BACK, zone=zone))
    assert reason in str(caught.value)
    assert "/streams/feed/incremental/zone" in str(caught.value)


def test_the_database_of_the_environment(
    feed: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZDIR", str(tmp_path))
    with pytest.raises(penstock.ConfigError, match=f"{tmp_path}/Europe/Berlin can't be opened"):
        penstock.Client(document(feed, BACK))
    (tmp_path / "Europe").mkdir()
    zone = tmp_path / "Europe/Berlin"
    for content, reason in [(b"", "no time zone's"), (b"TZif" * 20_000, "larger than 64 KiB")]:
        zone.write_bytes(content)
        with pytest.raises(penstock.ConfigError, match=reason):
            penstock.Client(document(feed, BACK))
    zone.write_bytes(Path("/usr/share/zoneinfo/Europe/Berlin").read_bytes())
    penstock.Client(document(feed, BACK)).close()
    monkeypatch.setenv("TZDIR", str(tmp_path / "none"))
    with pytest.raises(penstock.ConfigError, match=r"no database of time zones in .*/none"):
        penstock.Client(document(feed, BACK))


def test_by_the_clocks_of_many(feed: Feed, tmp_path: Path) -> None:
    """One instant, as records write it and as requests ask for it, both as Python has it."""
    zones = ["Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca"]
    source = document(feed, BACK)
    stream = source["streams"].pop("feed")
    time = datetime(2024, 6, 30, 21, 44, 58, tzinfo=UTC)
    feed.rows.clear()
    local = {name: time.astimezone(ZoneInfo(name)).strftime("%Y-%m-%d %H:%M:%S") for name in zones}
    for number, name in enumerate(zones):
        incremental = stream["incremental"] | {
            "zone": name,
            "start": time.isoformat(),
            "end": (time + timedelta(seconds=1)).isoformat(),
        }
        source["streams"][f"s{number}"] = stream | {"path": f"/{name}", "incremental": incremental}
        feed.add(number, local[name])
    report = penstock.pull(source, tmp_path / "out", state=tmp_path / "state.db")
    asked = "\n".join(feed.asked).replace("%20", " ")
    for number, name in enumerate(zones):
        assert f"/{name}?since={local[name]}&" in asked
        assert ids(tmp_path / "out" / f"s{number}.jsonl") == [number]
        assert report[f"s{number}"].cursor == "2024-06-30T21:44:58Z"
