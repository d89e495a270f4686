"""Python's NNTP libraries, which scripts and gateways are written with."""

from __future__ import annotations

import importlib.util
import ssl
import warnings
from email.message import EmailMessage

import nntp
import pytest

from tests.real.node_process import NodeProcess
from tests.real.readers.test_abilities import ports
from tests.real.reading import overview, wait_for_subject

pytestmark = pytest.mark.real

GROUP = "clique.welcome"
SUBJECT = "Welcome: what you are looking at"


def logged_in(node: NodeProcess, name: str) -> tuple[int, int, str]:
    """Make an account; return the ports for logins, without and with TLS, and the password."""
    password = node.cliquectl("user", "add", name)["password"]
    plain, tls, _ = ports(node)
    return plain, tls, str(password)


@pytest.mark.skipif(importlib.util.find_spec("nntplib") is None, reason="nntplib is in Python up to 3.12 only")
def test_nntplib(node: NodeProcess) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import nntplib
    plain, _, password = logged_in(node, "nntplib")
    for port, login in ((node.nntp_port, {}), (plain, {"user": "nntplib", "password": password})):
        with nntplib.NNTP("127.0.0.1", port, **login) as server:
            assert GROUP in [group.group for group in server.list(GROUP)[1]]
            _, count, first, last, _ = server.group(GROUP)
            found = dict(server.over((first, last))[1])
            assert len(found) == count
            subjects = [nntplib.decode_header(over["subject"]) for over in found.values()]
            assert SUBJECT in subjects and "Grüße: ein Betreff mit Umlauten" in subjects
            number = next(number for number, over in found.items() if over["subject"] == SUBJECT)
            assert b"You are reading a forum that no server runs. It lies on this machine, in the" in (
                server.article(str(number))[1].lines)
            subject = f"nntplib on {port}"
            assert server.post(article(subject)).startswith("240")
        wait_for_subject(node, GROUP, subject)


def article(subject: str) -> bytes:
    message = EmailMessage()
    message["From"] = "Zoe Leser <zoe@example.invalid>"
    message["Newsgroups"] = GROUP
    message["Subject"] = subject
    message.set_content("Aus einem Skript, größtenteils.", cte="8bit")
    return message.as_bytes()


@pytest.mark.parametrize("login", [False, True], ids=["no login", "login"])
def test_pynntp(node: NodeProcess, login: bool) -> None:
    port, account = node.nntp_port, {}
    if login:
        port, _, password = logged_in(node, "pynntp")
        account = {"username": "pynntp", "password": password}
    client = nntp.NNTPClient("127.0.0.1", port, **account)
    assert GROUP in [line.name for line in client.list_active(GROUP)]
    count, first, last, _ = client.group(GROUP)
    found = dict(client.xover((first, last)))
    assert len(found) == count
    number = next(number for number, over in found.items() if over["Subject"] == SUBJECT)
    assert b"You are reading a forum that no server runs." in client.article(number)[2]
    subject = f"pynntp on {port}"
    headers = {"From": "Zoe Leser <zoe@example.invalid>", "Newsgroups": GROUP, "Subject": subject}
    assert client.post(headers, b"Aus einem Skript.\r\n")
    client.quit()
    wait_for_subject(node, GROUP, subject)
    assert overview(node, GROUP)[subject][5] == ""


def test_pynntp_wants_a_certificate_of_an_authority(node: NodeProcess) -> None:
    _, tls, _ = logged_in(node, "pynntp-tls")
    with pytest.raises(ssl.SSLCertVerificationError):
        nntp.NNTPClient("127.0.0.1", tls, use_ssl=True)
