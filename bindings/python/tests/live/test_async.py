"""asyncio: no thread, no busy wait, cancellation."""

from __future__ import annotations

import asyncio
import select
import time

import pytest

import penstock

from .conftest import Practice

STREAM = {"path": "/delay/20ms/page/users:250", "pagination": {"type": "page", "size": 100}}


def test_async_for_over_pages_and_records(client: penstock.Client) -> None:
    async def walk() -> None:
        assert [page.index async for page in client.apages(STREAM)] == [0, 1, 2]
        assert len([record async for record in client.arecords(STREAM)]) == 250
        page = await client.arequest("GET", "/single/users:5")
        assert len(page.records) == 5

    asyncio.run(walk())


def test_walks_run_side_by_side(client: penstock.Client) -> None:
    async def walk() -> int:
        return sum([page.record_count async for page in client.apages(STREAM)])

    async def all_walks() -> list[int]:
        return list(await asyncio.gather(*(walk() for _ in range(20))))

    assert asyncio.run(all_walks()) == [250] * 20


def test_the_loop_runs_on_and_is_not_busy(client: penstock.Client) -> None:
    async def walk() -> float:
        pages = client.apages("/fault/stall/single/users")
        waiting = asyncio.ensure_future(pages.next_page())
        await asyncio.sleep(0)
        began, busy = time.monotonic(), time.process_time()
        for _ in range(40):
            await asyncio.sleep(0.01)
            assert not waiting.done()
        share = (time.process_time() - busy) / (time.monotonic() - began)
        await pages.aclose()
        with pytest.raises(penstock.Cancelled):
            await waiting
        return share

    assert asyncio.run(walk()) < 0.5


def test_a_cancelled_wait_loses_nothing(client: penstock.Client) -> None:
    async def walk() -> None:
        pages = client.apages({**STREAM, "path": "/delay/150ms/page/users:250"})
        seen = []
        while True:
            try:
                page = await asyncio.wait_for(pages.next_page(), 0.05)
            except asyncio.TimeoutError:
                continue
            if page is None:
                break
            seen.append(page.index)
        assert seen == [0, 1, 2]

    asyncio.run(walk())


def test_errors_and_closing(client: penstock.Client) -> None:
    async def walk() -> None:
        with pytest.raises(penstock.HTTPStatusError):
            await client.arequest("GET", "/fault/404/single/users")
        pages = client.apages("/fault/stall/single/users")
        waiting = asyncio.ensure_future(pages.next_page())
        await asyncio.sleep(0.05)
        await pages.aclose()
        with pytest.raises(penstock.Cancelled):
            await waiting

    asyncio.run(walk())


def test_the_descriptor_is_readable_exactly_while_a_call_would_not_wait(
    client: penstock.Client,
) -> None:
    def readable(pages: penstock.Paginator, seconds: float) -> bool:
        return bool(select.select([pages], [], [], seconds)[0])

    pages = client.pages(STREAM)
    for _ in range(3):
        assert readable(pages, 60)
        assert pages.next_page(0) is not None
    for _ in range(2):  # the end and errors are sticky
        assert readable(pages, 60)
        assert pages.next_page(0) is None
    failing = client.pages("/fault/404/single/users")
    for _ in range(2):
        assert readable(failing, 60)
        with pytest.raises(penstock.HTTPStatusError):
            failing.next_page(0)
    stuck = client.pages("/fault/stall/single/users")
    assert not readable(stuck, 0.2)
    with pytest.raises(penstock.Timeout):
        stuck.next_page(0)
    stuck.cancel()
    assert readable(stuck, 60)
    with pytest.raises(penstock.Cancelled):
        stuck.next_page(0)


def test_two_loops_one_after_the_other(practice: Practice) -> None:
    with penstock.Client(practice.source()) as client:
        pages = client.apages(STREAM)

        async def one() -> int:
            page = await pages.next_page()
            assert page is not None
            return page.index

        assert [asyncio.run(one()) for _ in range(3)] == [0, 1, 2]
