"""What a document expects of its data, through Python and the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import penstock
from prometheus_client.parser import text_string_to_metric_families as families
from watching import python_path


def test_what_the_document_expects_is_looked_at(server: str, tmp_path: Path) -> None:
    source: Any = {
        "base_url": server,
        "streams": {
            "users": {"path": "/offset/users", "expect": {"complete": True, "not_null": ["id"]}},
            "odd": {"path": "/offset/users", "expect": {"not_null": ["nobody.has.this"]}},
            "told": {
                "path": "/offset/users",
                "expect": {"min_records": 10**9, "on_fail": "warn"},
            },
        },
    }
    report = penstock.pull(source, tmp_path, check=False, metrics_file=tmp_path / "pull.prom")
    assert report["users"].ok and not report["users"].checks
    assert report["odd"].state == "failed"
    assert 'not_null: record 0: "nobody.has.this"' in str(report["odd"].error)
    assert report["told"].ok and report["told"].checks[0]["check"] == "min_records"
    # The records are there either way.
    whole = (tmp_path / "users.jsonl").read_bytes()
    assert (tmp_path / "odd.jsonl").read_bytes() == (tmp_path / "told.jsonl").read_bytes() == whole
    found = {
        sample.labels["stream"]: sample.value
        for family in families((tmp_path / "pull.prom").read_text())
        for sample in family.samples
        if sample.name == "penstock_checks_failed_total"
    }
    assert found == {"users": 0, "odd": 1, "told": 0}
    job = tmp_path / "source.json"
    job.write_text(json.dumps(source))
    done = subprocess.run(
        [sys.executable, "-m", "penstock", "pull", str(job), "--output", str(tmp_path), "--quiet"],
        env=python_path(),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "odd: " in done.stderr
