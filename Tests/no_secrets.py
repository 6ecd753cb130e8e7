"""A test whose output shows a secret fails, whatever else it looked at.

A conftest takes it in with `from no_secrets import pytest_runtest_makereport`. What the tests keep
secret is made to be found: canaries, and the tokens of the servers that are played.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

import pytest

SECRETS = re.compile(
    r"canary-(?:[a-z]+-)*(?:key|access|refresh|secret|token)|canary/se|canary%2Fse|canary session"
    r"|practice-(?:secret|password|mixpanel-secret|atlassian-token)|xoxb-practice"
    r"|practice0(?:token|key)0|Practice(?:%3D|=)Bearer0Token|toolkit secret|toolkit%20secret"
    r"|0123456789abcdef01234567|s3cr3t-t0ken"
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Generator[None, pytest.TestReport, Any]:
    report = yield
    shown = sorted({title for title, text in report.sections if SECRETS.search(text)})
    if shown and report.passed:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: a secret stands in: {', '.join(shown)}"
    return report
