"""AUTHINFO (RFC 4643) and STARTTLS (RFC 4642, 8143).

Passwords are checked outside: a handler answers with the login to be checked, and ``outcome`` makes the reply.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode

import attrs

from cliquenntp.interfaces import Identity, INewsView
from cliquenntp.nntp.session import replies
from cliquenntp.nntp.session.command import Answer, Challenge, StartTLS
from cliquenntp.nntp.session.reader import Reader
from cliquenntp.nntp.session.sasl import MECHANISMS, Exchange, Login, PasswordLogin, ProofLogin

MOST_FAILED_LOGINS = 5
"""on one connection; a newsreader that asks its user again does so a few times"""

SASL_CAPABILITIES = b" ".join([b"AUTHINFO SASL\nSASL", *MECHANISMS]).decode()


@attrs.frozen
class Admission:
    """Who somebody is who has logged in, and what they see."""

    identity: Identity
    view: INewsView


def may_log_in(reader: Reader) -> bool:
    """Tell whether AUTHINFO USER and SASL work now."""
    return reader.login_wanted and reader.confidential and not reader.compressed


def may_start_tls(reader: Reader) -> bool:
    """Tell whether STARTTLS works now."""
    return reader.settings.starttls and not (reader.encrypted or reader.compressed or reader.identity.account)


def _refusal(reader: Reader) -> bytes | None:
    """Return why nobody may log in now, or None.

    Not after COMPRESS: the sizes of what is compressed tell what is in it (RFC 8054 section 2.2.2).
    """
    if not reader.login_wanted or reader.compressed:
        return replies.LOGIN_UNAVAILABLE
    return None if reader.confidential else replies.ENCRYPTION_NEEDED


def user(reader: Reader, words: list[bytes]) -> Answer:
    """AUTHINFO USER: asks for the password, whatever the name is."""
    refusal = _refusal(reader)
    if refusal is None:
        reader.login_name = words[0].decode("utf-8")
    return refusal or replies.PASSWORD_NEEDED


def password(reader: Reader, words: list[bytes]) -> Answer:
    """AUTHINFO PASS."""
    refusal = _refusal(reader)
    if refusal is not None:
        return refusal
    name, reader.login_name = reader.login_name, ""
    return PasswordLogin(name, words[0].decode("utf-8")) if name else replies.LOGIN_OUT_OF_SEQUENCE


def sasl(reader: Reader, words: list[bytes]) -> Answer:
    """AUTHINFO SASL."""
    refusal = _refusal(reader)
    verifier_of = reader.settings.verifier_of
    if refusal is not None or verifier_of is None:
        return refusal or replies.LOGIN_UNAVAILABLE
    mechanism = MECHANISMS.get(words[0].upper())
    if mechanism is None:
        return replies.NO_SUCH_MECHANISM
    reader.login_name = ""
    # as hard to guess as the message-ids that this makes, and as fresh
    exchange = mechanism(verifier_of, reader.fresh_id().strip(b"<>").decode("ascii"))
    challenge = next(exchange)
    return respond(exchange, words[1]) if len(words) > 1 else Challenge(_challenge(challenge), exchange)


def respond(exchange: Exchange, response: bytes) -> Answer:
    """Answer a client's response (a line, or the initial response in the command)."""
    if response == b"*":
        return replies.LOGIN_CANCELLED
    try:
        decoded = b"" if response == b"=" else b64decode(response, validate=True)
    except binascii.Error:
        return replies.NOT_BASE64
    try:
        return Challenge(_challenge(exchange.send(decoded)), exchange)
    except StopIteration as end:
        login: Login = end.value
        return login


def _challenge(challenge: bytes) -> bytes:
    return replies.CHALLENGE % _encoded(challenge)


def _encoded(data: bytes) -> bytes:
    return b64encode(data) or b"="


def outcome(reader: Reader, login: Login, admission: Admission | None) -> bytes:
    """Return the reply to a login that was checked; None: it was refused."""
    if admission is None:
        reader.failed_logins += 1
        return replies.LOGIN_FAILED
    reader.admit(admission.identity, admission.view)
    if isinstance(login, ProofLogin):
        return replies.LOGGED_IN_WITH_PROOF % _encoded(login.final)
    return replies.LOGGED_IN


def starttls(reader: Reader, words: list[bytes]) -> Answer:
    """STARTTLS."""
    if not reader.settings.starttls:
        return replies.NO_TLS
    return StartTLS(replies.CONTINUE_WITH_TLS) if may_start_tls(reader) else replies.TLS_UNAVAILABLE
