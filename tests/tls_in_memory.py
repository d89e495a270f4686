"""The two ends of a TLS connection in memory."""

from __future__ import annotations

from OpenSSL import SSL


def exchange(one: SSL.Connection, other: SSL.Connection) -> None:
    """Shake hands, and move octets between two connections until both have nothing more to say."""
    moved = True
    while moved:
        moved = False
        for source, target in ((one, other), (other, one)):
            try:
                source.do_handshake()
            except SSL.WantReadError:
                pass
            try:
                target.bio_write(source.bio_read(1 << 16))
                moved = True
            except SSL.WantReadError:
                pass
