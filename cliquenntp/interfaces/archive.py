"""The documents of a node, for reading."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator

import attrs
from zope.interface import Attribute, Interface

from cliquenntp.interfaces.clique import Place

SHARED = 0
"""the node of the process that all accounts share; others belong to one account each and have greater numbers"""

NOBODY = -1
"""in place of a node: the document is stored, and no node of the process holds it yet, so that none tells of it"""

LOST = "lost"
"""why a document is gone that the disk has damaged: no node holds it, so peers are asked for it until it is back"""


class IRecord(Interface):
    """What a node keeps about one document, its bytes apart.

    Nothing in it changes after arrival but the subject, which goes with the text, and the numbers of what loses its
    place in a moderated forum.
    """

    docno = Attribute("int: the document's number on this node")
    id = Attribute("bytes: the document's id, 32 bytes")
    author = Attribute("bytes: the Ed25519 public key that signed it, 32 bytes")
    time = Attribute("int: Clique-Time, seconds since 1970 UTC")
    arrived = Attribute("int: when it was stored here, seconds since 1970 UTC")
    parents = Attribute("tuple[int, ...]: docnos of the parents held at arrival, the first parent first")
    depth = Attribute("int: steps to the root along first parents; a root has 0")
    roots = Attribute("tuple[int, ...]: docnos of the roots above it, the first parent's first; a root: itself")
    starters = Attribute("tuple[int, ...]: docnos of the thread starters (roots' children) above it, or itself")
    name = Attribute("str: its newsgroup's name, ASCII")
    subject = Attribute("str: the decoded subject, the newsgroup's description")
    numbers = Attribute(
        "tuple[tuple[int, int], ...]: (group's docno, article number there), itself excluded; the number is 0 where a "
        "moderator has to approve it first, or had to")
    groups = Attribute("tuple[int, ...]: the docnos in ``numbers``")
    references = Attribute("tuple[bytes, ...]: ids of the first-parent chain without the root, oldest first, cut")
    message_ids = Attribute("tuple[bytes, ...]: foreign Message-IDs under which it may be found")
    size = Attribute("int: octets of the document's bytes")


class IGroupNumbers(Interface):
    """The article numbers of one newsgroup (RFC 3977 section 6); they begin at 1 and are never reused."""

    low = Attribute("int: low water mark; high + 1 when empty")
    high = Attribute("int: high water mark")
    count = Attribute("int: articles present")

    def at(number: int) -> int | None:
        """Return the docno of the article with that number, or None where there is none."""

    def between(low: int, high: int) -> Iterator[tuple[int, int]]:
        """Yield (number, docno) of the articles present from low to high inclusive, ascending."""


class Reason(enum.Enum):
    """Why a document is followed, or is not; the values are part of the database's format."""

    READING = "reading"
    """the account read it; this lapses"""
    EXPLICIT = "explicit"
    """somebody asked for it by name; this lasts until somebody says otherwise"""
    LEFT = "left"
    """it is not followed: somebody said so, and reading it does not change that"""


@attrs.frozen
class Follow:
    """What one account thinks of one document: whether it wants what comes below it, and why."""

    document: bytes
    """id, 32 bytes; the document need not be held yet"""
    reason: Reason
    looked: int
    """when the account looked last, seconds since 1970 UTC; what is kept on disk may be older by an hour"""
    comments: bool = False
    """depth: its own comments alone; else all that comes below it"""
    since: int = 0
    """Clique-Time; what is older is not asked for"""
    node: int = SHARED
    """the node that carries it out: the shared one, or the account's own"""


