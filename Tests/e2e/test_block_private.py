"""No connection to private addresses when the document says so, whatever name leads there."""

from __future__ import annotations

import socket
from typing import Any

import penstock
import pytest


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1", "[::ffff:127.0.0.1]"]
)
def test_private_addresses_are_not_connected_to(host: str) -> None:
    family = socket.AF_INET6 if host == "[::1]" else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        document: dict[str, Any] = {
            "base_url": f"http://{host}:{listener.getsockname()[1]}",
            "connections": {"block_private": True},
            "auth": {"type": "bearer", "token": "canary-token"},
        }
        try:
            api = penstock.Client(document)
        except penstock.ConfigError:
            return  # not even a URL
        with api, pytest.raises(penstock.ConfigError) as caught:
            api.request("GET", "/", timeout=20)
        assert "block_private" in str(caught.value)
        assert caught.value.attempts == 1
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_proxy_would_hide_the_address() -> None:
    connections = {"block_private": True, "proxy": "http://127.0.0.1:9"}
    with pytest.raises(penstock.ConfigError) as caught:
        penstock.Client({"base_url": "https://api.example.com", "connections": connections})
    assert "exclude each other" in str(caught.value)
