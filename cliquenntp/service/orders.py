"""Hiding and blocking in words: what cliquectl's commands and the lines of control articles say, and what they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from cliquenntp.interfaces import IArchive, Identity, Right
from cliquenntp.newsgroup.named import HIDEABLE, Kind, Named, NamedSet, NamingError, named_by
from cliquenntp.service.power import Power

HIDE, UNHIDE, BLOCK, UNBLOCK = VERBS = ("hide", "unhide", "block", "unblock")


@attrs.frozen
class Order:
    """That something be hidden or blocked, or no more."""

    verb: str
    named: Named

    @property
    def adds(self) -> bool:
        """Whether something is to be hidden or blocked, and not taken back."""
        return self.verb in (HIDE, BLOCK)

    @property
    def is_block(self) -> bool:
        """Whether it concerns the whole node."""
        return self.verb in (BLOCK, UNBLOCK)

    def __str__(self) -> str:
        return f"{self.verb} {self.named}"


def order(verb: str, kind: str, what: str, archive: IArchive, identity: Identity) -> Order:
    """Return what somebody orders.  Raises NamingError, also where it may not be ordered by them."""
    kinds = HIDEABLE if verb in (HIDE, UNHIDE) else tuple(Kind)
    if kind not in [one.value for one in kinds]:
        raise NamingError(f"one can {verb} {', '.join(one.value for one in kinds)}, not {kind[:30]!a}")
    made = Order(verb, named_by(Kind(kind), what, archive, identity))
    if made.is_block and not identity.may(Right.ADMIN):
        raise NamingError("only the node's owner, or an account with the right admin, blocks: others hide")
    return made


async def perform(orders: Sequence[Order], account: str, power: Power) -> list[str]:
    """Carry out orders of an account's; return what was done, a line each.  Fails as Power.change does."""
    told = [_told(one, one.named in (power.blocked if one.is_block else power.hidden(account))) for one in orders]
    for whose in (account, None):
        wanted: dict[Named, bool] = {one.named: one.adds for one in orders if one.is_block is (whose is None)}
        if wanted:
            add = frozenset(named for named, adds in wanted.items() if adds)
            await power.change(whose, add, frozenset(wanted) - add)
    return told


def _told(order: Order, is_named: bool) -> str:
    state = "blocked" if order.is_block else "hidden"
    if order.adds:
        return f"{order.named} is {state}{' already' if is_named else ''}"
    return f"{order.named} is {state} no more" if is_named else f"{order.named} was not {state}"


def rows(all_named: NamedSet, archive: IArchive, identity: Identity) -> Iterator[dict[str, str]]:
    """Yield what is hidden or blocked, in order: its kind, itself in a word that can be typed, a newsgroup's name."""
    for named in sorted(all_named, key=lambda named: (named.kind.value, named.text)):
        name = ""
        docno = archive.find(named.value) if named.kind is Kind.DOCUMENT else None
        if docno is not None and identity.may_see(archive.record(docno).roots):
            name = archive.record(docno).name
        yield {"kind": named.kind.value, "what": named.text, "name": name}
