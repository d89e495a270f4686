"""The documents of a node, for changing, and what is told of a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from cliquenntp.interfaces.archive import SHARED, Follow, IArchive, IRecord
from cliquenntp.interfaces.clique import Place


@attrs.frozen
class Placement:
    """Where a document stands among newsgroups, decided once, before it is stored (newsgroup.placement)."""

    name: str
    """its newsgroup's name"""
    subject: str
    depth: int
    parents: tuple[int, ...]
    """docnos, as IRecord.parents"""
    roots: tuple[int, ...]
    """docnos; empty for a root, which is its own"""
    starters: tuple[int, ...]
    """docnos; empty for a thread starter, which is its own"""
    groups: tuple[int, ...]
    """docnos of the newsgroups in which it gets a number: nearest ancestors, thread starters, roots; no duplicates"""
    xref_groups: tuple[int, ...]
    """those of ``groups`` that its Xref names, in order"""
    references: tuple[bytes, ...]
    message_ids: tuple[bytes, ...]
    """foreign Message-IDs under which it shall be found"""
    waits_in: tuple[int, ...] = ()
    """docnos of the roots of the forums in which a moderator has to approve it first"""
    withheld: frozenset[int] = frozenset()
    """those of ``groups`` that belong to these forums"""


class IWriter(IArchive):
    """The archive inside the writer's transaction; used in the writer thread alone, between begin and commit."""

    def number(placement: Placement) -> tuple[int, tuple[tuple[int, int], ...]]:
        """Return the next docno and the numbers that the document will get: (group's docno, number).

        The number is 0 where it is withheld; (-root, number) tells the place among what waits in a forum.
        """

    def store(
        document: object, placement: Placement, overview: bytes, arrived: int, node: int = SHARED
    ) -> IRecord:
        """Store a document (document.Document) with the docno and numbers that ``number`` has just returned.

        ``node`` of this process holds it from then on; with NOBODY none does until ``hold`` is called.
        """

    def hold(docno: int, node: int, is_news: bool = True) -> None:
        """Let a node of this process hold a document that another one brought; nothing happens if it does already.

        ``is_news``: it shall tell others of it (Changes.held).
        """

    def show(docno: int, link: int, groups: Iterable[int]) -> None:
        """Give a document numbers in further newsgroups (docnos), where it stands in none of them yet.

        ``link`` is the docno under which it stands there: of the link that shows it, or its own.
        """

    def stands_in(docno: int, group: int) -> bool:
        """Tell whether a document has or had a number in a newsgroup."""

    def next_number(group: int) -> int:
        """Return the number that the next document in a newsgroup will get."""

    def withhold(docno: int, groups: Iterable[int]) -> None:
        """Note newsgroups around late parents (IArchive.late_groups) in which a moderator has to approve a document."""

    def revise(docno: int, overview: bytes) -> None:
        """Keep another overview line of a document that stands nowhere."""

    def hide(docno: int, groups: Iterable[int]) -> None:
        """Take a document out of newsgroups in which it has a number; it may get others there."""

    def wait(docno: int, root: int) -> None:
        """Let a document wait in a forum; nothing happens if it does."""

    def wait_no_more(docno: int, root: int) -> None:
        """Take a document out of what waits in a forum; nothing happens if it does not."""

    def appoint(docno: int, root: int) -> None:
        """Note that a document names moderators of a forum, or the work that it asks for."""

    def note_notice(docno: int, root: int) -> None:
        """Note that a document is a NoCeM message in a forum."""

    def add_alias(account: str, message_id: bytes, docno: int) -> None:
        """Let an account find a document under a Message-ID of its newsreader's choice."""

    def drop(docno: int, why: str) -> None:
        """Forget a document's text, overview and subject and take its articles out of all newsgroups.

        Its record stays as a stub: id, parents, key, time, name and the numbers, which are never given again.
        """

    def bring_back(docno: int, document: object, subject: str, overview: bytes) -> None:
        """Store again, under the numbers of its record, a document that is gone as LOST; ``hold`` has to follow."""

    def piece(name: str) -> bytes | None:
        """Return a named piece of the network's state, or None."""

    def pieces(prefix: str) -> Iterator[tuple[str, bytes]]:
        """Yield (name, value) of the pieces whose name begins with ``prefix``, in order of name."""

    def piece_set(name: str, value: bytes) -> None:
        """Keep a named piece of the network's state; costs a write only where the value changed."""

    def piece_delete(name: str) -> None:
        """Forget a piece; nothing happens if there is none."""

    def beat() -> None:
        """Show to other processes that somebody writes to this database; nothing happens where they cannot open it."""

    def follow_set(account: str, follow: Follow) -> None:
        """Keep what an account follows or left, in place of what it thought of that document before."""

    def follow_delete(account: str, document_id: bytes) -> None:
        """Forget what an account thought of a document; nothing happens if that is nothing."""


@attrs.frozen
class Held:
    """A document that a node of this process holds from now on."""

    node: int
    docno: int
    place: Place
    """so that nobody has to load what was just written"""


@attrs.frozen
class Changes:
    """What one commit changed, told to whoever keeps caches, after the reader has moved forward."""

    documents: tuple[int, ...]
    """docnos of the documents stored, ascending"""
    groups: tuple[int, ...]
    """docnos of the newsgroups that got or lost articles; a new document's own newsgroup is not among them"""
    gone: tuple[int, ...] = ()
    """docnos of the documents whose text was dropped"""
    aliases: tuple[tuple[str, bytes, int], ...] = ()
    """(account, Message-ID, docno) of what was posted under a Message-ID of the newsreader's choice"""
    revised: tuple[int, ...] = ()
    """docnos of the documents that began or ceased to stand in newsgroups, and of roots of whose forums something else
    was laid down"""
    held: tuple[Held, ...] = attrs.field(default=(), eq=False, repr=False)
    """what the nodes of this process hold from now on and shall tell others of, in order"""
