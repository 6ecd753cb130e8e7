"""A Redis of a test's own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


class Redis:
    """A redis-server of the test's own, on a socket in a directory of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        self.socket = folder / "redis.sock"
        self.start()

    def start(self, clock: int = 0) -> None:
        """`clock` is how many seconds its calendar is ahead."""
        # --dir and no save: nothing of it stays, unless it is asked to SAVE.
        environment = dict(os.environ)
        if clock:
            environment |= {"LD_PRELOAD": str(self.clock_shim()), "CLOCK_OFF": str(clock)}
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(self.socket), "--save", "",
             "--appendonly", "no", "--dir", str(self.folder), "--daemonize", "no", *self.options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        )  # fmt: skip
        for _ in range(200):
            if self.socket.exists() and self.ask("PING") == "PONG":
                return
            time.sleep(0.02)
        raise RuntimeError("redis-server does not start")

    def clock_shim(self) -> Path:
        """Built by whoever comes first."""
        shim = self.folder / "clock.so"
        if not shim.exists():
            build = ["cc", "-shared", "-fPIC", "-o", str(shim), str(HERE / "clock.c")]
            subprocess.run(build, check=True)
        return shim

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
