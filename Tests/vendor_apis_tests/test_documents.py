"""The documents in examples/sources, run by penstock against the servers that play their APIs.

Needs the library (PENSTOCK_LIBRARY, or one built in .build/release).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import penstock
import pytest

from vendor_apis.all import VENDORS
from vendor_apis_tests.conftest import NewSite, Site
from vendor_apis_tests.documents import ENVIRONMENT, PREFIX, SOURCES, STREAMS, Stream, document


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def walk(source: dict[str, Any], stream: Stream, site: Site, **options: Any) -> tuple[int, str]:
    """How many records the stream gives, and the digest of their bytes."""
    sha, count = hashlib.sha256(), 0
    base = {"base_url": site.url + PREFIX.get(stream.document, "")}
    with (
        penstock.Client(source, params=base) as client,
        client.pages(stream.name, params=stream.params, **options) as pages,
    ):
        for page in pages:
            for record in page.raw:
                sha.update(bytes(record) + b"\n")
            count += page.record_count
    return count, sha.hexdigest()


def compare(found: tuple[int, str], stream: Stream, site: Site) -> None:
    truth = site.ask("/_truth" + stream.listing)
    assert found == (truth["count"], truth["sha256"])


@pytest.mark.parametrize("stream", STREAMS, ids=str)
def test_a_document_gives_all_there_is(site: NewSite, stream: Stream) -> None:
    here = site(stream.document)
    compare(walk(document(stream.document), stream, here), stream, here)
    stats = here.stats()
    assert (stats["violations"], list(stats["statuses"])) == (0, ["200"])


def test_every_stream_of_every_document_is_run() -> None:
    written = {
        f"{path.stem}.{name}"
        for path in SOURCES.glob("*.json")
        if path.stem in VENDORS
        for name in json.loads(path.read_text())["streams"]
    }
    assert written == {str(stream) for stream in STREAMS}


# One stream a vendor, and a page size small enough that its walk needs many requests.
SMALL = {
    "github": ("issues", "per_page", 50),
    "gitlab": ("projects", "per_page", 25),
    "stripe": ("customers", "limit", 25),
    "slack": ("users", "limit", 30),
    "zendesk": ("tickets", "page[size]", 25),
    "shopify": ("products", "limit", 50),
    "x": ("posts", "max_results", 30),
    "jira": ("issues", "maxResults", 40),
    "jsonplaceholder": ("posts", "_limit", 8),
}


def small(vendor: str) -> tuple[dict[str, Any], Stream]:
    name, _, size = SMALL[vendor]
    source = document(vendor)
    source["streams"][name]["pagination"]["size"]["value"] = size
    return source, next(s for s in STREAMS if (s.document, s.name) == (vendor, name))


@pytest.mark.parametrize("kind", ["fixed", "sliding", "bucket"])
@pytest.mark.parametrize("vendor", SMALL)
def test_a_limit_that_the_document_tells_is_never_exceeded(
    site: NewSite, vendor: str, kind: str
) -> None:
    source, stream = small(vendor)
    burst = {"burst": 4} if kind == "bucket" else {}
    source["limits"] = [{"requests": 4, "per": "300ms", **burst}]
    spec = f"{kind}:4:300ms" + (":4" if kind == "bucket" else "")
    here = site(vendor, limit=spec)
    compare(walk(source, stream, here), stream, here)
    stats = here.stats()
    assert stats["violations"] == 0 and stats["requests"] > 8


# What tells how long to wait, when the document says nothing of a limit.
TOLD = ["github", "gitlab", "slack", "zendesk", "shopify", "x", "jira", "jsonplaceholder"]


@pytest.mark.parametrize("vendor", TOLD)
def test_a_limit_that_only_the_server_knows_loses_nothing(site: NewSite, vendor: str) -> None:
    source, stream = small(vendor)
    del source["limits"]
    here = site(vendor, limit="fixed:8:1s")
    compare(walk(source, stream, here), stream, here)
    # Slack tells nothing but how long to wait once it has refused.
    assert here.stats()["violations"] <= (1 if vendor == "slack" else 0)


@pytest.mark.parametrize("vendor", ["stripe", "jsonplaceholder", "github"])
def test_into_files(site: NewSite, vendor: str, tmp_path: Path) -> None:
    """One line a record, also where the server indents its answers."""
    here = site(vendor)
    stream = next(s for s in STREAMS if s.document == vendor)
    source = document(vendor)
    source["base_url"] = here.url + PREFIX.get(vendor, "")
    source["streams"] = {stream.name: source["streams"][stream.name]}
    report = penstock.pull(source, directory=tmp_path, params=stream.params)
    lines = (tmp_path / f"{stream.name}.jsonl").read_bytes().splitlines()
    truth = here.ask("/_truth" + stream.listing)
    assert report.records == len(lines) == truth["count"]
    everything: list[Any] = []
    with penstock.Client(document(vendor), params={"base_url": source["base_url"]}) as client:
        everything += client.records(stream.name, params=stream.params)
    assert [json.loads(line) for line in lines] == everything


@pytest.mark.parametrize("vendor", sorted(set(VENDORS) - {"jsonplaceholder"}))
def test_wrong_credentials_fail_at_once_and_stay_secret(
    site: NewSite, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ENVIRONMENT:
        monkeypatch.setenv(name, "not-the-right-one-at-all")
    here = site(vendor)
    stream = next(s for s in STREAMS if s.document == vendor)
    with pytest.raises(penstock.PenstockError) as failed:
        walk(document(vendor), stream, here)
    # Slack refuses with 200 and `"ok": false`.
    wanted = penstock.DataError if vendor == "slack" else penstock.AuthError
    assert failed.type is wanted, failed.value
    assert f'stream "{stream.name}", page 0' in str(failed.value)
    assert "not-the-right-one-at-all" not in str(failed.value)
    assert here.stats()["requests"] == 1


def test_github_waits_out_both_of_its_limits(site: NewSite) -> None:
    source, stream = small("github")
    del source["limits"]
    spent = site("github", limit="fixed:8:1s")
    for _ in range(8):
        spent.get("/users")
    compare(walk(source, stream, spent), stream, spent)  # 403, x-ratelimit-remaining 0
    second = site("github", limit_secondary="sliding:8:1s")
    compare(walk(source, stream, second), stream, second)  # 403, retry-after
    assert second.stats()["statuses"]["403"] >= 1


def test_stripe_says_nothing_of_its_limit_and_loses_nothing(site: NewSite) -> None:
    source, stream = small("stripe")
    source["limits"] = "1000/s"
    source["retry"] = {"base": "200ms", "attempts": 10}
    here = site("stripe", limit="bucket:8:1s:8")
    compare(walk(source, stream, here), stream, here)
    assert here.stats()["statuses"]["429"] >= 1


@pytest.mark.parametrize("records", [0, 1, 999, 1000, 2000])
def test_mixpanel_ends_with_a_page_that_is_not_full(site: NewSite, records: int) -> None:
    here = site("mixpanel", records=records)
    stream = next(s for s in STREAMS if s.document == "mixpanel")
    compare(walk(document("mixpanel"), stream, here), stream, here)
    assert here.stats()["requests"] == records // 1000 + 1


@pytest.mark.parametrize("records", [0, 1, 100, 101])
@pytest.mark.parametrize("stream", STREAMS, ids=str)
def test_few_and_none(site: NewSite, stream: Stream, records: int) -> None:
    """The first page's form differs when it is the last: no Link, no data, no token."""
    here = site(stream.document, records=records)
    compare(walk(document(stream.document), stream, here), stream, here)
