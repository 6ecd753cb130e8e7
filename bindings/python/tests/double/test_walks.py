"""Paginators: ends, waits, threads, asyncio."""

from __future__ import annotations

import asyncio
import select
import signal
import threading
import time
from collections.abc import Callable

import pytest

import penstock

from .conftest import RunScript, until_it_waits

Live = Callable[[], dict[str, int]]


def test_the_end_is_sticky(client: penstock.Client) -> None:
    pages = client.pages("pages:2")
    assert [page.index for page in pages] == [0, 1]
    assert list(pages) == []
    assert pages.next_page() is None


def test_pages_come_before_the_error_and_the_error_is_sticky(client: penstock.Client) -> None:
    pages = client.pages("pages:2 then:23")
    assert [next(pages).index, next(pages).index] == [0, 1]
    for _ in range(2):
        with pytest.raises(penstock.HTTPStatusError):
            next(pages)


def test_records_of_all_pages_one_after_the_other(client: penstock.Client) -> None:
    assert [record["id"] for record in client.records("pages:3")] == [0, 0, 1, 1, 2, 2]


def test_records_opens_the_walk_at_once(client: penstock.Client) -> None:
    with pytest.raises(penstock.ConfigError):
        client.records("fail:17")


def test_breaking_out_of_records_releases_everything(client: penstock.Client, live: Live) -> None:
    for _record in client.records("pages:9"):
        break
    assert live() == {"client": 1}


def test_a_walk_keeps_its_client(live: Live) -> None:
    records = penstock.Client({"streams": {}}).records("pages:2")
    assert len(list(records)) == 4
    del records
    assert live() == {}


def test_a_wait_that_passes_loses_nothing(client: penstock.Client) -> None:
    pages = client.pages("stuck")
    for timeout in (0, 0.25):
        started = time.monotonic()
        with pytest.raises(penstock.Timeout) as caught:
            pages.next_page(timeout)
        assert caught.value.status is penstock.Status.PENDING
        # Far from for ever, on a busy machine too.
        assert timeout <= time.monotonic() - started < timeout + 5


def test_a_request_that_takes_too_long_is_given_up(client: penstock.Client, live: Live) -> None:
    with pytest.raises(penstock.Timeout, match=r"no answer within 0\.1 s") as caught:
        client.get("/stuck", timeout=0.1)
    assert caught.value.status is penstock.Status.ERROR_TIMEOUT
    assert live() == {"client": 1}


def test_each_verb_is_a_page(client: penstock.Client) -> None:
    for verb in (client.get, client.post, client.put, client.patch, client.delete):
        with verb("/me") as page:
            assert page.json()


def test_cancel_ends_a_wait_on_another_thread(client: penstock.Client) -> None:
    pages = client.pages("stuck")
    threading.Timer(0.1, pages.cancel).start()
    with pytest.raises(penstock.Cancelled):
        next(pages)


def test_close_ends_a_wait_on_another_thread_and_frees_after_it(
    client: penstock.Client, live: Live
) -> None:
    pages = client.pages("stuck")
    caught: list[penstock.PenstockError] = []

    def wait() -> None:
        try:
            next(pages)
        except penstock.PenstockError as error:
            caught.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    until_it_waits(thread)
    pages.close()
    thread.join(60)
    assert [type(error) for error in caught] == [penstock.Cancelled]
    assert "paginator" not in live()
    with pytest.raises(penstock.StateError):
        next(pages)


def test_threads_share_a_walk_and_take_each_page_once(client: penstock.Client) -> None:
    pages = client.pages("pages:400")
    taken: list[int] = []

    def take() -> None:
        for page in pages:
            taken.append(page.index)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(400))


def test_the_descriptor_says_when_a_page_is_there(client: penstock.Client) -> None:
    ready, stuck = client.pages("pages:1"), client.pages("stuck")
    assert select.select([ready, stuck], [], [], 0)[0] == [ready]


def test_ctrl_c_ends_every_kind_of_wait_within_a_moment(script: RunScript) -> None:
    for wait in (
        "next(client.pages('stuck'))",
        "list(client.records('stuck'))",
        "client.get('/stuck')",
        "penstock.pull({'streams': {'stuck': {}}})",
        "penstock.pull({'streams': {'stuck': {}}}, on_progress=len, interval=60)",
    ):
        process = script(f"""
            import penstock
            import time
            with penstock.Client({{"streams": {{}}}}) as client:
                print("waiting", flush=True)
                try:
                    {wait}
                except KeyboardInterrupt:
                    print(time.monotonic(), flush=True)
                    raise
        """)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.15)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
        assert "KeyboardInterrupt" in errors, (wait, errors)
        # Until it knows: how long it takes to exit is Python's business. The clock is the same.
        assert float(out) - started < 0.5, (wait, out)


# ------------------------------------------------------------------------------------ asyncio


def test_async_for(client: penstock.Client, live: Live) -> None:
    async def walk() -> list[int]:
        return [page.index async for page in client.apages("pages:5")]

    assert asyncio.run(walk()) == [0, 1, 2, 3, 4]


def test_async_records_and_requests(client: penstock.Client) -> None:
    async def walk() -> None:
        assert len([record async for record in client.arecords("pages:3")]) == 6
        page = await client.arequest("POST", "/items", json=None)
        assert page.status == 200

    asyncio.run(walk())


def test_the_loop_runs_on_while_a_task_waits(client: penstock.Client) -> None:
    async def walk() -> None:
        async with client.apages("stuck") as pages:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(pages.next_page(), 0.05)
            # Cancelling the wait lost nothing; the paginator still can be waited on.
            asyncio.get_running_loop().call_later(0.05, pages.cancel)
            with pytest.raises(penstock.Cancelled):
                await pages.next_page()

    asyncio.run(walk())


def test_a_second_task_that_waits_is_told(client: penstock.Client) -> None:
    async def walk() -> None:
        pages = client.apages("stuck")
        waiting = asyncio.ensure_future(pages.next_page())
        await asyncio.sleep(0.01)
        with pytest.raises(penstock.StateError, match="another task"):
            await pages.next_page()
        await pages.aclose()
        with pytest.raises(penstock.Cancelled):
            await waiting
        assert pages.closed

    asyncio.run(walk())


def test_many_walks_at_once_in_one_loop(client: penstock.Client) -> None:
    async def walk(pages: int) -> int:
        return len([page async for page in client.apages(f"pages:{pages}")])

    async def all_walks() -> list[int]:
        return list(await asyncio.gather(*(walk(number) for number in range(50))))

    assert asyncio.run(all_walks()) == list(range(50))
