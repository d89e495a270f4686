"""The control newsgroup: an account says in articles what shall be hidden and blocked, and is answered in articles.

Both are pieces ``local.ACCOUNT NUL NUMBER``; they never leave the database.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred

from cliquenntp.interfaces import Identity
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.newsgroup.control_articles import Orders, answer_article, is_for_control, posted_article, read_orders
from cliquenntp.newsgroup.local import MOST_ARTICLES, LocalArticle
from cliquenntp.newsgroup.named import NamingError
from cliquenntp.nntp.session import PostResult
from cliquenntp.service.orders import VERBS, order, perform, rows
from cliquenntp.service.power import Power, PowerError, Submit
from cliquenntp.service.readers.local_groups import LocalGroups, prefix
from cliquenntp.service.turn import TurnRefused

HELP = (
    "One command a line; WHAT is an address, a Message-ID in <> (it may stand on the next line), an id, a newsgroup",
    "or a node's key:",
    "  hide author WHAT, hide document WHAT: show it to me no more",
    "  unhide author WHAT, unhide document WHAT",
    "  block author WHAT, block document WHAT, block peer WHAT, block introducer WHAT: for the whole node",
    "  unblock author WHAT, and so on",
    "  hidden, blocked: list it",
)

_LISTS = ("hidden", "blocked")


class LocalControl:
    """Takes what is posted to the control newsgroup."""

    def __init__(
        self, archive: Any, submit: Submit, power: Power, groups: LocalGroups, clock: Callable[[], float],
        path_identity: str,
    ) -> None:
        """``submit`` is the turn's, ``clock`` the time of day in seconds since 1970 UTC."""
        self._archive = archive
        self._submit = submit
        self._power = power
        self._groups = groups
        self._clock = clock
        self._path_identity = path_identity.encode("ascii")

    def post(self, article: bytes, identity: Identity) -> Deferred[PostResult] | None:
        """Take an article if it is for the control newsgroup; fires with its verdict.  Raises PostRefused."""
        if not is_for_control(article):
            return None
        account = identity.account
        if account is None:
            raise PostRefused("only accounts have a control newsgroup")
        orders = read_orders(article)
        if orders.message_id in self._groups.of(account).named:
            raise PostRefused("an article with that Message-ID is here already")
        return ensureDeferred(self._carry_out(orders, account, identity))

    async def _carry_out(self, orders: Orders, account: str, identity: Identity) -> PostResult:
        try:
            lines = await self._done(orders, account, identity)
        except (NamingError, PowerError, TurnRefused) as error:
            lines = [f"Nothing was done: {error}"]
        try:
            await self._submit(lambda writer: self._keep(writer, orders, lines, account))
        except TurnRefused as error:
            return PostResult(False, str(error))
        self._groups.read(account)
        self._power.on_changed()
        return PostResult(True, "article received, the answer is in the newsgroup")

    async def _done(self, orders: Orders, account: str, identity: Identity) -> list[str]:
        """Do what is ordered, all or nothing; return what the answer says."""
        made, asked = [], []
        for words in orders.commands:
            verb, *arguments = words
            if verb.lower() in _LISTS and not arguments:
                asked.append(verb.lower())
            elif verb.lower() in VERBS and len(arguments) == 2:
                kind, what = arguments
                made.append(order(verb.lower(), kind.lower(), what, self._archive, identity))
            elif orders.commands != (("help",),):
                raise NamingError(f"{' '.join(words)[:80]!a} is no command; an article with the line help tells them")
        lines = await perform(made, account, self._power) if made else []
        for listed in asked:
            named = self._power.hidden(account) if listed == "hidden" else self._power.blocked
            found = rows(named, self._archive, identity)
            lines += [f"{listed}:", *(f"  {' '.join(row.values()).rstrip()}" for row in found)]
        return lines or list(HELP)

    def _keep(self, writer: Any, orders: Orders, lines: list[str], account: str) -> None:
        """Keep an article and its answer, and no more than there may be; a step of the turn."""
        now, begin = int(self._clock()), prefix(account)
        held = [LocalArticle.decoded(piece).number for _, piece in writer.pieces(begin)]
        number = max(held, default=0) + 1
        posted = orders.message_id or _fresh_id()
        raws = (
            posted_article(orders, number, posted, self._path_identity, now),
            answer_article(orders, lines, number + 1, posted, _fresh_id(), self._path_identity, now),
        )
        for given, raw in enumerate(raws, number):
            writer.piece_set(f"{begin}{given:010}", LocalArticle(given, now, raw).encoded())
        for old in held[: max(0, len(held) + len(raws) - MOST_ARTICLES)]:
            writer.piece_delete(f"{begin}{old:010}")


def _fresh_id() -> bytes:
    return b"<%b@local.clique.invalid>" % secrets.token_hex(12).encode("ascii")
