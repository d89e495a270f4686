"""The doors between rooms: what one room may ask of another without importing it.

A document has two names inside a node: its id (32 bytes, the same everywhere) and its docno, a small positive integer
in order of arrival on this node, never reused.  A newsgroup is named by the docno of the document that it shows.
"""

from __future__ import annotations

import enum
from collections.abc import Container, Iterable, Iterator
from typing import Any

import attrs
from zope.interface import Attribute, Interface


class Right(enum.Flag):
    """What somebody may do; a set of them is one value: ``Right.POST in identity.rights``."""

    NONE = 0
    READ = enum.auto()
    """read, in the forums that the identity shows"""
    POST = enum.auto()
    """post, and cancel one's own articles"""
    CREATE = enum.auto()
    """make forums"""
    ADMIN = enum.auto()
    """what concerns the whole node and not one account"""
    FEED = enum.auto()
    """hand on articles of other news servers (IHAVE, CHECK, TAKETHIS)"""


class Listed(enum.Enum):
    """Which newsgroups a newsreader's lists have; the others are there when they are asked for by name."""

    ALL = "all"
    THREADS = "threads"
    """forums, and the threads in them"""
    FORUMS = "forums"

    def has(self, newsgroup: Newsgroup) -> bool:
        """Tell whether a newsgroup is listed."""
        return self is Listed.ALL or newsgroup.depth <= (self is Listed.THREADS)


@attrs.frozen
class Identity:
    """Who somebody on a connection is, and what that allows; it belongs to the listener until an account logs in."""

    account: str | None
    """name of the account whose follows and aliases count, OWNER's for the owner; None: an anonymous reader"""
    rights: Right
    forums: Container[int] | None = None
    """docnos of the forums' roots that may be seen, as they are when one asks; None: all; hashable: equal ones share a
    view"""
    persona: str = ""
    """name of the file under keys/ with the key that signs what is posted; empty: none, and so no POST right"""
    listed: Listed = Listed.ALL
    """what LIST ACTIVE, COUNTS and NEWSGROUPS have"""

    def may(self, right: Right) -> bool:
        """Tell whether a right is among those given."""
        return right in self.rights

    def may_see(self, roots: Iterable[int]) -> bool:
        """Tell whether a document may be seen that stands below these roots (IRecord.roots)."""
        forums = self.forums
        return forums is None or any(root in forums for root in roots)


OWNER = Identity("owner", Right.READ | Right.POST | Right.CREATE | Right.ADMIN, persona="owner")
"""whoever reaches the owner's listener, or runs cliquectl"""

FEEDER = Identity(None, Right.FEED)
"""another news server, on the listener for those"""


class IRecord(Interface):
    """What a node keeps about one document, its bytes apart.

    Nothing in it changes after arrival but the subject, which goes with the text.
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
    numbers = Attribute("tuple[tuple[int, int], ...]: (group's docno, article number there), itself excluded")
    references = Attribute("tuple[bytes, ...]: ids of the first-parent chain without the root, oldest first, cut")
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
        """Return the article numbers of a document's newsgroup; a document nobody answered has itself as article 1."""

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

    def octets_held() -> int:
        """Return how many octets the documents have whose text is kept."""

    def followers() -> Iterable[str]:
        """Return the names of the accounts that follow something or did."""

    def follows(account: str) -> Iterator[Follow]:
        """Yield what an account follows, and what it left."""


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


class IWriter(IArchive):
    """The archive inside the writer's transaction; used in the writer thread alone, between begin and commit."""

    def number(placement: Placement) -> tuple[int, tuple[tuple[int, int], ...]]:
        """Return the next docno and the numbers that the document will get: (group's docno, number)."""

    def store(document: object, placement: Placement, overview: bytes, arrived: int) -> IRecord:
        """Store a document (document.Document) with the docno and numbers that ``number`` has just returned."""

    def show(docno: int, link: int, groups: Iterable[int]) -> None:
        """Give a document numbers in further newsgroups (docnos), where it stands in none of them yet.

        ``link`` is the docno under which it stands there, newer than all in those newsgroups: a link's, or its own.
        """

    def stands_in(docno: int, group: int) -> bool:
        """Tell whether a document has or had a number in a newsgroup."""

    def await_linked(document_id: bytes, link: int) -> None:
        """Remember a link (its docno) to a document that is not held; too many to one document are not remembered."""

    def links_awaiting(document_id: bytes) -> tuple[int, ...]:
        """Return and forget the links to a document that were remembered."""

    def add_alias(account: str, message_id: bytes, docno: int) -> None:
        """Let an account find a document under a Message-ID of its newsreader's choice."""

    def drop(docno: int, why: str) -> None:
        """Forget a document's text, overview and subject and take its articles out of all newsgroups.

        Its record stays as a stub: id, parents, key, time, name and the numbers, which are never given again.
        """

    def piece(name: str) -> bytes | None:
        """Return a named piece of the network's state, or None."""

    def pieces(prefix: str) -> Iterator[tuple[str, bytes]]:
        """Yield (name, value) of the pieces whose name begins with ``prefix``, in order of name."""

    def piece_set(name: str, value: bytes) -> None:
        """Keep a named piece of the network's state; costs a write only where the value changed."""

    def piece_delete(name: str) -> None:
        """Forget a piece; nothing happens if there is none."""

    def follow_set(account: str, follow: Follow) -> None:
        """Keep what an account follows or left, in place of what it thought of that document before."""

    def follow_delete(account: str, document_id: bytes) -> None:
        """Forget what an account thought of a document; nothing happens if that is nothing."""


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
    places: tuple[Place, ...] = attrs.field(default=(), eq=False, repr=False)
    """of each of ``documents``, so that nobody has to load what was just written"""


