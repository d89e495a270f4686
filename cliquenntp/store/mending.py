"""Making anew, in a damaged database, what can be made from the documents' records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from BTrees.Length import Length

from cliquenntp.store.channel_set import EVER, SUM_MASK, docno_of
from cliquenntp.store.channels import Channels
from cliquenntp.store.groups import DOCNO_BITS, PAGE_LINES, OverviewPage, Unanswered
from cliquenntp.store.index import DigestIndex, key_digest
from cliquenntp.store.trees import LooseTree, NameTree, PageTree
from cliquenntp.store.writer import Writer


class Mender(Writer):
    """A view of a database in which much may not be readable; each of its methods tells what it mended, if anything."""

    def mend_indexes(self) -> Iterator[str]:
        """Make the indexes by id and Message-ID anew where they do not find every document."""
        docnos = range(1, self.newest() + 1)
        if not _holds(lambda: all(self.find(self.record(docno).id) == docno for docno in docnos)):
            self._ids = self._connection.root()["ids"] = DigestIndex()
            for docno in docnos:
                document_id = self.record(docno).id
                self._ids.add(document_id, docno, lambda held, named=document_id: self._has_id(held, named))
            yield "the index of documents by id"
        names = [(name, docno) for docno in docnos for name in self.record(docno).message_ids]
        if not _holds(lambda: all(self.by_message_id(name) is not None for name, _ in names)):
            self._message_ids = self._connection.root()["message_ids"] = DigestIndex()
            for name, docno in names:
                self._message_ids.add(
                    key_digest(name), docno, lambda held, named=name: self._has_message_id(held, named))
            yield "the index of documents by Message-ID"

    def mend_children(self) -> Iterator[str]:
        """Make anew what tells children that their parents' newsgroups do not, and those without a parent."""
        loose: set[int] = set()
        late: dict[bytes, int] = {}
        told: dict[int, set[int]] = {}
        for docno in range(1, self.newest() + 1):
            for declared in self.record(docno).declared:
                if isinstance(declared, int):
                    parent = declared
                elif (found := self.find(declared)) is not None:
                    parent = found
                else:
                    late[declared + docno.to_bytes(8, "big")] = docno
                    continue
                if parent not in told:
                    numbers = self._numbers(parent)
                    told[parent] = set() if isinstance(numbers, Unanswered) else set(numbers.children())
                if docno not in told[parent]:
                    loose.add(parent << DOCNO_BITS | docno)
        root = self._connection.root()
        if not _holds(lambda: set(self._loose_children) == loose):
            self._loose_children = root["loose_children"] = LooseTree(loose)
            yield "the list of children outside of their parents' newsgroups"
        if not _holds(lambda: dict(self._late_parents) == late):
            self._late_parents = root["late_parents"] = NameTree(late)
            yield "the list of children without a parent"

    def mend_channels(self) -> Iterator[str]:
        """Make the sets of channels anew that have not what is below their documents."""
        for channels in self.holdings.all():
            for slot in list(channels._sets):
                docno, comments = slot >> 1, bool(slot & 1)
                if not _holds(partial(_is_whole, channels, docno, comments)):
                    channels.keep(docno, comments)
                    yield f"a set of channel of document {docno}"

    def mend_octets(self) -> Iterator[str]:
        """Count the documents' octets anew where the count is wrong: a greater one lets the quota drop documents."""
        held = sum(self.record(docno).size for docno in range(1, self.newest() + 1) if not self.gone(docno))
        if not _holds(lambda: self.octets_held() == held):
            self._octets_held = self._connection.root()["octets"] = Length(held)
            yield "the count of the documents' octets"

    def mend_pages(self) -> Iterator[str]:
        """Make the pages of overview lines anew that have not the lines of their documents."""
        for name, root in self.forum_names():
            numbers = self._numbers(root)
            if isinstance(numbers, Unanswered) or numbers.places < PAGE_LINES:
                continue
            whole = {}
            for page in range(numbers.places // PAGE_LINES):
                places = range(page * PAGE_LINES + 1, (page + 1) * PAGE_LINES + 1)
                held = [numbers.at(numbers.number_of(place)) for place in places]
                whole[page] = [b"" if docno is None else self.record(self.shown(docno)).overview for docno in held]
            if not _holds(partial(_has_lines, numbers, whole)):
                numbers.lines = PageTree({page: OverviewPage(lines) for page, lines in whole.items()})
                yield f"the overview pages of {name}"

    def mend_pieces(self) -> Iterator[str]:
        """Leave out the pieces of the network's state that cannot be read."""
        for name in list(self._pieces):
            if not _holds(partial(self._can_read, name)):
                self.piece_delete(name)
                yield f"left out what was kept of the network under {name!r}"

    def _can_read(self, name: str) -> bool:
        return isinstance(self.piece(name), bytes)


def _holds(look: Callable[[], bool]) -> bool:
    """Return what a look says; False where something that it needs cannot be read."""
    try:
        return look()
    except Exception:  # whatever damage leads to
        return False


def _has_lines(numbers: Any, lines: dict[int, list[bytes]]) -> bool:
    return {page: kept.lines for page, kept in numbers.lines.items()} == lines


def _is_whole(channels: Channels, docno: int, comments: bool) -> bool:
    members = channels.kept(docno, comments)
    assert members is not None
    keys = list(members.keys(*EVER))
    children = channels._children(docno)
    below = [docno, *children] if comments else channels.subtree(docno)
    total = sum(int.from_bytes(channels.id_of(docno_of(key)), "big") for key in keys) & SUM_MASK
    return keys == sorted({channels._key(member) for member in below}) and (
        members.totals(*EVER, channels.id_of) == (len(keys), total))
