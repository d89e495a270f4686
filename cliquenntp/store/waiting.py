"""What waits in moderated forums, and which documents lay down what counts in a forum.

Each moderated forum has a newsgroup of its own for what waits there, with numbers that are never given again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
from zope.interface import implementer

from cliquenntp.interfaces import IGroupNumbers
from cliquenntp.store.groups import DOCNO_BITS, LARGEST_DOCNO, Group


class Waiting:
    """The lists of one view of the database, by forum (its root's docno)."""

    def __init__(self, root: Any) -> None:
        self._groups = root["waiting"]
        self._numbers = root["waits"]
        self._octets = root["waiting_octets"]
        self._appointments = root["appointments"]

    def numbers(self, forum: int) -> Group | NothingWaited:
        """Return the numbers of what waits in a forum."""
        found: Group | None = self._groups.get(forum)
        return NothingWaited() if found is None else found

    def octets(self, forum: int) -> int:
        """Return the size of all that waits in a forum."""
        return int(self._octets.get(forum, 0))

    def of(self, docno: int) -> list[tuple[int, int]]:
        """Return (forum, number there) of each forum in which a document waits."""
        first = docno << DOCNO_BITS
        return [(key & LARGEST_DOCNO, number) for key, number in self._numbers.items(first, first | LARGEST_DOCNO)]

    def appointments(self, forum: int) -> Iterator[int]:
        """Yield the docnos of the documents that lay something down for a forum, in order of arrival."""
        first = forum << DOCNO_BITS
        return (key & LARGEST_DOCNO for key in self._appointments.keys(first, first | LARGEST_DOCNO))

    # for the writer

    def add(self, docno: int, forum: int, size: int, shift: int) -> None:
        """Let a document wait in a forum."""
        group = self._groups.get(forum)
        if group is None:
            group = self._groups[forum] = Group(forum)
            group.remove(1)
        group.append(docno, False, shift)
        self._numbers[docno << DOCNO_BITS | forum] = group.high
        self._octets[forum] = self.octets(forum) + size

    def remove(self, docno: int, forum: int, size: int) -> bool:
        """Let a document wait in a forum no more; return whether it did."""
        key = docno << DOCNO_BITS | forum
        if key not in self._numbers:
            return False
        self._groups[forum].remove(self._numbers[key])
        del self._numbers[key]
        self._octets[forum] -= size
        return True

    def appoint(self, docno: int, forum: int) -> None:
        """Note that a document names moderators of a forum, or the work that it asks for."""
        self._appointments.insert(forum << DOCNO_BITS | docno)


@implementer(IGroupNumbers)
@attrs.frozen
class NothingWaited:
    """The numbers of a forum in which nothing has ever waited."""

    low = 2
    high = 1
    count = 0

    def next_number(self, shift: int) -> int:
        """Return the number that what waits first gets, as it follows the forum's root, which never waits."""
        return 2 + shift

    def at(self, number: int) -> int | None:
        """See IGroupNumbers."""
        return None

    def between(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        """See IGroupNumbers."""
        return iter(())