class IArchive(Interface):
    """The documents of this node, for reading; one consistent state until its owner moves it forward."""

    def find(document_id: bytes) -> int | None:
        """Return the docno of a document by its id, or None when it is not held."""

    def find_prefix(prefix: str) -> Iterable[int]:
        """Return the docnos of the held documents whose id's text (base32) begins with ``prefix``."""

    def record(docno: int) -> IRecord:
        """Return a document's record; KeyError when there is none."""

    def place(docno: int) -> Place:
        """Return what the clique core knows of a document; KeyError when there is none."""

    def raw(docno: int) -> bytes:
        """Return a document's bytes as they were signed; KeyError when there are none, also where it is gone."""

    def overview(docno: int) -> bytes:
        """Return the overview line without its number: the fields from Subject to Xref, joined by TAB, no CRLF.

        Empty where the document is gone.
        """

    def overviews(group: int, low: int, high: int) -> Iterator[tuple[int, bytes]]:
        """Yield (number, overview line as in ``overview``) for the articles of a group from low to high inclusive."""

    def numbers(group: int) -> IGroupNumbers:
        """Return the article numbers of a document's newsgroup; a document nobody answered has itself as article 1.

        ``-root`` names the newsgroup of what waits for a moderator in the forum with that root (docno).
        """

    def forum(name: str) -> int | None:
        """Return the docno of the root whose newsgroup has that name, or None."""

    def forums() -> Iterable[int]:
        """Return the docnos of the held roots that name a forum, in order of arrival."""

    def children(docno: int) -> Iterable[int]:
        """Return the docnos of a document's children, in order of arrival."""

    def late_children(parent: bytes) -> Iterable[int]:
        """Return the docnos of the documents that declare a parent (its id) which is not held, in order of arrival."""

    def by_message_id(message_id: bytes) -> int | None:
        """Return the docno known to everybody by a foreign Message-ID (imported or bridged), or None."""

    def alias(account: str, message_id: bytes) -> int | None:
        """Return the docno of what an account posted under a Message-ID of its newsreader's choice, or None."""

    def aliases(account: str) -> Iterable[tuple[bytes, int]]:
        """Return (Message-ID, docno) of all that an account posted so."""

    def shown(docno: int) -> int:
        """Return the docno of the article that a docno in a newsgroup's numbers shows: a link's target, else itself."""

    def holds(node: int, docno: int) -> bool:
        """Tell whether a document came to a node of this process, by its links or from who uses it.

        With NOBODY: whether it came to none yet, and so must not be told to anyone.
        """

    def is_private(root: int) -> bool:
        """Tell whether a root came first to a node that is not the shared one, by its docno."""

    def stood_from(docno: int, group: int) -> int:
        """Return the newest docno when ``docno`` got its number in a newsgroup: greater than itself where a link's
        place came after it.  Within a newsgroup these grow with the numbers."""

    def linked_in(docno: int) -> Iterable[tuple[int, int]]:
        """Return (newsgroup's docno, number) of each newsgroup in which a link shows a document, by docno."""

    def stands(docno: int) -> bool:
        """Tell whether a document has a number in some newsgroup; a root has."""

    def waits_in(docno: int) -> Iterable[tuple[int, int]]:
        """Return (root's docno, number among what waits there) of each forum in which a document waits."""

    def waiting_octets(root: int) -> int:
        """Return the size of all documents that wait in a forum."""

    def appointments(root: int) -> Iterable[int]:
        """Return the docnos of the documents that name a forum's moderators, or the work that it asks for, in order of
        arrival; none: it has no such rules."""

    def late_groups(docno: int) -> Iterable[int]:
        """Return the docnos of the newsgroups around parents that came after a document, or after one above it.

        It stands there, or a moderator has to approve it first.
        """

    def notices(root: int, key: bytes) -> Iterable[int]:
        """Return the docnos of the NoCeM messages that an author (the key) wrote in a forum, in order of arrival."""

    def gone(docno: int) -> str:
        """Return why a document's text is kept no more (its record stays), or an empty string where it is kept."""

    def since(docno: int) -> Iterable[int]:
        """Return the docnos greater than ``docno``, ascending."""

    def arrived_since(seconds: int) -> Iterable[int]:
        """Return the docnos of documents stored at or after a time (seconds since 1970 UTC), ascending."""

    def newest() -> int:
        """Return the greatest docno in use; 0 in an empty archive."""

    def by_time() -> Iterator[int]:
        """Yield the docnos of all documents in the order of their Clique-Time, the oldest first."""

    def below_since(docno: int, time: int) -> Iterator[int]:
        """Yield the docnos of the documents below one whose Clique-Time is ``time`` or later, the oldest first."""

    def octets_held() -> int:
        """Return how many octets the documents have whose text is kept."""

    def followers() -> Iterable[str]:
        """Return the names of the accounts that follow something or did."""

    def follows(account: str) -> Iterator[Follow]:
        """Yield what an account follows, and what it left."""
