"""Certificates of an authority of the tests' own, made by the openssl command."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"]
CONFIG = """
[ca]
default_ca = tests
[tests]
database = index
new_certs_dir = .
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
rand_serial = yes
[any]
commonName = supplied
"""
GOOD_UNTIL = "20991231235959Z"
LONG_PAST = "20200102000000Z"


class Authority:
    """Issues certificates in a folder; `file` is what a client trusts them by."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("making certificates needs the openssl command")
        self._folder = folder
        self.file = folder / "ca.pem"
        (folder / "config").write_text(CONFIG)
        (folder / "index").touch()
        uses = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"]
        added = [part for use in uses for part in ("-addext", use)]
        self._openssl(
            "req",
            "-x509",
            *KEY,
            "ca.key",
            "-out",
            "ca.pem",
            "-days",
            "2",
            *subject("authority"),
            *added,
        )

    def issue(self, name: str, host: str, until: str = GOOD_UNTIL) -> tuple[Path, Path]:
        """Return a certificate and its key; `host` is an alternative name as openssl writes it."""
        added = ["-addext", f"subjectAltName={host}"]
        self._openssl(
            "req", "-new", *KEY, f"{name}.key", "-out", f"{name}.csr", *subject(name), *added
        )
        self._openssl(
            *["ca", "-batch", "-notext", "-config", "config"],
            *["-cert", "ca.pem", "-keyfile", "ca.key", "-in", f"{name}.csr", "-out", f"{name}.pem"],
            *["-startdate", "20200101000000Z", "-enddate", until],
        )
        return self._folder / f"{name}.pem", self._folder / f"{name}.key"

    def signer(
        self,
        name: str,
        *,
        use: str = "emailProtection",
        until: str = GOOD_UNTIL,
        key: Sequence[str] = KEY[1:4],
    ) -> tuple[Path, Path]:
        """Return a chain of certificates that may sign pictures, and its key, readable by us alone.

        `use` is what the key may be used for besides, as openssl writes it; `key` its kind.
        """
        wanted = self._folder / f"{name}.ext"
        wanted.write_text(
            "basicConstraints = critical,CA:FALSE\nkeyUsage = critical,digitalSignature\n"
            f"extendedKeyUsage = {use}\n"
            "subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n"
        )
        made = ["-newkey", *key, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr"]
        self._openssl("req", "-new", *made, *subject(f"{name}/O={name}"))
        self._openssl(
            *["ca", "-batch", "-notext", "-config", "config", "-extfile", wanted.name],
            *["-cert", "ca.pem", "-keyfile", "ca.key", "-in", f"{name}.csr", "-out", f"{name}.pem"],
            *["-startdate", "20200101000000Z", "-enddate", until],
        )
        chain = self._folder / f"{name}.chain.pem"
        chain.write_bytes((self._folder / f"{name}.pem").read_bytes() + self.file.read_bytes())
        file = self._folder / f"{name}.key"
        file.chmod(0o600)
        return chain, file

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self._folder, check=True, capture_output=True)


def subject(name: str) -> list[str]:
    """Return the options that name a certificate's owner."""
    return ["-subj", f"/CN={name}"]
