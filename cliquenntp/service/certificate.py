"""The certificate for newsreaders that speak TLS: the operator's, or one of the node's own made at its first start."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from OpenSSL import SSL, crypto
from twisted.internet.ssl import CertificateOptions, TLSVersion

from cliquenntp.link.tls import self_signed

OWN_CERTIFICATE = "tls"
"""name of the file under keys/"""


class CertificateError(Exception):
    """A certificate cannot be used; the text names its file and says what to do."""


class Certificate:
    """A private key with its certificate and those that vouch for it."""

    def __init__(self, pem: bytes, path: Path) -> None:
        """``pem`` has the private key and the chain, the server's own certificate first.  Raises CertificateError."""
        try:
            key = serialization.load_pem_private_key(pem, None)
            self._own, *chain = x509.load_pem_x509_certificates(pem)
            self.context = CertificateOptions(
                privateKey=crypto.PKey.from_cryptography_key(key),  # type: ignore[arg-type]
                certificate=crypto.X509.from_cryptography(self._own),
                extraCertChain=[crypto.X509.from_cryptography(certificate) for certificate in chain],
                raiseMinimumTo=TLSVersion.TLSv1_2,  # newsreaders older than 2020 know no 1.3
            )
            self.context.getContext()
        except (ValueError, TypeError, crypto.Error, SSL.Error) as error:
            text = str(error).partition("\n")[0]
            raise CertificateError(
                f"{path}: needs a private key without a password and its certificate chain, as PEM: {text}"
            ) from None

    @property
    def fingerprint(self) -> str:
        """Its SHA-256, as newsreaders show it to people."""
        return self._own.fingerprint(hashes.SHA256()).hex(":").upper()


def load(path: Path) -> Certificate:
    """Return the certificate in an operator's file.  Raises CertificateError."""
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise CertificateError(f"{path}: cannot be read: {error.strerror}") from None
    return Certificate(pem, path)


def load_or_create(path: Path) -> Certificate:
    """Return the node's own certificate, made when there is none.  Raises CertificateError and OSError."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        key, certificate = self_signed("cliquenntp")
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem + certificate.public_bytes(serialization.Encoding.PEM))
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    return load(path)
