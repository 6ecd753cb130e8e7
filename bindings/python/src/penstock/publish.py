"""Figures for monitoring: in a file that node_exporter reads, or on a port that Prometheus asks."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .errors import ConfigError, PenstockError, Status

Texts = Callable[[str], str]
_OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_PLAIN = "text/plain; version=0.0.4; charset=utf-8"


class MetricsFile:
    """Writes figures to a file again and again, each time as a whole: a reader sees the old text or
    the new one. The last ones stay in it."""

    def __init__(self, path: str | os.PathLike[str], texts: Texts, every: float = 15.0) -> None:
        self._path = Path(path)
        self._texts = texts
        self._stop = threading.Event()
        # A path that can't be written is told at once, not after the first quarter of a minute.
        self.write()
        self._thread = threading.Thread(
            target=self._run, args=(every,), name="penstock-metrics", daemon=True
        )
        self._thread.start()

    def write(self) -> None:
        """Write them now."""
        text = self._texts("prometheus")
        # node_exporter reads names that end in .prom.
        new = self._path.with_name(f".{self._path.name}.{os.getpid()}.new")
        try:
            new.write_text(text, encoding="utf-8")
            os.replace(new, self._path)
        finally:
            new.unlink(missing_ok=True)

    def _run(self, every: float) -> None:
        while not self._stop.wait(every):
            try:
                self.write()
            except (OSError, PenstockError):
                # A full disk may have room later; a closed client has no figures any more.
                continue

    def close(self) -> None:
        """Write the last ones and end."""
        self._stop.set()
        self._thread.join()
        with contextlib.suppress(OSError, PenstockError):
            self.write()

    def __enter__(self) -> MetricsFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class MetricsServer:
    """Serves figures at `/metrics` of a port, by default on the loopback address only.

    Raises:
        ConfigError: The port is in use.
    """

    def __init__(self, texts: Texts, port: int, host: str = "127.0.0.1") -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                if self.path.partition("?")[0] != "/metrics":
                    self.send_error(404)
                    return
                is_open = "application/openmetrics-text" in self.headers.get("Accept", "")
                try:
                    text = texts("openmetrics" if is_open else "prometheus").encode()
                except PenstockError as error:
                    self.send_error(503, error.message[:100])
                    return
                self.send_response(200)
                self.send_header("Content-Type", _OPEN if is_open else _PLAIN)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                # Whoever asked has gone away.
                pass

        try:
            self._server = Server((host, port), Handler)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise ConfigError(
                f"the metrics port {port} of {host} can't be had: {reason}",
                status=Status.ERROR_CONFIG,
            ) from None
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="penstock-metrics",
            daemon=True,
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> MetricsServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
