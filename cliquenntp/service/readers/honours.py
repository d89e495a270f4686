"""Whose NoCeM messages each account honours: the database has it, this has a copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cbor2
from twisted.internet.defer import Deferred

from cliquenntp.interfaces import Changes
from cliquenntp.newsgroup.nocem import HonouredNotices

PIECES = "nocem."
"""before an account's name: the piece with the keys that it honours, by the ids of forums' roots"""

MOST_KEYS = 100
"""keys that an account honours: each makes a look at an article some microseconds longer"""

Keys = Mapping[bytes, frozenset[bytes]]

Submit = Callable[[Callable[[Any], Any]], "Deferred[Any]"]
"""the turn's"""


class HonourError(Exception):
    """No more keys can be honoured; the text says why, in one line."""


class Honours:
    """What accounts honour.  All methods are for the reactor's thread."""

    def __init__(self, archive: Any, submit: Submit) -> None:
        """``archive`` has ``pieces`` as IWriter."""
        self._archive = archive
        self._submit = submit
        self._keys: dict[str, Keys] = {}
        self._hidden: dict[str, HonouredNotices] = {}
        self.on_changed: Callable[[], None] = lambda: None
        """is called when an account honours others than before, once that is on disk"""
        self.read()

    def read(self) -> None:
        """Take up what the database has now."""
        found = {name.removeprefix(PIECES): _decoded(piece) for name, piece in self._archive.pieces(PIECES)}
        for account in self._keys.keys() | found.keys():
            self._keep(account, found.get(account, {}))

    def _keep(self, account: str, keys: Keys) -> None:
        self._keys[account] = keys
        self.hidden_from(account).honour(keys)

    def hidden_from(self, account: str) -> HonouredNotices:
        """Return what hides from an account what those say whom it honours; the same one always."""
        hidden = self._hidden.get(account)
        if hidden is None:
            hidden = self._hidden[account] = HonouredNotices(self._archive)
        return hidden

    def honoured(self, account: str) -> Keys:
        """Return the keys that an account honours, by the ids of forums' roots."""
        return self._keys.get(account, {})

    def change(self, account: str, root: bytes, key: bytes, honour: bool) -> Deferred[None]:
        """Let an account honour a key in a forum (its root's id), or no more; fires once that is on disk.

        Fails with HonourError, or as the turn does.
        """

        def step(writer: Any) -> Keys:
            keys = dict(_decoded(writer.piece(PIECES + account)))
            named = keys.pop(root, frozenset())
            named = named | {key} if honour else named - {key}
            if named:
                keys[root] = named
            if sum(map(len, keys.values())) > MOST_KEYS:
                raise HonourError(f"an account honours at most {MOST_KEYS} keys")
            writer.piece_set(PIECES + account, cbor2.dumps({one: sorted(found) for one, found in sorted(keys.items())}))
            return keys

        def keep(keys: Keys) -> None:
            self._keep(account, keys)
            self.on_changed()

        return self._submit(step).addCallback(keep)

    def moved(self, changes: Changes) -> None:
        """Look again where somebody who is honoured has written, or what he wrote is gone."""
        honoured = {key for keys in self._keys.values() for named in keys.values() for key in named}
        if not honoured:
            return
        touched = {self._archive.record(docno).author for docno in (*changes.documents, *changes.gone)} & honoured
        for account, keys in self._keys.items() if touched else ():
            if any(not touched.isdisjoint(named) for named in keys.values()):
                self.hidden_from(account).look_again()


def _decoded(piece: bytes | None) -> Keys:
    return {} if piece is None else {root: frozenset(keys) for root, keys in cbor2.loads(piece).items()}
