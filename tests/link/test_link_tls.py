"""What TLS between nodes tells somebody on the line before anything is encrypted."""

from __future__ import annotations

from OpenSSL import SSL

from cliquenntp.link.tls import ClientCreator, self_signed, server_context
from tests.tls_in_memory import exchange


def test_certificates_of_nodes_differ_in_what_was_drawn_alone() -> None:
    one, other = (self_signed("clique")[1] for _ in range(2))
    for name in ("subject", "issuer", "not_valid_before_utc", "not_valid_after_utc", "version"):
        assert getattr(one, name) == getattr(other, name), name
    assert not [*one.extensions]
    assert one.serial_number != other.serial_number
    assert one.public_key() != other.public_key()


def test_nobody_on_the_line_sees_whom_a_node_wants_to_reach() -> None:
    listening = SSL.Connection(server_context().getContext(), None)
    listening.set_accept_state()
    dialling = ClientCreator().clientConnectionForTLS(None)
    dialling.set_connect_state()
    exchange(dialling, listening)
    assert listening.get_protocol_version_name() == dialling.get_protocol_version_name() == "TLSv1.3"
    assert listening.get_servername() is None
