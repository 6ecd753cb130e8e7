"""nginx: what each of its ports does, seen by requests, httpx and curl."""

from __future__ import annotations

import json
import ssl
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from real_servers.launch import launch


def seen(nginx: dict[str, Any], port_of: str) -> list[dict[str, Any]]:
    """The access log of one port. A line is written once the answer is out, so a bit later."""
    time.sleep(0.1)
    port = int(nginx["urls"][port_of].rsplit(":", 1)[1])
    lines = Path(nginx["access_log"]).read_text().splitlines()
    return [entry for entry in map(json.loads, lines) if entry["port"] == port]


def trusting(nginx: dict[str, Any]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=nginx["authority"])


def curl(nginx: dict[str, Any], port: str, times: int, *options: str) -> list[str]:
    """Ask for the same page so often in one run of curl, which may reuse its connections."""
    command = ["curl", "-sS", "--http2", "--cacert", nginx["authority"], *options]
    for _ in range(times):
        command += ["-o", "/dev/null", nginx["urls"][port] + "/cursor/?page_size=1"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def test_walk_over_http2_by_next_links(nginx: dict[str, Any], drf: dict[str, Any]) -> None:
    url: str | None = nginx["urls"]["h2"] + "/cursor/"
    count = 0
    with httpx.Client(http2=True, verify=trusting(nginx)) as client:
        while url:
            assert url.startswith(nginx["urls"]["h2"])  # https, and the port the client knows
            response = client.get(url)
            assert response.http_version == "HTTP/2"
            assert response.headers["content-encoding"] == "gzip"
            count += len(response.json()["results"])
            url = response.json()["next"]
    assert count == drf["count"]
    assert len({entry["connection"] for entry in seen(nginx, "h2")}) == 1


@pytest.mark.parametrize(
    ("port", "options", "version", "protocol"),
    [
        ("h2", ["--tlsv1.3"], "2", "HTTP/2.0 TLSv1.3"),
        ("h2", ["--tls-max", "1.2"], "2", "HTTP/2.0 TLSv1.2"),
        ("h1", ["--tlsv1.3"], "1.1", "HTTP/1.1 TLSv1.3"),
    ],
)
def test_curl_negotiates(
    nginx: dict[str, Any], port: str, options: list[str], version: str, protocol: str
) -> None:
    written = "%{http_version} %{http_code}\n"
    assert curl(nginx, port, 1, *options, "-w", written) == [f"{version} 200"]
    last = seen(nginx, port)[-1]
    assert f"{last['protocol']} {last['tls']}" == protocol


def test_gzip_and_plain_bytes_are_the_same(nginx: dict[str, Any]) -> None:
    url = nginx["urls"]["http"] + "/static/numbers.json"
    packed = requests.get(url, timeout=30)
    plain = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=30)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.json() == plain.json() == list(range(100_000))


def test_unknown_authority_and_wrong_name_are_refused(nginx: dict[str, Any]) -> None:
    with pytest.raises(requests.exceptions.SSLError, match=r"self-signed|unable to get"):
        requests.get(nginx["urls"]["h1"], timeout=30)
    with pytest.raises(requests.exceptions.SSLError, match=r"mismatch|not valid"):
        requests.get(nginx["urls"]["wrong_host"], verify=nginx["authority"], timeout=30)


def test_client_certificate(nginx: dict[str, Any]) -> None:
    url = nginx["urls"]["client_certificate"] + "/cursor/?page_size=1"
    without = requests.get(url, verify=nginx["authority"], timeout=30)
    assert without.status_code == 400
    assert "No required SSL certificate was sent" in without.text
    pair = (nginx["client_certificate"], nginx["client_key"])
    accepted = requests.get(url, verify=nginx["authority"], cert=pair, timeout=30)
    assert accepted.status_code == 200


def test_connections_close_after_a_few_requests(nginx: dict[str, Any]) -> None:
    allowed = nginx["limits"]["keepalive_requests"]
    total = 3 * allowed + 1
    for port in ("short", "short_h2"):
        assert curl(nginx, port, total, "-w", "%{http_code}\n") == ["200"] * total
        entries = seen(nginx, port)
        assert len({entry["connection"] for entry in entries}) == 4, port
        assert max(entry["nth"] for entry in entries) == allowed, port


def test_idle_connections_close_after_a_second(nginx: dict[str, Any]) -> None:
    before = len(seen(nginx, "short"))
    with requests.Session() as session:
        for _ in range(2):
            session.get(nginx["urls"]["short"] + "/cursor/?page_size=1", timeout=30)
            time.sleep(1.5)
    assert [entry["nth"] for entry in seen(nginx, "short")[before:]] == [1, 1]


def test_request_rate(drf: dict[str, Any]) -> None:
    options = ("--rate", "2r/s", "--burst", "3")
    with (
        launch("nginx", "--upstream", drf["url"], *options) as nginx,
        requests.Session() as session,
    ):
        url = nginx["urls"]["limit_req"] + "/cursor/?page_size=1"
        statuses = [session.get(url, timeout=30).status_code for _ in range(6)]
        assert statuses[:4] == [200] * 4  # one and its burst
        assert statuses[4:] == [429] * 2
        assert "Retry-After" not in session.get(url, timeout=30).headers
        time.sleep(0.6)
        assert session.get(url, timeout=30).status_code == 200


def test_connections_at_once(nginx: dict[str, Any]) -> None:
    url = nginx["urls"]["limit_conn"] + "/static/numbers.json"
    allowed = nginx["limits"]["connections"]
    with ThreadPoolExecutor(allowed) as threads:
        under_way = [threads.submit(requests.get, url, timeout=30) for _ in range(allowed)]
        time.sleep(0.3)
        assert requests.get(url, timeout=30).status_code == 503
        assert [each.result().status_code for each in under_way] == [200] * allowed
    assert requests.head(url, timeout=30).status_code == 200
