"""TLS between nodes: encryption without authorities, because the handshake proves the node keys inside it."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL, crypto
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import CertificateOptions, TLSVersion
from zope.interface import implementer

_BEGIN = datetime.datetime(2020, 1, 1)
_END = datetime.datetime(2120, 1, 1)
"""The same for every node: a certificate shall not tell when its node was started."""


def self_signed(common_name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Return a key made just now and a certificate for it, signed with itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), _BEGIN, _END)
    return key, builder.sign(key, hashes.SHA256())


def server_context() -> CertificateOptions:
    """Return the listening side's TLS 1.3 context, with a key and a nameless certificate made for this run."""
    key, certificate = self_signed("clique")
    return CertificateOptions(
        privateKey=crypto.PKey.from_cryptography_key(key),
        certificate=crypto.X509.from_cryptography(certificate),
        raiseMinimumTo=TLSVersion.TLSv1_3,
    )


@implementer(IOpenSSLClientConnectionCreator)
class ClientCreator:
    """The dialling side: TLS 1.3, any certificate, and no server name, which would tell onlookers who is meant."""

    def __init__(self) -> None:
        self._options = CertificateOptions(verify=False, raiseMinimumTo=TLSVersion.TLSv1_3)

    def clientConnectionForTLS(self, tlsProtocol: object) -> SSL.Connection:  # noqa: N802, N803
        """Return the connection that TLSMemoryBIOProtocol drives."""
        return SSL.Connection(self._options.getContext(), None)
