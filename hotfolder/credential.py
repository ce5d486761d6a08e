"""The studio's certificate and its key, by which outputs are signed: found, judged, and used.

The key stays in this process: who opens strangers' pictures asks for one signature over a digest.
What may sign is what the C2PA specification (section 14) lets sign: checked here before anything is
paid, since its library only fails when it signs.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hotfolder import key

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

LARGEST_BYTES: Final = 64 * 1024
PACKAGE: Final = "c2pa"
# E-mail protection, document signing, and the programme's own use.
_USES: Final = frozenset({"1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.62558.2.1"})
_ANY_USE: Final = "2.5.29.37.0"
_LEAST_RSA_BITS: Final = 2048
LONGEST_MESSAGE: Final = 64 * 1024
# By the bits of an elliptic curve's numbers: the algorithm, and its digest's size in bytes.
_CURVES: Final[Mapping[int, tuple[str, int]]] = {
    256: ("es256", 32),
    384: ("es384", 48),
    521: ("es512", 64),
}
_HINT: Final = "See provenance in the manual (hotfolder manual provenance)."


class CredentialProblem(Exception):
    """Nothing can be signed; the text says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What signs: a chain of certificates in PEM, its algorithm, and whose and how long it is.

    `digest_bytes` is the size of the digests that it signs, None = whole messages (Ed25519).
    """

    chain: str = field(repr=False)
    algorithm: str
    digest_bytes: int | None
    name: str
    until: datetime
    sign_digest: Callable[[bytes], bytes] = field(repr=False)

    def sign(self, digest: bytes) -> bytes:
        """Sign a digest, or a message by a key that takes these. Raises ValueError for others."""
        if self.digest_bytes is None and len(digest) > LONGEST_MESSAGE:
            raise ValueError(f"{len(digest)} bytes are no message to sign")
        if self.digest_bytes not in (None, len(digest)):
            raise ValueError(f"a digest of {self.digest_bytes} bytes is signed, not {len(digest)}")
        return self.sign_digest(digest)


def load(certificate_file: Path, key_file: Path, now: datetime) -> Credential:
    """Return what signs at a time. Raises CredentialProblem."""
    if importlib.util.find_spec(PACKAGE) is None:
        raise CredentialProblem(
            "nothing is signed without a package: pip install 'hotfolder[c2pa]'"
        )
    try:
        key.refuse_if_open(key_file, "signing key")
    except key.KeyProblem as error:
        raise CredentialProblem(str(error)) from None
    chain, secret = _read(certificate_file), _read(key_file)
    own = _certificate(certificate_file, chain)
    _judge(certificate_file, own, now)
    algorithm, digest_bytes, sign = _signing(key_file, own, secret)
    return Credential(
        chain=chain.decode("ascii"),
        algorithm=algorithm,
        digest_bytes=digest_bytes,
        name=_name(own),
        until=own.not_valid_after_utc,
        sign_digest=sign,
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise CredentialProblem(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > LARGEST_BYTES or not content.isascii():
        raise CredentialProblem(f"{path} is no PEM file. {_HINT}")
    return content


def _certificate(path: Path, chain: bytes) -> Certificate:
    from cryptography import x509  # noqa: PLC0415  only who signs has it

    try:
        return x509.load_pem_x509_certificates(chain)[0]
    except ValueError:
        raise CredentialProblem(f"{path} holds no certificate in PEM. {_HINT}") from None


def _judge(path: Path, own: Certificate, now: datetime) -> None:
    """Raise CredentialProblem for a certificate that may not sign pictures now."""
    from cryptography import x509  # noqa: PLC0415  as above

    if now > own.not_valid_after_utc:
        raise CredentialProblem(
            f"{path}: the certificate expired on {own.not_valid_after_utc:%Y-%m-%d}: get a new one"
        )
    if now < own.not_valid_before_utc:
        raise CredentialProblem(
            f"{path}: the certificate holds from {own.not_valid_before_utc:%Y-%m-%d} on only"
        )
    if own.issuer == own.subject:
        raise CredentialProblem(
            f"{path}: the certificate is signed by itself, which no reader accepts: its issuer's "
            f"must be another one. {_HINT}"
        )
    uses = _extension(own, x509.ExtendedKeyUsage)
    stated = {each.dotted_string for each in uses or ()}
    usage, basic = _extension(own, x509.KeyUsage), _extension(own, x509.BasicConstraints)
    if (
        not stated & _USES
        or _ANY_USE in stated
        or usage is None
        or not usage.digital_signature
        or (basic is not None and basic.ca)
    ):
        raise CredentialProblem(
            f"{path}: the certificate may not sign pictures (its first one, which must be the "
            f"studio's own, needs the key usage digitalSignature and emailProtection or "
            f"documentSigning). {_HINT}"
        )


def _extension(own: Certificate, kind: Any) -> Any:  # noqa: ANN401  one of the library's own
    from cryptography import x509  # noqa: PLC0415  as above

    try:
        return own.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        return None


def _name(own: Certificate) -> str:
    from cryptography.x509.oid import NameOID  # noqa: PLC0415  as above

    named = [
        *own.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME),
        *own.subject.get_attributes_for_oid(NameOID.COMMON_NAME),
    ]
    return str(named[0].value) if named else "without a name"


def _signing(
    path: Path, own: Certificate, secret: bytes
) -> tuple[str, int | None, Callable[..., bytes]]:
    """Return the algorithm of a key, its digest's size, and what signs one."""
    from cryptography.hazmat.primitives import serialization as pem  # noqa: PLC0415  as above
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415  as above

    try:
        private = pem.load_pem_private_key(secret, None)
    except TypeError:
        raise CredentialProblem(
            f"{path}: the key has a password, which nobody is there to type: keep it without one, "
            "readable by the service alone"
        ) from None
    except ValueError:
        raise CredentialProblem(f"{path} holds no key in PEM. {_HINT}") from None
    plain = pem.Encoding.DER, pem.PublicFormat.SubjectPublicKeyInfo
    if private.public_key().public_bytes(*plain) != own.public_key().public_bytes(*plain):
        raise CredentialProblem(f"{path}: the key is not that of the certificate")
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.key_size in _CURVES:
        return *_CURVES[private.curve.key_size], _by_curve(private)
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= _LEAST_RSA_BITS:
        return "ps256", 32, _by_rsa(private)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519", None, private.sign
    raise CredentialProblem(f"{path}: a key of this kind is not used here: take one of P-256")


def _by_curve(private: Any) -> Callable[[bytes], bytes]:  # noqa: ANN401  one of the library's own
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415  as above
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415  as above

    kinds = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
    bits = private.curve.key_size
    size = (bits + 7) // 8

    def sign(digest: bytes) -> bytes:
        signed = private.sign(digest, ec.ECDSA(utils.Prehashed(kinds[bits])))
        return b"".join(each.to_bytes(size, "big") for each in utils.decode_dss_signature(signed))

    return sign


def _by_rsa(private: Any) -> Callable[[bytes], bytes]:  # noqa: ANN401  as above
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415  as above
    from cryptography.hazmat.primitives.asymmetric import padding, utils  # noqa: PLC0415  as above

    sha256 = hashes.SHA256()

    def sign(digest: bytes) -> bytes:
        filled = padding.PSS(padding.MGF1(sha256), sha256.digest_size)
        signed: bytes = private.sign(digest, filled, utils.Prehashed(sha256))
        return signed

    return sign
