"""SASL mechanisms (RFC 4422), the server's side: PLAIN (RFC 4616) and SCRAM-SHA-256 (RFC 5802, 7677).

A mechanism is a generator: it yields challenges, is sent responses, and returns the login that came of them.  Both
work on one kind of verifier, from which nobody gets the password back.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from hmac import compare_digest
from typing import TypeAlias

import attrs
from scramp import ScramException, ScramMechanism
from scramp.utils import saslprep

SCRAM = "SCRAM-SHA-256"


@attrs.frozen
class Verifier:
    """What is kept of a password: salted PBKDF2 with SHA-256, as RFC 5803 lists it."""

    salt: bytes
    iterations: int
    stored_key: bytes = attrs.field(repr=False)
    server_key: bytes = attrs.field(repr=False)

    @classmethod
    def of(cls, password: str, salt: bytes, iterations: int) -> Verifier:
        """Return a password's verifier; takes as long as its iterations.  Raises BadTextError."""
        try:
            salt, stored_key, server_key, _ = ScramMechanism(SCRAM).make_auth_info(password, iterations, salt)
        except ScramException as error:
            raise BadTextError(str(error)) from None
        return cls(salt, iterations, stored_key, server_key)

    def accepts(self, password: str) -> bool:
        """Tell whether it is the password; takes as long as the iterations, whatever the answer is."""
        try:
            given = Verifier.of(password, self.salt, self.iterations)
        except BadTextError:
            Verifier.of("", self.salt, self.iterations)
            return False
        return compare_digest(given.stored_key, self.stored_key)


class BadTextError(ValueError):
    """A name or a password holds characters that none may hold (RFC 4013)."""


def prepared(text: str) -> str:
    """Return a name as it is compared: ways to type the same thing become one (SASLprep).  Raises BadTextError."""
    try:
        found: str = saslprep(text)
    except ScramException as error:
        raise BadTextError(str(error)) from None
    return found


@attrs.frozen
class PasswordLogin:
    """Somebody says that this is the account's password."""

    name: str
    """as it came; empty where the client's message could not be understood"""
    password: str = attrs.field(repr=False)


@attrs.frozen
class ProofLogin:
    """Somebody has proved, or failed to prove, that they know the account's password."""

    name: str
    """prepared; empty where the client's message could not be understood"""
    proved: bool
    final: bytes = attrs.field(default=b"", repr=False)
    """what proves the server to the client, to be sent with the success"""


Login: TypeAlias = PasswordLogin | ProofLogin

Exchange: TypeAlias = Generator[bytes, bytes, Login]
"""yields challenges, is sent responses, returns the login"""

VerifierOf: TypeAlias = Callable[[str], Verifier]
"""returns the verifier of an account by its prepared name, an invented one where there is no such account"""


def plain(verifier_of: VerifierOf, nonce: str) -> Exchange:
    """PLAIN: one message with name and password; to act as somebody else is not possible."""
    message = yield b""
    parts = message.split(b"\0")
    try:
        other, name, password = (part.decode("utf-8") for part in parts)
    except ValueError:  # not three parts, or no UTF-8
        return ProofLogin("", False)
    return ProofLogin("", False) if other not in ("", name) or not name else PasswordLogin(name, password)


def scram(verifier_of: VerifierOf, nonce: str) -> Exchange:
    """SCRAM-SHA-256, without channel binding; ``nonce`` is fresh and random."""
    asked: list[str] = []

    def account(name: str) -> tuple[bytes, bytes, bytes, int]:
        asked.append(name)
        verifier = verifier_of(name)
        return verifier.salt, verifier.stored_key, verifier.server_key, verifier.iterations

    server = ScramMechanism(SCRAM).make_server(account, s_nonce=nonce)
    try:
        server.set_client_first((yield b"").decode("utf-8"))
        server.set_client_final((yield server.get_server_first().encode("utf-8")).decode("utf-8"))
    except (ScramException, UnicodeDecodeError):
        return ProofLogin(asked[0] if asked else "", False)
    return ProofLogin(asked[0], True, server.get_server_final().encode("utf-8"))


MECHANISMS: Mapping[bytes, Callable[[VerifierOf, str], Exchange]] = {b"PLAIN": plain, SCRAM.encode(): scram}
