from pathlib import Path

import pytest
from OpenSSL import SSL

from cliquenntp.service.readers.certificate import Certificate, CertificateError, load_or_create
from tests.tls_in_memory import exchange


def test_its_own_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "tls"
    certificate = load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert load_or_create(path).fingerprint == certificate.fingerprint
    assert len(certificate.fingerprint.split(":")) == 32
    assert [file.name for file in path.parent.iterdir()] == ["tls"]


def test_a_chain_may_follow(tmp_path: Path) -> None:
    one, other = load_or_create(tmp_path / "one"), load_or_create(tmp_path / "other")
    chained = tmp_path / "chained"
    _, mark, rest = (tmp_path / "other").read_text().partition("-----BEGIN CERTIFICATE")
    chained.write_text((tmp_path / "one").read_text() + mark + rest)
    assert Certificate(chained).fingerprint == one.fingerprint != other.fingerprint


def test_it_is_read_again_and_a_broken_file_changes_nothing(tmp_path: Path) -> None:
    certificate, other = load_or_create(tmp_path / "tls"), load_or_create(tmp_path / "other")
    before = certificate.fingerprint
    (tmp_path / "tls").write_text("broken")
    with pytest.raises(CertificateError):
        certificate.read()
    assert certificate.fingerprint == before
    (tmp_path / "other").rename(tmp_path / "tls")
    context = certificate.context
    certificate.read()
    assert certificate.fingerprint == other.fingerprint and certificate.context is not context


def test_a_client_cannot_ask_for_handshakes_over_and_over(tmp_path: Path) -> None:
    server = SSL.Connection(load_or_create(tmp_path / "tls").context, None)
    server.set_accept_state()
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    client = SSL.Connection(context, None)
    client.set_connect_state()
    exchange(client, server)
    assert server.get_protocol_version_name() == client.get_protocol_version_name() == "TLSv1.2"
    client.renegotiate()
    with pytest.raises(SSL.WantReadError):
        client.do_handshake()
    server.bio_write(client.bio_read(65536))
    with pytest.raises(SSL.WantReadError):
        server.recv(1)
    client.bio_write(server.bio_read(65536))
    with pytest.raises(SSL.Error, match="no renegotiation"):
        client.do_handshake()


@pytest.mark.parametrize("kept", ["", "key", "certificate"])
def test_a_file_that_is_none_is_named(tmp_path: Path, kept: str) -> None:
    path = tmp_path / "tls"
    load_or_create(path)
    key, mark, certificate = path.read_text().partition("-----BEGIN CERTIFICATE")
    path.write_text({"": "", "key": key, "certificate": mark + certificate}[kept])
    with pytest.raises(CertificateError, match=f"{path}: needs a private key"):
        Certificate(path)
    with pytest.raises(CertificateError, match="cannot be read"):
        Certificate(tmp_path / "missing")


def test_a_key_that_is_not_the_certificates_is_refused(tmp_path: Path) -> None:
    load_or_create(tmp_path / "one")
    load_or_create(tmp_path / "other")
    key = (tmp_path / "one").read_text().partition("-----BEGIN CERTIFICATE")[0]
    mark, certificate = (tmp_path / "other").read_text().partition("-----BEGIN CERTIFICATE")[1:]
    (tmp_path / "mixed").write_text(key + mark + certificate)
    with pytest.raises(CertificateError):
        Certificate(tmp_path / "mixed")
