"""The settings file that nginx is started with, and which port shows what."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from real_servers.certificates import Certificate

# nginx as a whole sits in one directory: no compiled-in path is written to.
_FRAME = """\
{user}worker_processes 1;
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/error.log info;
worker_shutdown_timeout 1s;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    default_type application/octet-stream;
    types {{ application/json json; text/plain txt; }}

    # One line a request, so that a test can count requests and connections as the server saw them.
    log_format seen escape=json '{{"port":$server_port,"connection":$connection,'
        '"nth":$connection_requests,"method":"$request_method","uri":"$request_uri",'
        '"protocol":"$server_protocol","tls":"$ssl_protocol","status":$status,'
        '"bytes":$body_bytes_sent,"time":$msec}}';
    access_log {directory}/access.log seen;

    gzip on;
    gzip_types application/json text/plain;
    gzip_min_length 256;
    gzip_proxied any;
    gzip_vary on;

    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate {server.certificate};
    ssl_certificate_key {server.key};
    ssl_session_cache shared:sessions:1m;

    upstream behind {{ server {upstream}; keepalive 8; }}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    # Next links are absolute: the server behind must learn what the client calls this one.
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;
    # No request is repeated by the proxy.
    proxy_next_upstream off;
    root {directory}/www;

    limit_req_zone $binary_remote_addr zone=requests:1m rate={limits.requests};
    limit_conn_zone $binary_remote_addr zone=connections:1m;
{servers}}}
"""

_SERVER = """\
    server {{
        listen 127.0.0.1:{port}{flags};
{lines}        location /static/ {{ {static} }}
        location / {{ proxy_pass http://behind; }}
    }}
"""


@dataclass(frozen=True)
class Limits:
    """What the limiting ports allow to one address."""

    requests: str = "10r/s"
    burst: int = 5
    connections: int = 2
    keepalive_requests: int = 5


@dataclass(frozen=True)
class _Port:
    flags: str = ""
    lines: tuple[str, ...] = ()
    static: str = ""

    @property
    def scheme(self) -> str:
        return "https" if "ssl" in self.flags else "http"


def ports(limits: Limits, directory: Path) -> dict[str, _Port]:
    """By name, as in the announcement."""
    few = (f"keepalive_requests {limits.keepalive_requests};", "keepalive_timeout 1s;")
    elsewhere = (
        f"ssl_certificate {directory}/elsewhere.pem;",
        f"ssl_certificate_key {directory}/elsewhere.key;",
    )
    client = (f"ssl_client_certificate {directory}/authority.pem;", "ssl_verify_client on;")
    burst = f"burst={limits.burst} nodelay" if limits.burst else ""
    return {
        "http": _Port(),
        "h1": _Port(" ssl"),
        "h2": _Port(" ssl http2"),
        # 429 here and nginx's own 503 below; it sends Retry-After with neither.
        "limit_req": _Port(lines=(f"limit_req zone=requests {burst};", "limit_req_status 429;")),
        # Slow files, so that two of them are still under way when the third is asked for.
        "limit_conn": _Port(
            lines=(f"limit_conn connections {limits.connections};",), static="limit_rate 64k;"
        ),
        # Closes after a few requests, over HTTP/2 with GOAWAY, and when idle for a second.
        "short": _Port(lines=few),
        "short_h2": _Port(" ssl http2", few),
        # The handshake succeeds; a request without a certificate is answered with 400.
        "client_certificate": _Port(" ssl http2", client),
        # Signed by the same authority, for another name.
        "wrong_host": _Port(" ssl", elsewhere),
    }


def render(
    directory: Path, server: Certificate, upstream: str, limits: Limits, numbers: list[int]
) -> tuple[str, dict[str, str]]:
    """The settings text, and the URL of each port by name."""
    named = dict(zip(ports(limits, directory).items(), numbers, strict=True))
    blocks = "".join(
        _SERVER.format(
            port=number,
            flags=port.flags,
            lines="".join(f"        {line}\n" for line in port.lines),
            static=port.static,
        )
        for (_, port), number in named.items()
    )
    # As root, nginx would give its workers to an account that cannot enter the directory.
    user = f"user {pwd.getpwuid(0).pw_name};\n" if os.geteuid() == 0 else ""
    text = _FRAME.format(
        user=user,
        directory=directory,
        server=server,
        upstream=upstream,
        limits=limits,
        servers=blocks,
    )
    return text, {
        name: f"{port.scheme}://127.0.0.1:{number}" for (name, port), number in named.items()
    }
