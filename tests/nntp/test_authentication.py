"""AUTHINFO (RFC 4643), SASL PLAIN and SCRAM-SHA-256, STARTTLS (RFC 4642): the session alone."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode

import attrs
import pytest
from scramp import ScramClient

from cliquenntp.interfaces import Identity, Right
from cliquenntp.nntp.session import PasswordLogin, ProofLogin, SessionSettings, State, Verifier
from cliquenntp.nntp.session.authentication import MOST_FAILED_LOGINS
from cliquenntp.nntp.session.sasl import BadTextError, prepared
from tests.nntp.session_wire import SessionWire
from tests.nntp.small_view import small_forum

PASSWORD = "corr\u00e9ct"
VERIFIER = Verifier.of(PASSWORD, b"salt" * 4, 4096)
NOBODY = Identity(None, Right.NONE)
SETTINGS = SessionSettings(verifier_of={"mary": VERIFIER}.__getitem__)


class Wire(SessionWire):
    """A session on which one may log in as mary."""

    def __init__(self, **changes: object) -> None:
        self.settings = attrs.evolve(SETTINGS, verifier_of=self.verifier_of, **changes)
        super().__init__(small_forum(), NOBODY, self.settings)
        self.verifiers["mary"] = VERIFIER

    def verifier_of(self, name: str) -> Verifier:
        return self.verifiers.get(name) or attrs.evolve(VERIFIER, stored_key=bytes(32))

    def say(self, line: str) -> str:
        """Send a line and return all that is answered."""
        before = len(self.output)
        self.send(line.encode() + b"\r\n")
        return self.output[before:].decode()

    def capabilities(self) -> dict[str, list[str]]:
        lines = self.say("CAPABILITIES").split("\r\n")[1:-2]
        return {line.split()[0]: line.split()[1:] for line in lines}


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


PLAIN = encoded(f"\0mary\0{PASSWORD}")


def test_before_a_login_nothing_is_read_or_posted() -> None:
    wire = Wire()
    assert wire.output.startswith(b"200 ")
    for command in ("GROUP clique.tea", "LIST", "LIST ACTIVE", "ARTICLE <a1000@clique.invalid>", "OVER", "POST",
                    "NEWNEWS * 20200101 000000", "XOVER", "LIST MOTD"):
        assert wire.say(command).startswith("480 "), command
    assert wire.say("DATE").startswith("111 ")
    announced = wire.capabilities()
    assert announced["AUTHINFO"] == ["USER", "SASL"]
    assert announced["SASL"] == ["PLAIN", "SCRAM-SHA-256"]
    assert "READER" in announced, "neomutt hangs up otherwise"
    assert "POST" not in announced and "OVER" not in announced


def test_user_and_pass() -> None:
    wire = Wire()
    assert wire.say("AUTHINFO PASS x").startswith("482 ")
    assert wire.say("AUTHINFO USER mary").startswith("381 ")
    assert wire.say("DATE").startswith("111 ")
    assert wire.say(f"authinfo pass {PASSWORD}").startswith("281 ")
    assert wire.logins == [PasswordLogin("mary", PASSWORD)]
    assert wire.session.identity.account == "mary"
    assert wire.say("GROUP clique.tea").startswith("211 ")
    announced = wire.capabilities()
    assert "AUTHINFO" not in announced and "SASL" not in announced and "READER" in announced and "POST" in announced
    for command in ("AUTHINFO USER mary", "AUTHINFO PASS x", f"AUTHINFO SASL PLAIN {PLAIN}"):
        assert wire.say(command).startswith("502 "), command


def test_a_wrong_password_and_no_such_account_sound_the_same() -> None:
    answers = []
    for name in ("mary", "nobody"):
        wire = Wire()
        wire.say(f"AUTHINFO USER {name}")
        refused = wire.say("AUTHINFO PASS wrong")
        assert refused.startswith("481 ")
        assert wire.say("AUTHINFO PASS again").startswith("482 ")
        answers.append(wire.output)
        assert wire.say("GROUP clique.tea").startswith("480 ")
    assert answers[0] == answers[1]


def test_too_many_failures_close_the_connection() -> None:
    wire = Wire()
    for _ in range(MOST_FAILED_LOGINS):
        assert not wire.closed
        answer = wire.say("AUTHINFO USER mary\r\nAUTHINFO PASS wrong")
    assert wire.closed
    assert [line[:3] for line in answer.split("\r\n")] == ["381", "481", "400", ""]


def test_plain_with_and_without_an_initial_response() -> None:
    wire = Wire()
    assert wire.say(f"AUTHINFO SASL PLAIN {PLAIN}").startswith("281 ")
    wire = Wire()
    assert wire.say("AUTHINFO SASL plain") == "383 =\r\n"
    assert wire.say(PLAIN).startswith("281 ")
    assert wire.logins == [PasswordLogin("mary", PASSWORD)]
    wire = Wire()
    assert wire.say("AUTHINFO SASL PLAIN " + encoded(f"mary\0mary\0{PASSWORD}")).startswith("281 ")


@pytest.mark.parametrize("message", [
    "", "mary", "mary\0pass", f"other\0mary\0{PASSWORD}", f"\0\0{PASSWORD}", "\0mary\0a\0b",
])
def test_a_plain_message_that_is_none_is_a_failed_login(message: str) -> None:
    wire = Wire()
    assert wire.say("AUTHINFO SASL PLAIN " + (encoded(message) or "=")).startswith("481 ")
    assert wire.logins == [ProofLogin("", False)]


def test_an_exchange_may_be_cancelled_or_broken() -> None:
    wire = Wire()
    wire.say("AUTHINFO SASL PLAIN")
    assert wire.say("*").startswith("481 ")
    wire.say("AUTHINFO SASL PLAIN")
    assert wire.say("not base64!").startswith("504 ")
    wire.say("AUTHINFO SASL PLAIN")
    assert wire.say("A" * 600).startswith("501 ")
    assert wire.say("DATE").startswith("111 ")
    assert wire.say("AUTHINFO SASL PLAIN %%%").startswith("504 ")
    assert wire.say("AUTHINFO SASL LOGIN").startswith("503 ")
    assert wire.say("AUTHINFO").startswith("501 ")
    assert wire.say("AUTHINFO GENERIC x").startswith("501 ")
    assert wire.logins == []


def scram(wire: Wire, name: str, password: str) -> tuple[str, ScramClient]:
    client = ScramClient(["SCRAM-SHA-256"], name, password)
    challenge = wire.say("AUTHINFO SASL SCRAM-SHA-256 " + encoded(client.get_client_first()))
    assert challenge.startswith("383 ")
    client.set_server_first(b64decode(challenge[4:]).decode())
    return wire.say(encoded(client.get_client_final())), client


def test_scram_proves_both_sides() -> None:
    wire = Wire()
    answer, client = scram(wire, "mary", PASSWORD)
    assert answer.startswith("283 ")
    client.set_server_final(b64decode(answer[4:]).decode())
    assert wire.session.identity.account == "mary"
    assert PASSWORD.encode() not in wire.sent


@pytest.mark.parametrize("name", ["mary", "nobody"])
def test_scram_with_a_wrong_password_and_without_an_account_sounds_the_same(name: str) -> None:
    wire = Wire()
    answer, _ = scram(wire, name, "wrong")
    assert answer == "481 No such account, or not its password\r\n"
    assert wire.logins == [ProofLogin(name, False)]


@pytest.mark.parametrize("message", [
    "", "n", "n,,", "p=tls-unique,,n=mary,r=abc", "n,a=other,n=mary,r=abc", "\0", "n,,n=,r=x",
])
def test_a_scram_message_that_is_none_is_a_failed_login(message: str) -> None:
    wire = Wire()
    assert wire.say("AUTHINFO SASL SCRAM-SHA-256 " + (encoded(message) or "=")).startswith("481 ")
    assert [login.proved for login in wire.logins] == [False]
    assert wire.faults == []


def test_nobody_logs_in_where_others_may_listen() -> None:
    wire = Wire(confidential=False, starttls=True)
    for command in ("USER mary", "PASS x", f"SASL PLAIN {PLAIN}", "SASL SCRAM-SHA-256"):
        assert wire.say(f"AUTHINFO {command}").startswith("483 "), command
    assert wire.logins == []
    announced = wire.capabilities()
    assert announced["AUTHINFO"] == [] and "SASL" not in announced and "STARTTLS" in announced
    assert wire.say("STARTTLS").startswith("382 ")
    announced = wire.capabilities()
    assert announced["AUTHINFO"] == ["USER", "SASL"] and "STARTTLS" not in announced
    assert wire.say("STARTTLS").startswith("502 ")
    wire.say("AUTHINFO USER mary")
    assert wire.say(f"AUTHINFO PASS {PASSWORD}").startswith("281 ")


def test_what_was_said_before_tls_is_forgotten() -> None:
    wire = SessionWire(small_forum(), Identity(None, Right.READ), attrs.evolve(SETTINGS, starttls=True))
    wire.send(b"GROUP clique.tea\r\nAUTHINFO USER mary\r\n")
    wire.send(b"STARTTLS\r\nGROUP clique.tea\r\nDATE\r\nPO")
    assert wire.output.endswith(b"382 Continue with TLS\r\n")
    before = len(wire.output)
    wire.send(b"STAT\r\nAUTHINFO PASS x\r\n")
    assert [line[:3] for line in wire.output[before:].split(b"\r\n")] == [b"412", b"482", b""]


def test_tls_never_begins_too_late() -> None:
    wire = Wire(starttls=True)
    wire.say(f"AUTHINFO SASL PLAIN {PLAIN}")
    assert wire.say("STARTTLS").startswith("502 ")
    assert "STARTTLS" not in wire.capabilities()
    assert Wire().say("STARTTLS").startswith("580 ")


def test_after_compress_neither_login_nor_tls() -> None:
    wire = Wire(starttls=True)
    wire.say("COMPRESS DEFLATE")
    begun = len(wire.output)
    shrinker, expander = zlib.compressobj(wbits=-15), zlib.decompressobj(-15)
    commands = f"AUTHINFO USER mary\r\nAUTHINFO SASL PLAIN {PLAIN}\r\nSTARTTLS\r\nCAPABILITIES\r\n".encode()
    wire.send(shrinker.compress(commands) + shrinker.flush(zlib.Z_SYNC_FLUSH))
    answers = expander.decompress(wire.output[begun:]).decode()
    assert [line[:3] for line in answers.split("\r\n")[:4]] == ["502", "502", "502", "101"]
    assert not any(word in answers for word in ("AUTHINFO", "SASL", "STARTTLS", "COMPRESS"))


def test_no_login_where_there_are_no_accounts() -> None:
    wire = SessionWire(small_forum())
    wire.send(b"AUTHINFO USER mary\r\nAUTHINFO SASL PLAIN\r\nCAPABILITIES\r\n")
    assert wire.output.count(b"\r\n502 ") == 2
    assert b"AUTHINFO" not in wire.output and b"SASL" not in wire.output.replace(b"502 ", b"")


def test_a_shutdown_waits_for_a_login_under_way() -> None:
    wire = Wire()
    wire.say("AUTHINFO USER mary")
    session = wire.session
    session.receive(f"AUTHINFO PASS {PASSWORD}\r\nDATE\r\n".encode(), 0)
    assert session.state is State.ADMITTING
    assert session.finish(b"400 Bye\r\n") == b""
    output = session.admit(wire.admit(session.login), 0)
    assert output == b"281 Welcome\r\n400 Bye\r\n"
    assert session.state is State.CLOSED


def test_what_is_typed_differently_and_means_the_same_is_the_same() -> None:
    assert prepared("ma\u00adry\u2168") == "maryIX"
    assert VERIFIER.accepts("corre\u0301ct")
    assert not VERIFIER.accepts("correct") and not VERIFIER.accepts("") and not VERIFIER.accepts("a\u0007")
    with pytest.raises(BadTextError):
        prepared("a\u0007")
    with pytest.raises(BadTextError):
        Verifier.of("a\u0007", b"salt" * 4, 4096)


def test_the_verifier_of_rfc_7677() -> None:
    verifier = Verifier.of("pencil", b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
    assert b64encode(verifier.stored_key) == b"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
    assert b64encode(verifier.server_key) == b"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
