"""Certificates for one run, made by the openssl command: an authority, and what it has signed."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """Paths of two PEM files."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority that lives in a directory, and that nobody else trusts."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        self._name = name
        self._own = Certificate(directory / f"{name}.pem", directory / f"{name}.key")
        extensions = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
        _openssl(
            *("req", "-x509", "-days", "2", "-subj", f"/CN=Penstock tests {name}"),
            *(part for each in extensions for part in ("-addext", each)),
            *_new_key(self._own.key),
            *("-out", self._own.certificate),
        )

    @property
    def certificate(self) -> Path:
        """What a client must trust."""
        return self._own.certificate

    def issue(self, name: str, purpose: str, subject_alt_name: str) -> Certificate:
        """A certificate for `purpose` serverAuth or clientAuth."""
        issued = Certificate(self._directory / f"{name}.pem", self._directory / f"{name}.key")
        request = self._directory / f"{name}.csr"
        extensions = self._directory / f"{name}.ext"
        extensions.write_text(
            f"basicConstraints=CA:FALSE\nextendedKeyUsage={purpose}\n"
            f"subjectAltName={subject_alt_name}\n"
        )
        _openssl("req", "-subj", f"/CN={name}", *_new_key(issued.key), "-out", request)
        _openssl(
            *("x509", "-req", "-days", "2", "-in", request, "-extfile", extensions),
            *("-CA", self._own.certificate, "-CAkey", self._own.key, "-CAcreateserial"),
            *("-out", issued.certificate),
        )
        return issued


def _new_key(path: Path) -> tuple[str | Path, ...]:
    # Elliptic curves: an RSA key takes up to a second to make.
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path)


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
