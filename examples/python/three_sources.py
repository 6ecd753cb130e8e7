"""Three APIs at once, each with its own kind of paging and its own limit.

    python3 Tests/practice_api --port 8080 --records 5000 &
    PYTHONPATH=bindings/python/src python3 examples/python/three_sources.py http://127.0.0.1:8080

    users         by cursor                10 requests a second, bursts of 50
    transactions  by windows of a month     5 requests a second, bursts of 20
    events        by offset                20 requests a second, bursts of 100

Each stream goes into a JSON Lines file. A line of progress comes for every 1,000 records of a
stream, and at the end a table. One stream that fails doesn't stop the others.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import penstock

SOURCES = Path(__file__).resolve().parents[1] / "sources"
NAMES = ("accounts", "billing", "tracking")
STEP = 1_000


def job(base_url: str, directory: Path) -> penstock.JobDocument:
    """What is pulled and where it goes. Limits and paging stand in the source documents."""
    sources: list[penstock.JobSource] = [
        {
            "name": name,
            "source": str(SOURCES / f"practice-{name}.json"),
            "params": {"base_url": base_url},
        }
        for name in NAMES
    ]
    return {"sources": sources, "output": {"directory": str(directory)}}


class Progress:
    """Prints a line whenever a stream has passed another thousand."""

    def __init__(self) -> None:
        self._passed: dict[str, int] = {}

    def __call__(self, report: penstock.Report) -> None:
        for stream in report.streams:
            thousands = stream.records // STEP
            if thousands > self._passed.get(stream.stream, 0):
                self._passed[stream.stream] = thousands
                print(f"{report.elapsed:6.1f} s  {stream.stream:<14}{thousands * STEP:9,} records")


def print_table(report: penstock.Report) -> None:
    print(f"\n{'stream':<14}{'records':>9}{'seconds':>9}{'records/s':>11}{'requests':>10}  state")
    for stream in report.streams:
        print(
            f"{stream.stream:<14}{stream.records:9,}{stream.elapsed:9.1f}"
            f"{stream.records_per_second:11,.0f}{stream.requests:10,}  {stream.state}"
        )
        if stream.error is not None:
            print(f"    {stream.error}")
    print(f"{'all':<14}{report.records:9,}{report.elapsed:9.1f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("base_url", help="of the practice API, such as http://127.0.0.1:8080")
    parser.add_argument("--directory", type=Path, default=Path("out"))
    given = parser.parse_args()
    # check=False: errors stand in the report beside the results of the other streams.
    report = penstock.pull(
        job(given.base_url, given.directory),
        on_progress=Progress(),
        interval=0.1,
        check=False,
    )
    print_table(report)
    return 0 if report.ok else 1


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except penstock.PenstockError as error:
        raise SystemExit(f"three_sources: {error}") from None