@attrs.frozen
class Newsgroup:
    """One newsgroup's state at a moment."""

    docno: int
    name: bytes
    low: int
    high: int
    count: int
    status: bytes
    """``y``, ``n`` or ``m`` (RFC 3977 section 7.6.3)"""
    created: int
    """seconds since 1970 UTC, for NEWGROUPS and ACTIVE.TIMES"""
    creator: bytes
    description: bytes
    """one line of UTF-8, no CR, LF or NUL"""
    depth: int = 0
    """steps from the forum's root to the newsgroup's document: 0 for a forum, 1 for a thread"""


@attrs.frozen
class Article:
    """An article ready for the wire: CRLF lines, dot-stuffed; neither part has the ending dot line."""

    message_id: bytes
    """with its angle brackets"""
    head: bytes
    """header lines, each with its CRLF; without the empty line"""
    body: bytes
    """body lines, each with its CRLF"""


class IWildmat(Interface):
    """What selects newsgroups or header values (RFC 3977 section 4)."""

    literal = Attribute("bytes | None: the one text that matches, where it is plain that there is no other")

    def matches(text: bytes) -> bool:
        """Tell whether a text matches."""


class INewsView(Interface):
    """What an NNTP session may ask about news: one consistent state, moved forward between commands only.

    Long answers are iterators of byte chunks of some tens of kilobytes, so that a session can stop between two.
    """

    def newsgroup(name: bytes) -> Newsgroup | None:
        """Return a newsgroup by its name, or None."""

    def newsgroups(wildmat: IWildmat | None, created_since: int | None) -> Iterator[Newsgroup]:
        """Yield the newsgroups whose name matches (None: all)."""

    def active_list() -> Iterator[bytes]:
        """Yield the whole answer of LIST ACTIVE as chunks of ready lines (cached)."""

    def forums_created_since(seconds: int) -> Iterator[Newsgroup]:
        """Yield what NEWGROUPS names: forums that came at or after a time."""

    def article_at(group: int, number: int) -> int | None:
        """Return the docno of an article by its number in a group (the group's docno), or None."""

    def article_named(message_id: bytes) -> int | None:
        """Return the docno of an article by its Message-ID (with brackets), ours or a foreign one, or None."""

    def message_id(docno: int) -> bytes:
        """Return an article's Message-ID with its angle brackets."""

    def article(docno: int) -> Article:
        """Return an article ready for the wire."""

    def next_number(group: int, number: int) -> int | None:
        """Return the least article number present above ``number``, or None."""

    def previous_number(group: int, number: int) -> int | None:
        """Return the greatest article number present below ``number``, or None."""

    def number_lines(group: int, low: int, high: int) -> Iterator[bytes]:
        """Yield chunks of ``number CRLF`` lines for LISTGROUP."""

    def overview_lines(group: int, low: int, high: int) -> Iterator[bytes]:
        """Yield chunks of ready overview lines (with number and CRLF, dot-stuffed) for OVER and XOVER."""

    def overview_line(docno: int, number: int) -> bytes:
        """Return one ready overview line with the given number."""

    def header_lines(group: int, field: bytes, low: int, high: int, wildmat: IWildmat | None) -> Iterator[bytes]:
        """Yield chunks of ready ``number value`` lines for HDR, XHDR and (with a wildmat) XPAT.

        ``field`` is a header's name in any case, or ``:bytes`` or ``:lines``.
        """

    def header_value(docno: int, field: bytes) -> bytes:
        """Return one header's value on one line; empty where the article has no such header."""

    def message_ids_since(wildmat: IWildmat | None, seconds: int) -> Iterator[bytes]:
        """Yield chunks of ready Message-ID lines for NEWNEWS."""


