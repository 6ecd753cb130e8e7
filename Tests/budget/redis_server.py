"""A Redis of a test's own."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Any


class Redis:
    """A redis-server of the test's own, on a socket in a directory of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        self.socket = folder / "redis.sock"
        self.start()

    def start(self) -> None:
        # --dir and no save: nothing of it stays.
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(self.socket), "--save", "",
             "--appendonly", "no", "--dir", str(self.folder), "--daemonize", "no", *self.options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(200):
            if self.socket.exists() and self.ask("PING") == "PONG":
                return
            time.sleep(0.02)
        raise RuntimeError("redis-server does not start")

    def ask(self, *words: str) -> str:
        done = subprocess.run(
            ["redis-cli", "-s", str(self.socket), *words],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return done.stdout.strip()

    def share(self, **more: Any) -> dict[str, Any]:
        return {"redis": f"unix://{self.socket}", "key": "test", **more}

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)
