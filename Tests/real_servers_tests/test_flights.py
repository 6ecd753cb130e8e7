"""Datasette: whole tables by its next links, and what its answers look like."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from real_servers.flights_data import FLIGHTS, truth


def pages(session: requests.Session, url: str) -> Iterator[dict[str, Any]]:
    following: str | None = url
    while following:
        response = session.get(following, timeout=30)
        response.raise_for_status()
        page: dict[str, Any] = response.json()
        yield page
        following = page["next_url"]
        link = response.links.get("next", {}).get("url")
        assert link == following


def test_all_flights(flights: dict[str, Any]) -> None:
    expected = truth("flights")
    compact, as_sent, count = hashlib.sha256(), hashlib.sha256(), 0
    with requests.Session() as session:
        for page in pages(session, flights["flights"] + "&_size=1000"):
            count += len(page["rows"])
            for row in page["rows"]:
                compact.update(json.dumps(row, separators=(",", ":")).encode() + b"\n")
                as_sent.update(json.dumps(row).encode() + b"\n")
    assert count == FLIGHTS == expected["count"]
    assert compact.hexdigest() == expected["sha256"]
    assert as_sent.hexdigest() == expected["sha256_as_sent"]


def test_rows_cut_out_of_the_body_have_the_checksum_of_rows_as_sent(
    flights: dict[str, Any],
) -> None:
    text = requests.get(f"{flights['url']}/flights/airlines.json?_shape=array", timeout=30).text
    rows = [text[start : text.index("}", start) + 1] for start in _starts(text)]
    lines = "".join(row + "\n" for row in rows).encode()
    assert hashlib.sha256(lines).hexdigest() == truth("airlines")["sha256_as_sent"]


def _starts(text: str) -> list[int]:
    return [at for at, character in enumerate(text) if character == "{"]


@pytest.mark.parametrize("table", ["airlines", "airports", "planes", "weather"])
def test_tables_with_text_keys_and_without_key(flights: dict[str, Any], table: str) -> None:
    expected = truth(table)
    url = f"{flights['url']}/flights/{table}.json?_shape=objects&_size=700"
    checksum, count = hashlib.sha256(), 0
    with requests.Session() as session:
        for page in pages(session, url):
            count += len(page["rows"])
            for row in page["rows"]:
                checksum.update(json.dumps(row, separators=(",", ":")).encode() + b"\n")
    assert (count, checksum.hexdigest()) == (expected["count"], expected["sha256"])


def test_walk_by_time_window(flights: dict[str, Any]) -> None:
    window = "&_sort=time_hour&time_hour__gte=2013-06-01T00:00:00Z&time_hour__lt=2013-06-08"
    with requests.Session() as session:
        rows = [row for page in pages(session, flights["flights"] + window) for row in page["rows"]]
    assert len({row["id"] for row in rows}) == len(rows) > 6_000
    assert [row["time_hour"] for row in rows] == sorted(row["time_hour"] for row in rows)


def test_first_and_last_page(flights: dict[str, Any]) -> None:
    first = requests.get(flights["flights"] + "&_size=max", timeout=30).json()
    assert len(first["rows"]) == 5_000
    assert first["next"] == "5000"
    assert first["next_url"] == flights["flights"] + "&_size=max&_next=5000"
    assert first["truncated"] is False  # also where more pages follow
    assert first["filtered_table_rows_count"] is None  # not counted, as asked

    last = requests.get(flights["flights"] + f"&_size=2&_next={FLIGHTS - 2}", timeout=30)
    assert [row["id"] for row in last.json()["rows"]] == [FLIGHTS - 1, FLIGHTS]
    assert last.json()["next"] is None
    assert last.json()["next_url"] is None
    assert "link" not in last.headers


def test_too_large_a_page_is_refused(flights: dict[str, Any]) -> None:
    response = requests.get(flights["flights"] + "&_size=5001", timeout=30)
    assert response.status_code == 400
    assert response.json()["error"] == "_size must be <= 5000"


def test_truth_from_the_command_line() -> None:
    launcher = Path(__file__).parents[1] / "real_servers"
    command = [sys.executable, str(launcher), "flights", "truth", "airlines"]
    printed = subprocess.run(command, check=True, capture_output=True).stdout
    assert json.loads(printed) == truth("airlines")
