"""Permits for requests that a program makes itself."""

from __future__ import annotations

import _thread
import threading
import time
from typing import Any

import pytest

import penstock
from penstock import Status

from .conftest import Practice, digest


def test_permits_keep_the_limit() -> None:
    with penstock.Limiter({"requests": 5, "per": "100ms"}) as budget:
        start = time.monotonic()
        for _ in range(16):
            with budget.acquire():
                pass
        assert time.monotonic() - start >= 0.299


def test_permits_are_given_back_and_corrected() -> None:
    limits: Any = [{"points": 100, "per": "1h"}, {"concurrent": 1}]
    with penstock.Limiter(limits) as budget:
        with budget.acquire({"cost": 90}) as permit:
            assert budget.state()["limits"][0]["used"] == 90
            with pytest.raises(penstock.Timeout) as caught:
                budget.acquire(timeout=0.01)
            assert caught.value.status == Status.PENDING
            permit.actual_cost = 10
        permit.release()
        assert budget.state()["limits"][0]["used"] == 10
        with pytest.raises(
            penstock.ConfigError, match="a cost of 101 is more than the limits give"
        ):
            budget.acquire({"cost": 101})
        assert budget.state()["waiting"] == 0


def test_classes_do_not_wait_for_each_other() -> None:
    limits: Any = [{"requests": 1, "per": "1h", "for": {"methods": ["POST"], "paths": ["/w/*"]}}]
    with penstock.Limiter(limits) as budget:
        write: Any = {"method": "POST", "path": "/w/1"}
        budget.acquire(write).release()
        with pytest.raises(penstock.Timeout):
            budget.acquire(write, timeout=0)
        budget.acquire({"method": "GET", "path": "/w/1"}, timeout=0).release()


def test_closing_ends_the_waits_of_others() -> None:
    budget = penstock.Limiter({"concurrent": 1})
    held = budget.acquire()
    ended: list[type[BaseException]] = []

    def wait() -> None:
        try:
            budget.acquire()
        except penstock.PenstockError as error:
            ended.append(type(error))

    threads = [threading.Thread(target=wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    while budget.state()["waiting"] < 4:
        time.sleep(0.001)
    budget.close()
    for thread in threads:
        thread.join(60)
    assert ended == [penstock.Cancelled] * 4
    held.release()


def test_an_interrupt_ends_a_wait_and_leaves_nothing_behind() -> None:
    with penstock.Limiter({"concurrent": 1}) as budget:
        held = budget.acquire()
        timer = threading.Timer(0.3, _thread.interrupt_main)
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            budget.acquire()
        timer.join()
        assert budget.state()["waiting"] == 0
        held.release()
        budget.acquire(timeout=0).release()


def test_threads_and_clients_stand_in_one_line(practice: Practice) -> None:
    limits: Any = [{"requests": 50, "per": "200ms"}, {"concurrent": 2}]
    with penstock.Limiter(limits) as budget:
        permits: list[float] = []
        stop = threading.Event()

        def take() -> None:
            while not stop.is_set():
                with budget.acquire():
                    permits.append(time.monotonic())

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        stream: Any = {
            "path": "/page/users:490",
            "records": "data",
            "pagination": {"type": "page", "size": 20},
        }
        with penstock.Client({"base_url": practice.http}, limiter=budget) as client:
            assert digest(client.pages(stream)) == practice.truth("users:490")
        stop.set()
        for thread in threads:
            thread.join(60)
        assert len(permits) > 25


def test_three_paces_in_one_document(practice: Practice) -> None:
    page = {"records": "data", "pagination": {"type": "page", "size": 10}}
    source: Any = {
        "base_url": practice.http,
        "limits": [
            {"requests": 10, "per": "1s", "burst": 50, "for": {"streams": ["users"]}},
            {"requests": 5, "per": "1s", "burst": 20, "for": {"streams": ["transactions"]}},
            {"requests": 20, "per": "1s", "burst": 100, "for": {"streams": ["events"]}},
        ],
        "streams": {
            "users": {"path": "/page/users:550", **page},
            "transactions": {"path": "/page/users:250", **page},
            "events": {"path": "/page/users:1200", **page},
        },
    }
    took: dict[str, float] = {}
    with penstock.Client(source) as client:

        def walk(name: str, dataset: str) -> None:
            start = time.monotonic()
            assert digest(client.pages(name)) == practice.truth(dataset)
            took[name] = time.monotonic() - start

        threads = [
            threading.Thread(target=walk, args=pair)
            for pair in [
                ("users", "users:550"),
                ("transactions", "users:250"),
                ("events", "users:1200"),
            ]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    # 55 pages (and what asks for more) at 10/s burst 50; 25 at 5/s burst 20; 120 at 20/s burst 100.
    assert took["users"] >= 0.5
    assert took["transactions"] >= 1.0
    assert took["events"] >= 1.0
