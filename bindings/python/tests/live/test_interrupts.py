"""Ctrl-C ends every wait within 0.2 s, and leaves nothing behind."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .conftest import Practice, Start

WAITS = {
    "pages": "next(client.pages('/fault/stall/single/users'))",
    "records": "list(client.records('/fault/stall/single/users'))",
    "request": "client.get('/fault/stall/single/users')",
    "a limit": "[client.get('/single/users:1') for _ in range(3)]",
    "a retry": "client.get('/fault/503;ra=seconds/single/users')",
    "paginate": "list(penstock.paginate(client_url + '/fault/stall/single/users'))",
    "pull": "penstock.pull(source, os.environ['OUT'])",
    "pull with progress": "penstock.pull(source, os.environ['OUT'], on_progress=len, interval=60)",
    "asyncio": "asyncio.run(walk())",
}


def lateness_until_the_end(process: subprocess.Popen[str]) -> float:
    """By how much this thread woke later than it wanted to while a program ran, at worst."""
    late, end = 0.0, time.monotonic() + 60
    while process.poll() is None:
        began = time.monotonic()
        assert began < end
        time.sleep(0.01)
        late = max(late, time.monotonic() - began - 0.01)
    return late


@pytest.mark.parametrize("wait", WAITS)
def test_ctrl_c_ends_the_wait(start: Start, tmp_path: Path, wait: str) -> None:
    limits = '"limits": "1/1h",' if wait == "a limit" else ""
    process = start(f"""
        import asyncio, json, os, signal, sys, threading, time
        os.environ["OUT"] = {str(tmp_path)!r}
        import penstock
        client_url = os.environ["URL"]
        source = {{
            "base_url": client_url, {limits}
            "streams": {{"users": "/fault/stall/single/users"}},
        }}
        client = penstock.Client(source)
        async def walk():
            async for page in client.apages("users"):
                pass
        pressed = []
        def press():
            time.sleep(0.5)
            pressed.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=press, daemon=True).start()
        try:
            {WAITS[wait]}
        except KeyboardInterrupt:
            ended = time.monotonic()
        client.close()
        print(json.dumps([ended - pressed[0], time.monotonic() - ended]))
    """)
    # On a machine that lets even this thread wait for a processor, so much more for the other's.
    most = 0.2 + 10 * lateness_until_the_end(process)
    out, errors = process.communicate()
    assert process.returncode == 0, errors
    latency, closing = json.loads(out)
    assert latency < most, (latency, most)
    assert closing < most, (closing, most)


def test_the_command_line_ends_with_130(start: Start, practice: Practice, tmp_path: Path) -> None:
    source = tmp_path / "source.json"
    path = "/fault/stall/single/users:7"
    source.write_text(json.dumps(practice.source(streams={"users": path})))
    process = start(f"""
        import sys
        sys.argv = ["penstock", "pull", {str(source)!r}, "--output", {str(tmp_path / "out")!r}]
        import penstock.cli
        penstock.cli.run()
    """)
    while not practice.ask(f"/_requests?prefix={path}"):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "penstock: interrupted"
    assert "Traceback" not in errors
