"""Logins are checked in the same steps whether there is such an account or not, and wait after failures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from cliquenntp.interfaces import Identity, Right
from cliquenntp.nntp.session import ProofLogin, Verifier
from cliquenntp.service.readers.accounts import (
    ITERATIONS,
    MOST_PASSWORD_OCTETS,
    SALT_OCTETS,
    Account,
    AccountError,
    Accounts,
    account_name,
    new_verifier,
)
from cliquenntp.service.readers.logins import AccountLogins
from cliquenntp.service.readers.slow_down import FREE_FAILURES

VERIFIER = Verifier(b"s" * SALT_OCTETS, ITERATIONS, b"k" * 32, b"v" * 32)
MARY = Account(1, "mary", Right.READ, None, VERIFIER, 0)
GONE = Account(2, "gone", Right.READ, None, None, 0)
ELSEWHERE = "192.0.2.7"


class Stored:
    """The pieces of two accounts."""

    def pieces(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        for account in (MARY, GONE):
            yield f"{prefix}{account.number}", account.encoded()


def accounts(secret: bytes = b"secret") -> Accounts:
    return Accounts(Stored(), lambda step: Deferred(), secret)


class Logins(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.logins = AccountLogins(self.clock, accounts(), lambda account: Identity(account.name, account.rights))

    def guess(self, name: str, address: str, times: int) -> None:
        for _ in range(times):
            assert self.successResultOf(self.logins.log_in(ProofLogin(name, False), address)) is None

    def test_who_proves_it_comes_in(self) -> None:
        identity = self.successResultOf(self.logins.log_in(ProofLogin("mary", True), ELSEWHERE))
        assert identity == Identity("mary", Right.READ)
        for name in ("gone", "nobody", ""):
            assert self.successResultOf(self.logins.log_in(ProofLogin(name, True), ELSEWHERE)) is None

    def test_after_failures_right_and_wrong_logins_wait_alike(self) -> None:
        for name in ("mary", "nobody"):
            self.guess(name, "127.0.0.1", FREE_FAILURES)
            for seconds, proved in ((1.0, False), (2.0, True)):
                login = self.logins.log_in(ProofLogin(name, proved), "127.0.0.1")
                self.clock.advance(seconds - 0.1)
                self.assertNoResult(login)
                self.clock.advance(0.2)
                assert (self.successResultOf(login) is not None) == (proved and name == "mary")

    def test_an_address_pays_for_all_names_unless_it_is_everybodys(self) -> None:
        for number in range(FREE_FAILURES):
            self.guess(f"name{number}", ELSEWHERE, 1)
            self.guess(f"other{number}", "::1", 1)
        self.assertNoResult(self.logins.log_in(ProofLogin("mary", True), ELSEWHERE))
        assert self.successResultOf(self.logins.log_in(ProofLogin("mary", True), "::1")) is not None


def test_no_account_has_a_verifier_like_one() -> None:
    known = accounts()
    assert known.verifier("mary") == VERIFIER
    for name in ("nobody", "gone"):
        invented = known.verifier(name)
        assert invented == accounts().verifier(name) != accounts(b"another").verifier(name)
        assert (len(invented.salt), invented.iterations) == (SALT_OCTETS, ITERATIONS)
        assert len(invented.stored_key) == len(invented.server_key) == 32
    assert known.verifier("nobody").salt != known.verifier("gone").salt


def test_an_account_is_kept_as_it_is() -> None:
    scoped = Account(3, "b\u00f6b", Right.READ | Right.CREATE, frozenset(["clique.tea"]), VERIFIER, 5)
    for account in (MARY, GONE, scoped):
        assert Account.decoded(account.number, account.encoded()) == account


@pytest.mark.parametrize("name", ["", "two words", "a\u0007", "x" * 65, "\u00ad"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(AccountError):
        account_name(name)


@pytest.mark.parametrize("password", ["", "two words", "a\u0007", "x" * (MOST_PASSWORD_OCTETS + 1)])
def test_what_is_no_password_is_refused(password: str) -> None:
    with pytest.raises(AccountError):
        new_verifier(password, b"s" * SALT_OCTETS)


def test_the_longest_password_fits_into_a_line_of_sasl_plain() -> None:
    message = b"\0" + b"n" * 64 + b"\0" + b"p" * MOST_PASSWORD_OCTETS
    assert len(b"AUTHINFO SASL PLAIN \r\n") + -(-len(message) // 3) * 4 <= 512
