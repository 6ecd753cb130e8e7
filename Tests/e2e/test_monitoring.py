"""Figures for monitoring: on a port, in a file, scraped by Prometheus, and its alerts."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import penstock
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_families,
)
from prometheus_client.parser import text_string_to_metric_families as families
from watching import TESTS


def test_figures_on_a_port_and_in_a_file(server: str, tmp_path: Path) -> None:
    document: Any = {"base_url": server, "streams": {"users": "/offset/users"}}
    file = tmp_path / "penstock.prom"
    with penstock.Client(document) as api:
        list(api.pages("users", max_pages=2))
        with penstock.MetricsServer(api.metrics, 0) as served:
            with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/metrics") as answer:
                assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
                assert {family.name for family in families(answer.read().decode())} >= {
                    "penstock_pages"
                }
            wanted = urllib.request.Request(
                f"http://127.0.0.1:{served.port}/metrics",
                headers={"Accept": "application/openmetrics-text;version=1.0.0"},
            )
            with urllib.request.urlopen(wanted) as answer:
                assert list(open_families(answer.read().decode()))  # type: ignore[no-untyped-call]
            with pytest.raises(penstock.ConfigError, match=f"port {served.port} .* in use"):
                penstock.MetricsServer(api.metrics, served.port)
        with penstock.MetricsFile(file, api.metrics):
            pass
    assert {family.name for family in families(file.read_text())} >= {"penstock_pages"}
    assert [path.name for path in tmp_path.iterdir()] == ["penstock.prom"]


def test_a_pull_publishes_and_logs(server: str, tmp_path: Path) -> None:
    document: Any = {"base_url": server, "name": "shop", "streams": {"users": "/offset/users"}}
    log = tmp_path / "pull.log"
    report = penstock.pull(
        document,
        tmp_path / "out",
        log={"level": "debug", "file": str(log)},
        metrics_file=tmp_path / "pull.prom",
        metrics_port=0,
    )
    found = {
        (sample.name, sample.labels.get("stream")): sample.value
        for family in families((tmp_path / "pull.prom").read_text())
        for sample in family.samples
    }
    assert found["penstock_records_total", "users"] == report.records
    assert found["penstock_committed_total", "users"] == report.records
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"stream_started", "request", "page", "batch_committed", "stream_finished"} <= {
        event["event"] for event in events
    }
    assert all(event["source"] == "shop" for event in events)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="Debian's prometheus is not there")
def test_prometheus_scrapes_it_and_promtool_takes_the_alerts(server: str, tmp_path: Path) -> None:
    rules = TESTS.parent / "examples/alerts/penstock.yml"
    subprocess.run(["promtool", "check", "rules", str(rules)], check=True, capture_output=True)
    cases = Path(__file__).with_name("alerts.yml")
    subprocess.run(["promtool", "test", "rules", str(cases)], check=True, capture_output=True)
    document: Any = {"base_url": server, "streams": {"users": "/offset/users"}}
    with penstock.Client(document) as api:
        records = sum(1 for _ in api.records("users", max_pages=3))
        subprocess.run(
            ["promtool", "check", "metrics"],
            input=api.metrics("prometheus").encode(),
            check=True,
            capture_output=True,
        )
        with penstock.MetricsServer(api.metrics, 0) as served:
            config = tmp_path / "prometheus.yml"
            config.write_text(
                "global: {scrape_interval: 400ms, scrape_timeout: 400ms}\n"
                f"rule_files: [{rules}]\n"
                "scrape_configs:\n- job_name: penstock\n"
                f"  static_configs: [{{targets: ['127.0.0.1:{served.port}']}}]\n"
            )
            port = free_port()
            process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={config}",
                    f"--storage.tsdb.path={tmp_path / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stderr=subprocess.DEVNULL,
            )
            try:
                assert asked_of_prometheus(port, "penstock_records_total") == records
            finally:
                process.terminate()
                process.wait(60)


def asked_of_prometheus(port: int, query: str) -> float | None:
    for _ in range(600):
        time.sleep(0.1)
        try:
            url = f"http://127.0.0.1:{port}/api/v1/query?query={query}"
            with urllib.request.urlopen(url, timeout=5) as answer:
                found = json.load(answer)["data"]["result"]
        except OSError:
            continue
        if found:
            return float(found[0]["value"][1])
    return None
