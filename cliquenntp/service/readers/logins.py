"""Checks logins: passwords in a thread, one at a time, after a wait where there were failures before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, DeferredSemaphore, ensureDeferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from cliquenntp.interfaces import Identity
from cliquenntp.link.address import is_loopback
from cliquenntp.nntp.addresses import network_of
from cliquenntp.nntp.session import Login, PasswordLogin, Verifier
from cliquenntp.nntp.session.sasl import BadTextError, prepared
from cliquenntp.service.readers.accounts import Account, Accounts
from cliquenntp.service.readers.slow_down import SlowDown

HASHES_AT_ONCE = 1
"""so that a flood of logins takes one processor at most"""


class AccountLogins:
    """What a listener with accounts asks; see nntp.server.Logins.

    An account that does not exist is treated like one with another password, step by step.
    """

    def __init__(self, reactor: Any, accounts: Accounts, identity_of: Callable[[Account], Identity]) -> None:
        """``identity_of`` says who an account is to a session."""
        self._reactor = reactor
        self._accounts = accounts
        self._identity_of = identity_of
        self._slow_down = SlowDown()
        self._hashing = DeferredSemaphore(HASHES_AT_ONCE)

    def verifier(self, name: str) -> Verifier:
        """See nntp.server.Logins."""
        return self._accounts.verifier(name)

    def log_in(self, login: Login, address: str) -> Deferred[Identity | None]:
        """See nntp.server.Logins; ``address`` is an IP address, an I2P one, or empty for a Unix socket."""
        return ensureDeferred(self._log_in(login, address))

    async def _log_in(self, login: Login, address: str) -> Identity | None:
        try:
            name = prepared(login.name)
        except BadTextError:
            name = ""
        keys = [f"account {name}", *_address_key(address)]
        wait = self._slow_down.attempt(keys, self._reactor.seconds())
        if wait:
            await deferLater(self._reactor, wait)
        verifier = self._accounts.verifier(name)
        if isinstance(login, PasswordLogin):
            right = await self._hashing.run(deferToThread, verifier.accepts, login.password)
        else:
            right = login.proved
        account = self._accounts.get(name)
        if account is None or not right or account.verifier != verifier:  # it may have changed meanwhile
            return None
        self._slow_down.succeeded(keys)
        return self._identity_of(account)


def _address_key(address: str) -> list[str]:
    """Return the key under which failures from an address count; none for loopback, where all may come from one."""
    return [] if not address or is_loopback(address) else [f"address {network_of(address)}"]
