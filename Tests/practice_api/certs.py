"""Certificates for the failure tests, made at start by the `openssl` command."""

from __future__ import annotations

import os
import ssl
import subprocess
from dataclasses import dataclass

DAYS = "2"


def openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"practice_api: openssl {arguments[0]} failed: {done.stderr}")


@dataclass
class Certificates:
    folder: str

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    @classmethod
    def make(cls, folder: str) -> Certificates:
        made = cls(folder)
        made.self_signed("ca", "/CN=Practice CA", "basicConstraints=critical,CA:TRUE")
        made.signed("server", "subjectAltName=IP:127.0.0.1,DNS:localhost")
        # Trusted, but for a name nobody asks for: must fail on RFC 9525's name check alone.
        made.signed("wrong", "subjectAltName=DNS:wrong.example")
        made.signed("client", "extendedKeyUsage=clientAuth")
        made.self_signed("rogue", "/CN=127.0.0.1", "subjectAltName=IP:127.0.0.1")
        return made

    def key(self, name: str) -> None:
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout",
                "-out", self.path(f"{name}.key"))  # fmt: skip

    def self_signed(self, name: str, subject: str, extension: str) -> None:
        self.key(name)
        openssl("req", "-x509", "-new", "-key", self.path(f"{name}.key"), "-days", DAYS,
                "-subj", subject, "-addext", extension,
                "-out", self.path(f"{name}.pem"))  # fmt: skip

    def signed(self, name: str, extension: str) -> None:
        self.key(name)
        request, extensions = self.path(f"{name}.csr"), self.path(f"{name}.ext")
        openssl("req", "-new", "-key", self.path(f"{name}.key"), "-subj", f"/CN=practice {name}",
                "-out", request)  # fmt: skip
        with open(extensions, "w", encoding="ascii") as out:
            out.write(extension + "\n")
        openssl("x509", "-req", "-in", request, "-CA", self.path("ca.pem"),
                "-CAkey", self.path("ca.key"), "-CAcreateserial", "-days", DAYS,
                "-extfile", extensions, "-out", self.path(f"{name}.pem"))  # fmt: skip

    def context(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(f"{name}.pem"), self.path(f"{name}.key"))
        context.set_alpn_protocols(["http/1.1"])
        return context

    def contexts(self) -> dict[str, ssl.SSLContext]:
        """Listener name -> its TLS settings."""
        mutual = self.context("server")
        mutual.verify_mode = ssl.CERT_REQUIRED
        mutual.load_verify_locations(self.path("ca.pem"))
        old = self.context("server")
        old.minimum_version = ssl.TLSVersion.TLSv1_2
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        return {
            "https": self.context("server"),
            "https_other": self.context("server"),
            "https_wrong_host": self.context("wrong"),
            "https_untrusted": self.context("rogue"),
            "https_mutual": mutual,
            "https_tls12": old,
        }

    def files(self) -> dict[str, str]:
        return {
            "ca_file": self.path("ca.pem"),
            "client_cert": self.path("client.pem"),
            "client_key": self.path("client.key"),
        }
