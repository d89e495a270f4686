"""What the clique core asks of the world around it: documents by place, claims and chance."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

import attrs
from zope.interface import Interface


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

    def author(document_id: bytes) -> bytes:
        """Return the key of who signed it, 32 bytes; KeyError when it is not contained."""

    def below(document_id: bytes, ancestor: bytes) -> bool:
        """Return whether chains of declared parents lead from a contained document to ``ancestor``, or it is that."""

    def above(document_ids: Iterable[bytes]) -> Container[bytes]:
        """Return the documents to which chains of declared parents lead from these, and these, contained or not.

        For many questions at once, before anything changes: ``below`` costs some look-ups each.
        """

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
