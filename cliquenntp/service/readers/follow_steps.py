"""The steps of the turn that keep what accounts follow."""

from __future__ import annotations

from collections.abc import Iterable

from cliquenntp.interfaces import Follow, IWriter

OfAccount = tuple[str, Follow]
"""an account's name, and what it follows or left"""


def keep(follows: Iterable[OfAccount], writer: IWriter) -> None:
    """Keep each in place of what the account thought of that document before."""
    for account, follow in follows:
        writer.follow_set(account, follow)


def forget(follows: Iterable[OfAccount], writer: IWriter) -> None:
    """Let each account think nothing of that document any more."""
    for account, follow in follows:
        writer.follow_delete(account, follow.document)


def leave(account: str, left: Follow, below: Iterable[OfAccount], writer: IWriter) -> None:
    """Keep that an account left a document, and forget what it followed below that."""
    forget(below, writer)
    keep([(account, left)], writer)
