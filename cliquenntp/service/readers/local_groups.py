"""The accounts' own articles in their control newsgroups, as the database has them."""

from __future__ import annotations

from typing import Any

from cliquenntp.newsgroup.local import LocalArticle, LocalGroup


def prefix(account: str) -> str:
    """Return how the names of the pieces with an account's articles begin; no account's name has a NUL in it."""
    return f"local.{account}\0"


class LocalGroups:
    """By account, each read when it is first asked for."""

    def __init__(self, archive: Any) -> None:
        """``archive`` has ``pieces`` as IWriter."""
        self._archive = archive
        self._groups: dict[str, LocalGroup] = {}

    def of(self, account: str) -> LocalGroup:
        """Return an account's newsgroup; the same one always."""
        if account not in self._groups:
            self._groups[account] = LocalGroup()
            self.read(account)
        return self._groups[account]

    def read(self, account: str) -> None:
        """Take up the articles of an account that the database has now."""
        self.of(account).show(LocalArticle.decoded(piece) for _, piece in self._archive.pieces(prefix(account)))

    def read_all(self) -> None:
        """Take up those of all accounts that were asked for."""
        for account in self._groups:
            self.read(account)