@attrs.frozen
class Place:
    """What the clique core knows of a document: where it stands, never its bytes."""

    id: bytes
    """32 bytes"""
    time: int
    """Clique-Time, seconds since 1970 UTC"""
    parents: tuple[bytes, ...] = ()
    """ids as the document declares them, the first parent first; held or not"""
    size: int = 0
    """octets of its bytes"""
    author: bytes = b""
    """the Ed25519 public key that signed it, 32 bytes"""


class IDocumentSet(Interface):
    """The documents of one channel, ordered by (Clique-Time, id).  Bounds are Clique-Times, low <= time < high.

    The channel's own document belongs to it.  A document is in (D, comments) when it declares D as a parent, and in
    (D, all) when a chain of declared parents leads from it to D through held documents, whatever order they came in.
    """

    def count(low: int, high: int) -> int:
        """Return how many documents lie between the bounds."""

    def fingerprint(low: int, high: int) -> int:
        """Return the sum of the ids between the bounds, each read as a big-endian integer, modulo 2**256."""

    def items(low: int, high: int) -> Iterator[tuple[int, bytes]]:
        """Yield (Clique-Time, id) between the bounds in order."""

    def newest() -> int:
        """Return the greatest Clique-Time in the set; 0 when it is empty."""


class IDocuments(Interface):
    """All documents that this node holds or held (a cancelled or expired one keeps its id and its place)."""

    def contains(document_id: bytes) -> bool:
        """Return whether the document is or was held."""

    def add(place: Place) -> None:
        """Take a document in; nothing happens when it is there already."""

    def find(prefix: bytes) -> tuple[bytes, ...]:
        """Return the ids that begin with ``prefix`` (8 bytes or more)."""

    def time(document_id: bytes) -> int:
        """Return a document's Clique-Time; KeyError when it is not contained."""

    def parents(document_id: bytes) -> tuple[bytes, ...]:
        """Return its declared parents, the first one first; KeyError when it is not contained."""

    def below(document_id: bytes, ancestor: bytes) -> bool:
        """Return whether chains of declared parents lead from a contained document to ``ancestor``, or it is that."""

    def forget(document_id: bytes, why: str) -> None:
        """Note that its body is kept no more; ``why`` is ``cancelled`` or ``expired``."""

    def gone(document_id: bytes) -> str:
        """Return why its body is kept no more, or an empty string where it is kept."""

    def channel(document_id: bytes, comments: bool) -> IDocumentSet:
        """Return the set of a channel, empty where nothing of it is held; it follows later changes."""


class IClaims(Interface):
    """How the clique core signs what it says as a center, and checks what others say as such."""

    def sign(statement: bytes) -> bytes:
        """Return this node's signature of a statement, 64 bytes."""

    def verify(key: bytes, statement: bytes, signature: bytes) -> bool:
        """Return whether the signature of a statement by a node key (32 bytes) is true; never raises."""


class IDice(Interface):
    """Chance, as random.Random offers it; the simulator's is seeded."""

    def random() -> float:
        """Return a number, 0 <= number < 1."""

    def randrange(stop: int) -> int:
        """Return an integer, 0 <= integer < stop."""


class IReading(Interface):
    """What follows from somebody's reading: sessions tell it who reads where."""

    def looked(identity: Identity, group: int) -> bool:
        """Note that somebody reads in a newsgroup; return whether what it lacks is only now being fetched."""

    def polled(identity: Identity, group: int) -> None:
        """Note that somebody's newsreader asked how many articles a newsgroup has: it may do so without its user."""

    def subscriptions(identity: Identity) -> Container[int] | None:
        """Return the docnos of the forums that somebody follows, all or parts of them; None: nobody keeps count."""

    def notices(identity: Identity) -> Iterable[str]:
        """Return what the node has to tell somebody, for LIST MOTD; each line at most 510 octets."""


class Offer(enum.Enum):
    """Whether an article that another news server has is wanted here."""

    WANTED = enum.auto()
    HELD = enum.auto()
    """it is here, or never will be"""
    LATER = enum.auto()
    """somebody is sending it, or there is no room for more just now"""


class IFeed(Interface):
    """What takes articles that other news servers have."""

    def offered(message_id: bytes) -> Offer:
        """Tell whether the article with a Message-ID (with its angle brackets) is wanted."""

    def take(message_id: bytes, article: bytes) -> Any:
        """Take an article (CRLF lines) that was offered under a Message-ID.

        Return a Deferred that fires with a PostResult when it is stored, or refused.
        """
