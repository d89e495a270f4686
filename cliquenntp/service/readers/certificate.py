"""The certificate for newsreaders that speak TLS: the operator's, or one of the node's own made at its first start."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from OpenSSL import SSL, crypto
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.ssl import CertificateOptions, TLSVersion
from zope.interface import implementer

from cliquenntp.link.tls import self_signed

OWN_CERTIFICATE = "tls"
"""name of the file under keys/"""


class CertificateError(Exception):
    """A certificate cannot be used; the text names its file and says what to do."""


@implementer(IOpenSSLServerConnectionCreator)
class Certificate:
    """A file with a private key, its certificate and those that vouch for it, as Twisted takes it for TLS."""

    def __init__(self, path: Path) -> None:
        """``path`` has the server's own certificate before the others.  Raises CertificateError."""
        self._path = path
        self.read()

    def read(self) -> None:
        """Read the file, again where it was renewed: connections that begin later use what is in it then.

        Raises CertificateError; what was read before stays.
        """
        try:
            pem = self._path.read_bytes()
        except OSError as error:
            raise CertificateError(f"{self._path}: cannot be read: {error.strerror}") from None
        try:
            key = serialization.load_pem_private_key(pem, None)
            own, *chain = x509.load_pem_x509_certificates(pem)
            options = CertificateOptions(
                privateKey=crypto.PKey.from_cryptography_key(key),  # type: ignore[arg-type]
                certificate=crypto.X509.from_cryptography(own),
                extraCertChain=[crypto.X509.from_cryptography(certificate) for certificate in chain],
                raiseMinimumTo=TLSVersion.TLSv1_2,  # newsreaders older than 2020 know no 1.3
            )
            self.context = options.getContext()
        except (ValueError, TypeError, crypto.Error, SSL.Error) as error:
            text = str(error).partition("\n")[0]
            raise CertificateError(
                f"{self._path}: needs a private key without a password and its certificate chain, as PEM: {text}"
            ) from None
        self.fingerprint = own.fingerprint(hashes.SHA256()).hex(":").upper()
        """its SHA-256, as newsreaders show it to people"""

    def serverConnectionForTLS(self, tlsProtocol: object) -> SSL.Connection:  # noqa: N802, N803
        """Return the connection that Twisted drives."""
        return SSL.Connection(self.context, None)


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
    return Certificate(path)
