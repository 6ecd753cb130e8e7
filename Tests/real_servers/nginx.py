"""nginx in front of another server: TLS, HTTP/2, gzip, limits, client certificates.

    python Tests/real_servers nginx --upstream http://127.0.0.1:PORT [--until-eof]
        {"urls": {"http": ..., "h1": ..., "h2": ..., "limit_req": ..., "limit_conn": ...,
                  "short": ..., "short_h2": ..., "client_certificate": ..., "wrong_host": ...},
         "authority": ..., "client_certificate": ..., "client_key": ..., "access_log": ...,
         "www": ..., "limits": {...}, "pid": ...}

What each port shows stands in nginx_settings.py. On all of them /static/ serves files from
`www`/static, where `numbers.json` (a list of 100,000 numbers) lies and a test may add others.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from dataclasses import asdict
from urllib.parse import urlsplit

from real_servers import _process, nginx_settings
from real_servers.certificates import Authority
from real_servers.nginx_settings import Limits


def serve(upstream: str, limits: Limits, until_eof: bool) -> None:
    _process.end_on_signals()
    # Not everybody has the administrator's directories on the path.
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise SystemExit("nginx is not installed: run scripts/setup-debian.sh")
    with _process.scratch("nginx") as directory:
        authority = Authority(directory, "authority")
        server = authority.issue("server", "serverAuth", "IP:127.0.0.1,DNS:localhost")
        authority.issue("elsewhere", "serverAuth", "DNS:elsewhere.example")
        client = authority.issue("client", "clientAuth", "DNS:client.example")
        static = directory / "www" / "static"
        static.mkdir(parents=True)
        (static / "numbers.json").write_text(json.dumps(list(range(100_000))))

        log = directory / "error.log"
        settings = directory / "nginx.conf"
        urls: dict[str, str] = {}

        def start(ports: list[int]) -> subprocess.Popen[bytes]:
            text, named = nginx_settings.render(directory, server, upstream, limits, ports)
            settings.write_text(text)
            urls.update(named)
            # The error log by option too: before it has read its settings, nginx would
            # open the one it was built with.
            return _process.spawn([program, "-p", directory, "-c", settings, "-e", log], log=log)

        count = len(nginx_settings.ports(limits, directory))
        process, _ = _process.start_on_free_ports(count, start, log)
        announcement = {
            "urls": urls,
            "authority": str(authority.certificate),
            "client_certificate": str(client.certificate),
            "client_key": str(client.key),
            "access_log": str(directory / "access.log"),
            "www": str(directory / "www"),
            "limits": asdict(limits),
        }
        _process.serve_until_told(process, announcement, until_eof=until_eof, log=log)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--upstream", required=True, metavar="URL", help="http://127.0.0.1:PORT")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input ends")
    given = Limits()
    parser.add_argument("--rate", default=given.requests, help="of limit_req (%(default)s)")
    parser.add_argument("--burst", type=int, default=given.burst, help="(%(default)s)")
    parser.add_argument("--connections", type=int, default=given.connections, help="(%(default)s)")
    parser.add_argument("--keepalive-requests", type=int, default=given.keepalive_requests)
    chosen = parser.parse_args()
    upstream = urlsplit(chosen.upstream)
    if upstream.scheme != "http" or upstream.path not in ("", "/"):
        parser.error("the upstream is http://HOST:PORT")
    limits = Limits(chosen.rate, chosen.burst, chosen.connections, chosen.keepalive_requests)
    serve(upstream.netloc, limits, chosen.until_eof)


if __name__ == "__main__":
    main()
