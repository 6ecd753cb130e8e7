"""One server of each kind for all tests; those that use up a budget start their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from no_secrets import pytest_runtest_makereport  # noqa: F401
from real_servers.launch import launch


@pytest.fixture(scope="session")
def flights() -> Iterator[dict[str, Any]]:
    with launch("flights") as announced:
        yield announced


@pytest.fixture(scope="session")
def drf() -> Iterator[dict[str, Any]]:
    with launch("drf") as announced:
        yield announced


@pytest.fixture(scope="session")
def nginx(drf: dict[str, Any]) -> Iterator[dict[str, Any]]:
    with launch("nginx", "--upstream", drf["url"]) as announced:
        yield announced
