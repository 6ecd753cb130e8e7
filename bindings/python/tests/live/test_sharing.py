"""Threads, forks, garbage, and two thousand clients."""

from __future__ import annotations

import gc
import itertools
import os
import random
import threading
import time
from typing import Any

import pytest

import penstock

from .conftest import Practice, Start, digest

PAGES: dict[str, Any] = {
    "path": "/page/users:490",
    "records": "data",
    "pagination": {"type": "page", "size": 20},
}


def test_one_client_on_many_threads(practice: Practice, client: penstock.Client) -> None:
    seen: list[tuple[int, str]] = []

    def walk() -> None:
        for _ in range(5):
            seen.append(digest(client.pages(PAGES)))
            assert client.get("/single/users:1").status == 200

    threads = [threading.Thread(target=walk) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert seen == [practice.truth("users:490")] * 80


def test_a_walk_shared_by_threads_gives_each_page_once(client: penstock.Client) -> None:
    pages = client.pages(PAGES)
    taken: list[int] = []
    threads = [
        threading.Thread(target=lambda: taken.extend(page.index for page in pages))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(taken) == list(range(25))


def test_closing_a_client_ends_what_runs_on_it(practice: Practice) -> None:
    client = penstock.Client(practice.source())
    ended: list[type] = []

    def wait() -> None:
        try:
            client.get("/fault/stall/single/users")
        except penstock.PenstockError as error:
            ended.append(type(error))

    threads = [threading.Thread(target=wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    page = client.get("/single/users:1")
    while client.state()["in_flight"] < 8:
        time.sleep(0.001)
    client.close()
    for thread in threads:
        thread.join(60)
    assert ended == [penstock.Cancelled] * 8
    assert len(page.records) == 1


def test_the_gil_is_free_while_a_call_waits(client: penstock.Client) -> None:
    pages = client.pages("/fault/stall/single/users")
    ended: list[type] = []

    def wait() -> None:
        try:
            next(pages)
        except penstock.PenstockError as error:
            ended.append(type(error))

    waiting = threading.Thread(target=wait)
    waiting.start()
    turns = 0
    for _ in range(100_000):
        turns += 1
    pages.cancel()
    waiting.join(60)
    assert ended == [penstock.Cancelled]
    assert turns == 100_000


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_handles_may_go_in_any_order(practice: Practice, order: tuple[int, ...]) -> None:
    handles: list[Any] = [penstock.Limiter("1000/s")]
    handles.append(penstock.Client(practice.source(), limiter=handles[0]))
    handles.append(handles[1].pages(PAGES))
    handles.append(next(handles[2]))
    view = handles[3].raw[0]
    text = bytes(view)
    for index in order:
        handles[index].close()
    handles.clear()
    gc.collect()
    assert bytes(view) == text


def test_garbage_in_any_order(practice: Practice) -> None:
    chance = random.Random(1)
    things: list[Any] = []
    views: list[tuple[memoryview, bytes]] = []
    for _ in range(40):
        client = penstock.Client(practice.source())
        pages = client.pages(PAGES)
        page = next(pages)
        view = page.raw[chance.randrange(20)]
        views.append((view, bytes(view)))
        things += [client, pages, page, page.body, client.records(PAGES)]
        chance.shuffle(things)
        del things[chance.randrange(len(things)) :]
    del client, pages, page, view
    things.clear()
    gc.collect()
    assert all(bytes(view) == text for view, text in views)


def test_a_large_body_is_viewed_not_copied(client: penstock.Client) -> None:
    page = client.get("/single/events:20000")
    before = resident_kilobytes()
    views = [page.body[n:] for n in range(1000)] + list(page.raw)
    assert resident_kilobytes() - before < len(page.body) // 1024 + 20_000
    text = bytes(views[-1])
    page.close()
    del page
    gc.collect()
    assert bytes(views[-1]) == text


def test_two_thousand_clients_leave_no_memory_and_no_descriptor(practice: Practice) -> None:
    def once() -> None:
        with penstock.Client(practice.source()) as client:
            with client.pages(PAGES) as pages:
                assert len(next(pages).records) == 20
            with pytest.raises(penstock.ConfigError):
                client.pages("none")

    for _ in range(200):
        once()
    gc.collect()
    memory, descriptors, threads = resident_kilobytes(), open_descriptors(), os_threads(1)
    for _ in range(2000):
        once()
    gc.collect()
    assert open_descriptors() == descriptors
    assert os_threads(threads) == threads
    # The allocator's own habits take some; a leak of one page each would be 2000 * 10 KB.
    assert resident_kilobytes() - memory < 6_000


def test_a_child_of_a_fork_gets_an_error_and_both_end_cleanly(start: Start) -> None:
    process = start("""
        import os, sys, warnings
        import penstock
        warnings.simplefilter("ignore", DeprecationWarning)
        source = {"base_url": os.environ["URL"], "streams": {"users": "/page/users:300"}}
        client = penstock.Client(source)
        pages = client.pages("users")
        page = next(pages)
        limiter = penstock.Limiter("10/s")
        child = os.fork()
        if child == 0:
            for use in (
                pages.next_page,
                lambda: client.pages("users"),
                lambda: client.get("/single/users:1"),
            ):
                try:
                    use()
                except penstock.StateError:
                    continue
                os._exit(3)
            assert pages.fileno() == -1
            # Often enough that its own thread and this one meet at a lock.
            for _ in range(30):
                with penstock.Client(source) as own:
                    assert len(list(own.records("users"))) == 300
            sys.exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code == 0, code
        rest = sum(page.record_count for page in pages)
        assert page.record_count + rest == 300
        print("parent")
    """)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (0, "parent\n", "")


def test_multiprocessing_workers_open_their_own(start: Start) -> None:
    process = start("""
        import multiprocessing, os, warnings
        import penstock
        warnings.simplefilter("ignore", DeprecationWarning)
        source = {"base_url": os.environ["URL"], "streams": {"users": "/page/users:300"}}
        def work(number):
            with penstock.Client(source) as client:
                return len(list(client.records("users")))
        client = penstock.Client(source)
        assert client.get("/single/users:1").status == 200
        with multiprocessing.get_context("fork").Pool(4) as pool:
            print(pool.map(work, range(8)))
    """)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (0, f"{[300] * 8}\n", "")


def test_an_exit_in_the_middle_of_everything_is_clean(start: Start) -> None:
    process = start("""
        import contextlib, os, threading
        import penstock
        def walk(pages):
            # What ends it depends on how far the exit has come.
            with contextlib.suppress(penstock.Cancelled, penstock.StateError):
                list(pages)
        source = {"base_url": os.environ["URL"], "streams": {"users": "/page/users:5000"}}
        clients = [penstock.Client(source) for _ in range(4)]
        walks = [client.pages("users") for client in clients]
        stuck = [client.pages("/fault/stall/single/users") for client in clients]
        for pages in walks + stuck:
            threading.Thread(target=walk, args=[pages], daemon=True).start()
        view = next(clients[0].pages("users")).body
        print("end")
    """)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (0, "end\n", "")


def resident_kilobytes() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def os_threads(expected: int) -> int:
    """How many there are, once they are as many as expected, or after 10 s of waiting for it.

    A thread that was joined stands in /proc a moment longer.
    """
    end = time.monotonic() + 10
    while (count := len(os.listdir("/proc/self/task"))) != expected and time.monotonic() < end:
        time.sleep(0.001)
    return count
