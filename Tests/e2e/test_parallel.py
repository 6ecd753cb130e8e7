"""Pages under way at once: the same bytes as one after the other, no more requests than there must
be, and no limit exceeded."""

from __future__ import annotations

import hashlib
import itertools
import json
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import penstock
import pytest
from watching import until


class Practice:
    """The practice API, and names that nobody has used there yet."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.names = itertools.count()

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def truth(self, collection: str) -> tuple[int, str]:
        told = self.ask(f"/_truth/{collection}")
        return told["count"], told["sha256"]

    def requests(self, prefix: str) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = self.ask("/_requests?prefix=" + urllib.parse.quote(prefix))
        return seen

    def fresh(self, path: str) -> str:
        """That path as one that nobody has asked for yet."""
        return f"/fault/503;on=1000000;name=par{next(self.names)}/delay/5ms{path}"


@pytest.fixture(scope="module")
def practice(practice: dict[str, Any]) -> Practice:
    return Practice(practice["http"])


def walked(
    practice: Practice, stream: dict[str, Any], source: dict[str, Any] | None = None, **options: Any
) -> tuple[int, str]:
    """Count and digest of the records, byte for byte, as `Practice.truth()` has them."""
    document = {"base_url": practice.url, "streams": {"s": stream}, **(source or {})}
    count, seen = 0, hashlib.sha256()
    with penstock.Client(document) as api:
        for page in api.pages("s", **options):
            for record in page.raw:
                seen.update(record)
                seen.update(b"\n")
                count += 1
    return count, seen.hexdigest()


OFFSET = {"type": "offset", "size": 20}
PAGE = {"type": "page", "size": 20}
POSTED = {
    "type": "offset",
    "slot": {"in": "json", "name": "offset"},
    "size": {"slot": {"in": "json", "name": "limit"}, "value": 20},
}

# Where, how it pages, and how many pages there are where the server says that.
COUNTED: dict[str, tuple[str, dict[str, Any], int | None]] = {
    "offset": ("/offset/users:250", OFFSET, None),
    "offset with total": ("/offset/users:250", {**OFFSET, "total": "total"}, 13),
    "offset with total on the first page": (
        "/offset;total=first/users:250",
        {**OFFSET, "total": "total"},
        13,
    ),
    "offset with total as text": (
        "/offset;total=text/users:250",
        {**OFFSET, "total": "total"},
        13,
    ),
    "offset with a shrinking total": (
        "/offset;total=shrink/users:1000",
        {**OFFSET, "total": "total", "max_records": 400},
        None,
    ),
    "offset of a server with smaller pages": (
        "/offset;max=10/users:250",
        {**OFFSET, "size": 1000},
        None,
    ),
    "offset of a server with larger pages": ("/offset;over=3/users:250", OFFSET, None),
    "offset with a short page": (
        "/offset;short=4/users:250",
        {**OFFSET, "total": "total"},
        None,
    ),
    "offset with an empty page": (
        "/offset;empty=4/users:250",
        {**OFFSET, "empty_pages": 1},
        None,
    ),
    "offset up to a bound": ("/offset/users:250", {**OFFSET, "max_records": 111}, 6),
    "offset in a posted body": ("/post;kind=offset/users:250", POSTED, None),
    "page": ("/page/users:250", PAGE, None),
    "page from 0": ("/page;base=0/users:250", {**PAGE, "start": 0}, None),
    "page with a number of pages": (
        "/page;pages/users:250",
        {**PAGE, "total_pages": "total_pages"},
        13,
    ),
    "page with has_more": ("/page;more/users:250", {**PAGE, "has_more": "has_more"}, None),
    "page that ends by 404": (
        "/page;past=404/users:260",
        {**PAGE, "end_statuses": [404]},
        None,
    ),
    "page that repeats the last": ("/page;clamp/users:250", PAGE, None),
    "page with hidden records": (
        "/page;hidden=4/users:250",
        {**PAGE, "total": "total"},
        None,
    ),
    "page with a last link": ("/link/users:250", PAGE, 13),
    "one page": ("/page/users:15", PAGE, None),
    "no page": ("/offset/users:0", OFFSET, None),
}


def counted(practice: Practice, name: str, **more: Any) -> tuple[str, dict[str, Any]]:
    path, pagination, _ = COUNTED[name]
    path = practice.fresh(path)
    stream = {"path": path, "pagination": pagination, **more}
    if "/link" not in path:
        stream["records"] = "results" if "/post" in path else "data"
    if "/post" in path:
        stream.update(method="POST", json={}, idempotent=True)
    return path, stream


@pytest.mark.parametrize("name", COUNTED)
def test_the_same_records_however_many_pages_are_under_way(practice: Practice, name: str) -> None:
    alone, stream = counted(practice, name)
    expected = walked(practice, stream)
    if "bound" not in name and "shrink" not in name:
        assert expected == practice.truth(COUNTED[name][0].rsplit("/", 1)[1])
    pages = len(practice.requests(alone))
    for degree in (2, 7):
        path, stream = counted(practice, name)
        assert walked(practice, stream, parallel=degree) == expected
        targets = [seen["target"] for seen in practice.requests(path)]
        if stream.get("method") != "POST":
            assert len(targets) == len(set(targets)), "a page was asked for twice"
        assert len(targets) <= pages + 2 * degree
        if COUNTED[name][2] is not None:
            assert len(targets) == COUNTED[name][2] == pages


@pytest.mark.parametrize("name", ["offset with total", "page with a number of pages", "page"])
def test_any_order_brings_the_same_records(practice: Practice, name: str) -> None:
    _, stream = counted(practice, name, parallel=6, order="any")
    # Some pages take longer than others.
    stream["path"] = f"/fault/slow:1ms;size=500;rate=0.3;seed=5;name=any{name[0]}" + stream["path"]
    lines: list[bytes] = []
    indices: list[int] = []
    with penstock.Client({"base_url": practice.url, "streams": {"s": stream}}) as api:
        for page in api.pages("s"):
            lines += [bytes(record) for record in page.raw]
            indices.append(page.index)
    with urllib.request.urlopen(practice.url + "/_dump/users:250", timeout=10) as answer:
        assert sorted(lines) == sorted(answer.read().splitlines())
    assert indices != sorted(indices) and len(set(indices)) == len(indices)


@pytest.mark.parametrize(
    "fault",
    [
        "rate:0.3:503",
        "rate:0.3:429",
        "reset-body;rate=0.3",
        "cut-json;rate=0.2",
        "truncated;rate=0.3",
    ],
)
def test_faults_change_nothing(practice: Practice, fault: str) -> None:
    name = f"flt{next(practice.names)}"
    stream = {
        "path": f"/fault/{fault};seed=3;per=target;name={name}/offset/users:250",
        "records": "data",
        "pagination": OFFSET,
        "parallel": 6,
    }
    source = {"retry": {"base": "5ms", "cap": "20ms", "attempts": 8}}
    assert walked(practice, stream, source) == practice.truth("users:250")


def test_a_page_that_fails_for_good_comes_after_those_before_it(practice: Practice) -> None:
    stream = {
        "path": f"/fault/403;on=5;name=flt{next(practice.names)}/delay/5ms/page/users:250",
        "records": "data",
        "pagination": PAGE,
        "parallel": 4,
    }
    indices = []
    with (
        penstock.Client({"base_url": practice.url, "streams": {"s": stream}}) as api,
        pytest.raises(penstock.HTTPStatusError, match='stream "s", page ') as failed,
    ):
        for page in api.pages("s"):
            indices.append(page.index)
    # The fifth to arrive is one of those that were under way with it.
    assert failed.value.page is not None and failed.value.page >= 2
    assert indices == list(range(failed.value.page))


def test_limits_hold(practice: Practice) -> None:
    stream = {
        "path": "/limit/concurrent:3+sliding:40:1s;name=par/delay/20ms/offset/users:1000",
        "records": "data",
        "pagination": {**OFFSET, "total": "total"},
        "parallel": 16,
    }
    source = {"limits": [{"concurrent": 3}, {"requests": 40, "per": "1s"}]}
    assert walked(practice, stream, source) == practice.truth("users:1000")
    states = [
        state
        for states in practice.ask("/_stats").values()
        if isinstance(states, dict)
        for state in states.values()
        if isinstance(state, dict) and "violations" in state
    ]
    assert states and all(state["violations"] == 0 for state in states)


def test_other_walks_of_the_client_get_their_turns(practice: Practice) -> None:
    """One slot for requests: a walk with many pages to ask for gives every second one away."""
    many, other = practice.fresh("/offset/users:2000"), practice.fresh("/page/users:400")
    document = {
        "base_url": practice.url,
        "limits": [{"concurrent": 1}],
        "streams": {
            "many": {"path": many, "records": "data", "pagination": OFFSET, "parallel": 16},
            "other": {"path": other, "records": "data", "pagination": PAGE},
        },
    }
    with penstock.Client(document) as api:
        first = api.pages("many", read_ahead=200)
        # So that neither waits for this thread.
        assert sum(len(list(page.raw)) for page in api.pages("other", read_ahead=200)) == 400
        first.cancel()
    others = practice.requests(other)
    # What came behind the last one is what went on while this thread looked at its pages.
    before = [one for one in practice.requests(many) if one["at_ns"] < others[-1]["at_ns"]]
    assert len(before) <= 2 * len(others) + 4


def test_no_more_is_fetched_than_read_ahead_says(practice: Practice) -> None:
    path = practice.fresh("/offset/users:1000")
    stream = {"path": path, "records": "data", "pagination": OFFSET}
    document = {"base_url": practice.url, "streams": {"s": stream}}
    with penstock.Client(document) as api, api.pages("s", parallel=8, read_ahead=5) as pages:
        assert pages.next_page() is not None
        until(lambda: len(practice.requests(path)) >= 5)
        time.sleep(0.2)
        assert len(practice.requests(path)) <= 6


LINKED: dict[str, tuple[str, dict[str, Any]]] = {
    "link": ("/link/users:250", {"type": "link", "size": {"param": "per_page", "value": 20}}),
    "cursor in a header": (
        "/headercursor/users:250",
        {"type": "cursor", "from": {"header": "X-Next-Cursor"}, "size": 20},
    ),
}


@pytest.mark.parametrize("name", LINKED)
def test_the_next_request_leaves_before_the_body_is_in(practice: Practice, name: str) -> None:
    path, pagination = LINKED[name]
    # 7 KB a page, 500 bytes at a time: some 30 ms from the head to the end.
    slow = f"/fault/slow:2ms;size=500;name=slow{next(practice.names)}"
    took = {}
    for look_ahead in (True, False):
        stream = {"path": f"{slow}{look_ahead}{path}", "pagination": pagination}
        began = time.monotonic()
        assert walked(practice, stream, look_ahead=look_ahead) == practice.truth("users:250")
        took[look_ahead] = time.monotonic() - began
        targets = [seen["target"] for seen in practice.requests(f"{slow}{look_ahead}")]
        assert len(targets) == len(set(targets)) == 13
    assert took[True] < took[False]


@pytest.mark.parametrize("fault", ["truncated", "cut-json", "reset-body"])
def test_a_body_that_breaks_after_its_head_is_fetched_again(practice: Practice, fault: str) -> None:
    path, pagination = LINKED["link"]
    name = f"brk{next(practice.names)}"
    stream = {"path": f"/fault/{fault};on=3,6;name={name}{path}", "pagination": pagination}
    source = {"retry": {"base": "5ms", "cap": "20ms"}}
    assert walked(practice, stream, source) == practice.truth("users:250")
    assert len(practice.requests(f"/fault/{fault};on=3,6;name={name}")) == 15


def test_without_look_ahead_a_page_is_fetched_when_it_is_asked_for(practice: Practice) -> None:
    path = practice.fresh("/cursor/users:250")
    stream = {
        "path": path,
        "records": "data",
        "pagination": {"type": "cursor", "from": "next_cursor", "size": 20},
    }
    document = {"base_url": practice.url, "streams": {"s": stream}}
    with penstock.Client(document) as api, api.pages("s", look_ahead=False) as pages:
        for taken in range(1, 4):
            assert pages.next_page() is not None
            time.sleep(0.1)
            assert len(practice.requests(path)) == taken
        assert sum(len(list(page.raw)) for page in pages) == 250 - 60


def test_a_sync_needs_nobody_to_ask(practice: Practice, tmp_path: Path) -> None:
    stream = {
        "path": "/cursor/users:250",
        "records": "data",
        "look_ahead": False,
        "pagination": "cursor",
    }
    job = {
        "source": {"base_url": practice.url, "streams": {"s": stream}},
        "output": {"directory": str(tmp_path)},
    }
    with penstock.Sync(job) as sync:
        assert sync.wait(20)
    assert sum(1 for _ in next(tmp_path.glob("*.jsonl")).open("rb")) == 250
