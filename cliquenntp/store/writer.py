"""Changing the database: IWriter over a ZODB connection of its own, in one thread, between begin and commit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from persistent import Persistent
from ZODB.blob import Blob
from zope.interface import implementer

from cliquenntp.interfaces import LOST, NOBODY, SHARED, Held, IWriter, Place, Placement
from cliquenntp.store.archive import notice_key
from cliquenntp.store.channel_set import ChannelSet
from cliquenntp.store.classes import Octets, Record
from cliquenntp.store.committing import Committing
from cliquenntp.store.groups import DOCNO_BITS, LARGEST_DOCNO, PAGE_LINES, Group, OverviewPage
from cliquenntp.store.index import key_digest
from cliquenntp.store.trees import PageTree


@implementer(IWriter)
class Writer(Committing):
    """The one view of a database that changes it: documents, and their numbers in newsgroups."""

    @property
    def _shift(self) -> int:
        """By how much numbers given now are greater than their places."""
        shift: int = self._connection.root()["shift"]
        return shift

    def number(self, placement: Placement) -> tuple[int, tuple[tuple[int, int], ...]]:
        """See IWriter."""
        docno = self.newest() + 1
        if docno > LARGEST_DOCNO:
            raise OverflowError(f"a node numbers at most {LARGEST_DOCNO} documents")
        shift = self._shift
        withheld = placement.withheld
        numbers = tuple([
            (group, 0 if group in withheld else self._numbers(group).next_number(shift)) for group in placement.groups
        ])
        if placement.waits_in:
            numbers += tuple([(-root, self._numbers(-root).next_number(shift)) for root in placement.waits_in])
        self._numbered = placement, docno, numbers
        return docno, numbers

    def store(
        self, document: Any, placement: Placement, overview: bytes, arrived: int, node: int = SHARED
    ) -> Record:
        """See IWriter; ``arrived`` is raised to the time of the document stored before where the clock went back.

        ValueError where ``number`` was not called just before for this placement, the document is held already, or the
        overview line has a line end.
        """
        if self._numbered is None or self._numbered[0] is not placement:
            raise ValueError("store() must follow number() of the same placement")
        _, docno, numbers = self._numbered
        if placement.waits_in:
            numbers = tuple(pair for pair in numbers if pair[0] > 0)
        if b"\n" in overview or b"\r" in overview:
            raise ValueError("an overview line has no line end")
        if not self._ids.add(document.id, docno, lambda held: self._has_id(held, document.id)):
            raise ValueError("the document is held already")
        self.writes += 1
        self._numbered = None
        if docno > 1:
            arrived = max(arrived, self._records[docno - 1].arrived)
        record = Record(
            docno=docno, id=document.id, author=document.author, time=document.time, arrived=arrived,
            parents=placement.parents, declared=self._declared(document, placement), depth=placement.depth,
            roots=placement.roots or (docno,),
            starters=placement.starters or ((docno,) if placement.depth == 1 else ()), name=placement.name,
            subject=placement.subject, numbers=numbers, references=placement.references,
            message_ids=placement.message_ids, size=len(document.raw), overview=overview,
            content=self._content(document.raw),
        )
        self._records[docno] = record
        self._octets_held.change(record.size)
        for message_id in placement.message_ids:  # the first one held wins
            self._message_ids.add(
                key_digest(message_id), docno, lambda held, named=message_id: self._has_message_id(held, named))
        if not placement.parents:
            self._forums.insert(placement.name, docno)
            if node != SHARED:
                self._private_roots.add(docno)
        shift = self._shift
        for group in placement.groups:
            if group not in placement.withheld:
                self._append(group, docno, group in placement.parents, shift)
                self._changed_groups[group] = None
        for root in placement.waits_in:
            self.wait(docno, root)
        channels = self.holdings.take(node, docno, is_new=True)
        children = self._tie_loose_ends(record)
        if channels is not None:
            channels.add(record, children)
        for root in placement.roots:
            self._page_overviews(root)
        self._documents.append(docno)
        if node != NOBODY:
            place = Place(document.id, document.time, tuple(document.parents), len(document.raw), document.author)
            self._held.append(Held(node, docno, place))
        return record

    def hold(self, docno: int, node: int, is_news: bool = True) -> None:
        """See IWriter."""
        if node == NOBODY or self.holdings.has(node, docno):
            return
        self.writes += 1
        channels = self.holdings.take(node, docno, is_new=False)
        assert channels is not None, "somebody is to hold it"
        channels.add(self._records[docno], self.children(docno))
        if is_news:
            self._held.append(Held(node, docno, self.place(docno)))

    def _declared(self, document: Any, placement: Placement) -> tuple[int | bytes, ...]:
        if len(document.parents) == len(placement.parents):
            return placement.parents
        held = ((self.find(parent), parent) for parent in document.parents)
        return tuple(parent if docno is None else docno for docno, parent in held)

    def _tie_loose_ends(self, record: Record) -> tuple[int, ...]:
        """Note the children that newsgroups do not tell: those without a number, and those older than a parent.

        Return the docnos of the children that came before the document.
        """
        numbered = {group for group, number in record.numbers if number}
        for parent in record.declared:
            if isinstance(parent, bytes):
                self._late_parents[parent + record.docno.to_bytes(8, "big")] = record.docno
            elif parent not in numbered:
                self._loose_children.add(parent << DOCNO_BITS | record.docno)
        children = self.late_children(record.id)
        for child in children:
            del self._late_parents[record.id + child.to_bytes(8, "big")]
            self._loose_children.add(record.docno << DOCNO_BITS | child)
        return children

    def _content(self, raw: bytes) -> Persistent:
        return Octets(raw) if len(raw) <= self._blob_octets else Blob(raw)

    def _append(self, group: int, docno: int, is_child: bool, shift: int) -> None:
        numbers = self._groups.get(group)
        if numbers is None:
            numbers = self._groups[group] = Group(group)
        numbers.append(docno, is_child, shift)

    def _page_overviews(self, root: int) -> None:
        numbers = self._groups.get(root)
        if numbers is None or numbers.places % PAGE_LINES:
            return
        page = numbers.places // PAGE_LINES - 1
        if numbers.lines is None:
            numbers.lines = PageTree()
        if page not in numbers.lines:
            places = range(page * PAGE_LINES + 1, numbers.places + 1)
            held = [numbers.at(numbers.number_of(place)) for place in places]
            numbers.lines[page] = OverviewPage(
                [b"" if docno is None else self._records[self.shown(docno)].overview for docno in held])

    def shift_numbers(self, by: int) -> None:
        """Let all newsgroups go on with greater numbers, since some may have been given that are not known here."""
        self.writes += 1
        self._connection.root()["shift"] += by

    def channel(self, docno: int, comments: bool, node: int) -> ChannelSet:
        """Return the set of a channel whose document a node holds; it is kept from now on."""
        channels = self.holdings.of(node)
        members = channels.kept(docno, comments)
        if members is None:
            self.writes += 1
            members = channels.keep(docno, comments)
        return members

    def drop(self, docno: int, why: str) -> None:
        """See IWriter."""
        record = self._records[docno]
        if record.content is None:
            if self.gone(docno) == LOST:
                self.writes += 1
                self._gone[docno] = why
            return
        self.writes += 1
        for group, number in record.numbers:
            if not number:
                continue
            if self._groups[group].remove(number):
                self._loose_children.add(group << DOCNO_BITS | docno)
            self._changed_groups[group] = None
        for key, number in [*self._linked.items(docno << DOCNO_BITS, docno << DOCNO_BITS | LARGEST_DOCNO)]:
            del self._linked[key]
            if number:
                self._groups[key & LARGEST_DOCNO].remove(number)
                self._changed_groups[key & LARGEST_DOCNO] = None
        for root, _ in self.waits_in(docno):
            self.wait_no_more(docno, root)
        own = self._groups.get(docno)
        if own is None:
            own = self._groups[docno] = Group(docno)
        own.remove(1)
        self._changed_groups[docno] = None
        self._octets_held.change(-record.size)
        record.content = None
        record.overview = b""
        record.subject = ""
        self._raw_cache.drop(docno)
        self._gone[docno] = why
        self._dropped.append(docno)

    def lose(self, docno: int) -> None:
        """Forget a document's bytes, which are damaged: nobody holds it until ``bring_back``."""
        record = self._records[docno]
        self.drop(docno, LOST)
        self.holdings.lose(record)

    def bring_back(self, docno: int, document: Any, subject: str, overview: bytes) -> None:
        """See IWriter."""
        self.writes += 1
        record = self._records[docno]
        record.content = self._content(document.raw)
        record.overview, record.subject = overview, subject
        del self._gone[docno]
        self._octets_held.change(record.size)
        for group, number in ((docno, 1), *record.numbers):
            if number:
                is_child = group in record.parents
                self._groups[group].put_back(number, is_child, docno, overview)
                key = group << DOCNO_BITS | docno
                if is_child and key in self._loose_children:
                    self._loose_children.remove(key)
                self._changed_groups[group] = None
        self._revised[docno] = None

    def show(self, docno: int, link: int, groups: Iterable[int]) -> None:
        """See IWriter."""
        self.writes += 1
        if link != docno:
            self._shown[link] = docno
        self._revised[docno] = None
        newest = self.newest()
        for group in groups:
            self._append(group, link, False, self._shift)
            if not self._records[group].parents:
                self._page_overviews(group)
            if newest != link:
                self._shown_from[link << DOCNO_BITS | group] = newest
            self._linked[docno << DOCNO_BITS | group] = self._groups[group].high
            self._changed_groups[group] = None

    def stands_in(self, docno: int, group: int) -> bool:
        """See IWriter."""
        return bool(self._linked.get(docno << DOCNO_BITS | group)) or group == docno or any(
            number and place == group for place, number in self._records[docno].numbers)

    def next_number(self, group: int) -> int:
        """See IWriter."""
        number: int = self._numbers(group).next_number(self._shift)
        return number

    def withhold(self, docno: int, groups: Iterable[int]) -> None:
        """See IWriter."""
        for group in groups:
            if self._linked.insert(docno << DOCNO_BITS | group, 0):
                self.writes += 1

    def revise(self, docno: int, overview: bytes) -> None:
        """See IWriter."""
        self.writes += 1
        self._records[docno].overview = overview
        self._revised[docno] = None

    def hide(self, docno: int, groups: Iterable[int]) -> None:
        """See IWriter."""
        self.writes += 1
        record = self._records[docno]
        given = dict(record.numbers)
        for group in groups:
            key = docno << DOCNO_BITS | group
            number = self._linked.get(key)
            if not number:
                number, given[group] = given[group], 0
            elif self._groups[group].at(number) == docno:
                self._linked[key] = 0
            else:
                del self._linked[key]
            if self._groups[group].remove(number):
                self._loose_children.add(group << DOCNO_BITS | docno)
            self._changed_groups[group] = None
        record.renumber(given.items())
        self._revised[docno] = None

    def wait(self, docno: int, root: int) -> None:
        """See IWriter."""
        if any(forum == root for forum, _ in self.waits_in(docno)):
            return
        self.writes += 1
        self._waiting.add(docno, root, self._records[docno].size, self._shift)
        self._changed_groups[-root] = None

    def wait_no_more(self, docno: int, root: int) -> None:
        """See IWriter."""
        if self._waiting.remove(docno, root, self._records[docno].size):
            self.writes += 1
            self._changed_groups[-root] = None

    def appoint(self, docno: int, root: int) -> None:
        """See IWriter."""
        self.writes += 1
        self._waiting.appoint(docno, root)
        self._revised[root] = None

    def note_notice(self, docno: int, root: int) -> None:
        """See IWriter."""
        self.writes += 1
        self._notices[notice_key(root, self._records[docno].author, docno)] = docno
