"""A server that plays the exchanges which an atom writes down, and notes what is asked besides."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def filled(value: Any, base: str) -> Any:
    """With the places `{base}` and `{epoch+N}` filled in."""
    if isinstance(value, str):
        value = value.replace("{base}", base)
        if value.startswith("{epoch+"):
            return str(int(time.time()) + int(value[len("{epoch+") : -1]))
        return value
    if isinstance(value, list):
        return [filled(each, base) for each in value]
    if isinstance(value, dict):
        return {name: filled(each, base) for name, each in value.items()}
    return value


class Exchanges:
    """What is still to be asked; each exchange once, those of the same request in their order."""

    def __init__(self, wire: list[dict[str, Any]]) -> None:
        self.left = list(wire)
        self.odd: list[str] = []
        self.lock = threading.Lock()

    def take(self, request: str, headers: dict[str, str], body: bytes) -> dict[str, Any] | None:
        with self.lock:
            for index, exchange in enumerate(self.left):
                if exchange["request"] != request:
                    continue
                for name, text in exchange.get("sends", {}).items():
                    if headers.get(name.lower()) != text:
                        self.odd.append(f"{request}: {name} is {headers.get(name.lower())!r}")
                if "json" in exchange:
                    wanted, found = exchange["json"], json.loads(body or b"null")
                else:
                    wanted, found = exchange.get("text", ""), body.decode()
                if wanted != found:
                    if any(each["request"] == request for each in self.left[index + 1 :]):
                        continue
                    self.odd.append(f"{request}: the body is {found!r}, not {wanted!r}")
                return self.left.pop(index)
            self.odd.append(f"{request}: not expected")
            return None


class Wire:
    """One server for all atoms; each has a path of its own in front."""

    def __init__(self) -> None:
        self.atoms: dict[str, Exchanges] = {}
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                _, name, target = self.path.split("/", 2)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): text for name, text in self.headers.items()}
                exchange = wire.atoms[name].take(f"{self.command} /{target}", headers, body)
                base = wire.base(name)
                reply = filled((exchange or {}).get("reply", {}), base)
                fields = filled((exchange or {}).get("headers", {}), base)
                content = json.dumps(reply).encode()
                self.send_response_only(418 if exchange is None else exchange.get("status", 200))
                for field, text in {"Content-Type": "application/json", **fields}.items():
                    self.send_header(field, text)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.thread.start()

    def base(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/{name}"

    def play(self, name: str, wire: list[dict[str, Any]]) -> Exchanges:
        self.atoms[name] = Exchanges(wire)
        return self.atoms[name]

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)
