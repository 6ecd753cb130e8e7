"""Against django-oauth-toolkit, which knows nothing of us: client credentials, and refresh tokens
that rotate and whose second use would end them all."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import penstock
import pytest

HERE = Path(__file__).resolve().parent


@pytest.fixture
def toolkit(tmp_path: Path) -> Iterator[dict[str, str]]:
    process = subprocess.Popen(
        [sys.executable, str(HERE / "oauth_toolkit.py"), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None
    started: dict[str, str] = json.loads(process.stdout.readline())
    yield started
    process.stdin.close()
    assert process.wait(20) == 0


def walked(toolkit: dict[str, str], auth: dict[str, Any]) -> tuple[list[Any], dict[str, int]]:
    document = {
        "base_url": toolkit["url"],
        "auth": {"token_url": "/o/token/", "client_secret": "toolkit secret/+&", **auth},
        "retry": {"attempts": 1},
        "streams": {"numbers": {"path": "/numbers", "records": "data", "pagination": "page"}},
    }
    with penstock.Client(document) as api:
        records = list(api.records("numbers"))
    with urllib.request.urlopen(toolkit["url"] + "/seen", timeout=30) as answer:
        seen: dict[str, int] = json.load(answer)
    return records, seen


@pytest.mark.parametrize("how", ["basic", "post"])
def test_client_credentials(toolkit: dict[str, str], how: str) -> None:
    auth = {
        "type": "oauth2_client_credentials",
        "client_id": "toolkit-client",
        "client_auth": how,
        "scope": "read",
    }
    records, seen = walked(toolkit, auth)
    assert records == list(range(1, 101))
    assert seen["refused"] == 0 and 2 <= seen["tokens"] <= 12


def test_refresh_tokens_rotate(toolkit: dict[str, str]) -> None:
    auth = {
        "type": "oauth2_refresh_token",
        "client_id": "toolkit-refresher",
        "refresh_token": toolkit["refresh_token"],
    }
    records, seen = walked(toolkit, auth)
    assert records == list(range(1, 101))
    # Reuse would have revoked the family, and with it the last one.
    assert seen["refused"] == 0 and seen["tokens"] >= 2 and seen["live_refresh_tokens"] == 1
