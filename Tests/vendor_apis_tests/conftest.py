"""Starts the ten servers once for the whole run; every test has sites of its own."""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from no_secrets import pytest_runtest_makereport  # noqa: F401
from practice_api_tests.conftest import sha256, slices
from vendor_apis import github, gitlab, jira, mixpanel, shopify, slack, stripe, x, zendesk

TESTS = Path(__file__).resolve().parent.parent


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


# What each vendor's documentation says to send.
CREDENTIALS = {
    "github": {"Authorization": f"Bearer {github.TOKEN}", "X-GitHub-Api-Version": "2022-11-28"},
    "gitlab": {"PRIVATE-TOKEN": gitlab.TOKEN},
    "stripe": {"Authorization": f"Bearer {stripe.KEY}"},
    "slack": {"Authorization": f"Bearer {slack.TOKEN}"},
    "zendesk": {"Authorization": basic(f"{zendesk.EMAIL}/token", zendesk.TOKEN)},
    "shopify": {"X-Shopify-Access-Token": shopify.TOKEN},
    "mixpanel": {"Authorization": basic(mixpanel.ACCOUNT, mixpanel.SECRET)},
    "x": {"Authorization": f"Bearer {x.TOKEN}"},
    "jira": {"Authorization": basic(jira.EMAIL, jira.TOKEN)},
    "jsonplaceholder": {},
}


class Site:
    """One site of one vendor, and a client that is not the one under test."""

    def __init__(self, url: str, credentials: dict[str, str]) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers.update(credentials)
        self.records: list[bytes] = []

    def get(self, path: str, **more: Any) -> requests.Response:
        url = path if path.startswith("http") else self.url + path
        return self.session.get(url, timeout=10, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        return self.session.post(self.url + path, timeout=10, **more)

    def take(self, reply: requests.Response, at: str = "") -> int:
        """Keep the records of a page as bytes; how many there were."""
        assert reply.status_code == 200, reply.text
        found = slices(reply.content, at)
        self.records += found
        return len(found)

    def ask(self, path: str) -> Any:
        reply = requests.get(self.url + path, timeout=10)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def stats(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("/_stats")
        return found

    def compare(self, path: str, at_least: int = 1) -> None:
        """What was kept is all that the listing holds, byte for byte."""
        truth = self.ask("/_truth" + path)
        assert truth["count"] >= at_least
        assert (len(self.records), sha256(self.records)) == (truth["count"], truth["sha256"])


class Vendors:
    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(TESTS / "vendor_apis"), "--until-eof", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.numbers = itertools.count(1)

    def site(self, vendor: str, **options: object) -> Site:
        """A fresh site; `_` in an option's name stands for `-`."""
        knobs = "".join(f"~{k.replace('_', '-')}={v}" for k, v in options.items())
        url = f"{self.ready[vendor]}/~{next(self.numbers)}{knobs}"
        return Site(url, CREDENTIALS[vendor])

    def stop(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(5)


@pytest.fixture(scope="session")
def vendors() -> Iterator[Vendors]:
    started = Vendors()
    yield started
    assert started.stop() == 0


NewSite = Callable[..., Site]


@pytest.fixture
def site(vendors: Vendors) -> NewSite:
    return vendors.site
