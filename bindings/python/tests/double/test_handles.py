"""Handles: closing, garbage in any order, forks, exits, secrets."""

from __future__ import annotations

import gc
import itertools
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import penstock

from .conftest import RunScript

Live = Callable[[], dict[str, int]]
SECRET = "s3cr3t-t0ken"


def test_close_is_idempotent_and_use_after_it_raises(client: penstock.Client) -> None:
    pages = client.pages("pages:1")
    limiter = penstock.Limiter("10/s")
    run = penstock.Sync({"sources": []})
    client.close()
    for handle in (client, pages, limiter, run):
        handle.close()
        handle.close()
        assert handle.closed
        with pytest.raises(penstock.StateError, match="closed"), handle:
            pass
    for use in (
        lambda: client.pages("pages:1"),
        lambda: client.get("/"),
        client.cancel,
        pages.cancel,
        pages.fileno,
        lambda: next(pages),
        run.report,
        run.wait,
        lambda: penstock.Client({}, limiter=limiter),
    ):
        with pytest.raises(penstock.StateError, match="closed"):
            use()


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_handles_may_go_in_any_order(order: tuple[int, ...], live: Live) -> None:
    handles: list[Any] = [penstock.Limiter("10/s")]
    handles.append(penstock.Client({}, limiter=handles[0]))
    handles.append(handles[1].pages("pages:2"))
    handles.append(next(handles[2]))
    for index in order:
        handles[index].close()
    handles.clear()
    gc.collect()
    assert live() == {}


def test_a_cycle_of_garbage_is_released(live: Live) -> None:
    client = penstock.Client({})
    pages = client.pages("pages:2")
    page = next(pages)
    page.metadata["cycle"] = [client, pages, page, page.body]
    del client, pages, page
    gc.collect()
    assert live() == {}


def test_a_failed_open_leaves_nothing(live: Live) -> None:
    for _ in range(100):
        with pytest.raises(penstock.ConfigError):
            penstock.Client({"base_url": "fail:17"})
        with pytest.raises(penstock.ConfigError):
            penstock.Limiter("fail:17")
        with pytest.raises(penstock.ConfigError):
            penstock.Sync({"name": "fail:17"})
    gc.collect()
    assert live() == {}


def test_no_repr_shows_what_the_document_says() -> None:
    source = {
        "base_url": f"http://user:{SECRET}@127.0.0.1",
        "auth": {"type": "bearer", "token": SECRET},
        "streams": {"users": {"headers": {"X": SECRET}}},
    }
    with penstock.Client(source, params={"key": SECRET}) as client, client.pages("pages:1") as p:
        page = next(p)
        for thing in (client, p, page, page.headers, client.apages("pages:1")):
            assert SECRET not in repr(thing)
            assert SECRET not in str(thing)
        assert "users" in repr(client)


def test_handles_do_not_pickle(client: penstock.Client) -> None:
    with pytest.raises(TypeError, match=r"penstock\.Client cannot be pickled"):
        pickle.dumps(client)


def test_a_child_of_a_fork_gets_an_error_and_both_end_cleanly(script: RunScript) -> None:
    process = script("""
        import os, sys, threading, time, warnings
        import penstock
        # Forking a process with threads is what is tried here.
        warnings.simplefilter("ignore", DeprecationWarning)
        client = penstock.Client({"streams": {}})
        pages = client.pages("stuck")
        # The lock of the walk is held by this thread at the moment of the fork.
        threading.Thread(target=pages.next_page, daemon=True).start()
        time.sleep(0.1)
        child = os.fork()
        if child == 0:
            for use in (pages.next_page, lambda: client.pages("pages:1"), lambda: client.get("/")):
                try:
                    use()
                except penstock.StateError:
                    continue
                os._exit(3)
            assert pages.fileno() == -1
            with penstock.Client({}) as own:
                assert len(list(own.records("pages:2"))) == 4
            print("child", flush=True)
            sys.exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        print("parent")
    """)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (0, "child\nparent\n", "")


def test_an_exit_while_daemon_threads_wait_is_clean(script: RunScript) -> None:
    process = script("""
        import threading, time
        import penstock
        client = penstock.Client({"streams": {}})
        walks = [client.pages("stuck") for _ in range(8)]
        for walk in walks:
            threading.Thread(target=walk.next_page, daemon=True).start()
        view = next(client.pages("pages:1")).body
        time.sleep(0.2)
        print("end")
    """)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (0, "end\n", "")
