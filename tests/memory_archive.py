"""The documents of a node in plain dictionaries: the doors IArchive and IWriter, for tests without a database.

``small_forum.SmallForum`` fills one with signed articles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs
from zope.interface import implementer

from cliquenntp.document import Document, id_text
from cliquenntp.interfaces import NOBODY, SHARED, Changes, Follow, IGroupNumbers, IRecord, IWriter, Place, Placement


@implementer(IRecord)
@attrs.frozen
class MemoryRecord:
    docno: int
    id: bytes
    author: bytes
    time: int
    arrived: int
    parents: tuple[int, ...]
    depth: int
    roots: tuple[int, ...]
    starters: tuple[int, ...]
    name: str
    subject: str
    numbers: tuple[tuple[int, int], ...]
    references: tuple[bytes, ...]
    message_ids: tuple[bytes, ...]
    size: int

    @property
    def groups(self) -> tuple[int, ...]:
        return tuple(group for group, _ in self.numbers)


@implementer(IGroupNumbers)
class MemoryNumbers:
    def __init__(self, docno: int) -> None:
        self.docnos = {1: docno}
        self.high = 1

    @property
    def low(self) -> int:
        return min(self.docnos, default=self.high + 1)

    @property
    def count(self) -> int:
        return len(self.docnos)

    def append(self, docno: int) -> None:
        self.high += 1
        self.docnos[self.high] = docno

    def at(self, number: int) -> int | None:
        return self.docnos.get(number)

    def between(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        for number in range(max(low, 1), min(high, self.high) + 1):
            if number in self.docnos:
                yield number, self.docnos[number]


@implementer(IWriter)
class MemoryArchive:
    """Every change is seen at once: the writer and the reader are one."""

    def __init__(self) -> None:
        self.records: dict[int, MemoryRecord] = {}
        self.raws: dict[int, bytes] = {}
        self.declared: dict[int, tuple[bytes, ...]] = {}
        self.lines: dict[int, bytes] = {}
        self.groups: dict[int, MemoryNumbers] = {}
        self.ids: dict[bytes, int] = {}
        self.message_ids: dict[bytes, int] = {}
        self.pieces_by_name: dict[str, bytes] = {}
        self.follows_by_account: dict[str, dict[bytes, Follow]] = {}
        self.reasons: dict[int, str] = {}
        self.links: dict[int, int] = {}
        self.holders: dict[int, set[int]] = {}
        self.private_roots: set[int] = set()
        self.linked: dict[int, dict[int, int]] = {}
        self.late: dict[tuple[int, int], int] = {}
        self.account_aliases: dict[tuple[str, bytes], int] = {}
        self.named: dict[int, list[int]] = {}
        self.waits: dict[int, dict[int, int]] = {}
        self.said: dict[tuple[int, bytes], list[int]] = {}
        self._numbered: tuple[Placement, int, tuple[tuple[int, int], ...]] | None = None

    def find(self, document_id: bytes) -> int | None:
        return self.ids.get(document_id)

    def find_prefix(self, prefix: str) -> Iterable[int]:
        return [docno for document_id, docno in self.ids.items() if id_text(document_id).startswith(prefix)]

    def record(self, docno: int) -> MemoryRecord:
        return self.records[docno]

    def place(self, docno: int) -> Place:
        record = self.records[docno]
        return Place(record.id, record.time, self.declared[docno], record.size, record.author)

    def raw(self, docno: int) -> bytes:
        return self.raws[docno]

    def overview(self, docno: int) -> bytes:
        return self.lines[docno]

    def overviews(self, group: int, low: int, high: int) -> Iterator[tuple[int, bytes]]:
        for number, docno in self.numbers(group).between(low, high):
            yield number, self.lines[self.shown(docno)]

    def numbers(self, group: int) -> MemoryNumbers:
        if group < 0 and group not in self.groups:
            self.groups[group] = MemoryNumbers(-group)
            del self.groups[group].docnos[1]
        return self.groups[group]

    def stands(self, docno: int) -> bool:
        record = self.records[docno]
        return not record.parents or any(number for _, number in record.numbers) or bool(self.linked_in(docno))

    def late_groups(self, docno: int) -> Iterable[int]:
        known = self.records[docno].groups
        return [group for group, number in self.linked.get(docno, {}).items()
                if group not in known and (not number or self.numbers(group).at(number) == docno)]

    def waits_in(self, docno: int) -> Iterable[tuple[int, int]]:
        return sorted(self.waits.get(docno, {}).items())

    def waiting_octets(self, root: int) -> int:
        return sum(self.records[docno].size for docno, forums in self.waits.items() if root in forums)

    def appointments(self, root: int) -> Iterator[int]:
        return iter(self.named.get(root, ()))

    def below_since(self, docno: int, time: int) -> Iterator[int]:
        return (found for found in self.by_time()
                if docno in (found, *self.records[found].groups) and self.records[found].time >= time)

    def forum(self, name: str) -> int | None:
        return next((docno for docno in self.forums() if self.records[docno].name == name), None)

    def forums(self) -> Iterable[int]:
        return [docno for docno, record in self.records.items() if not record.parents]

    def children(self, docno: int) -> Iterable[int]:
        return [child for child, record in self.records.items() if docno in record.parents]

    def late_children(self, parent: bytes) -> Iterable[int]:
        return ()

    def by_message_id(self, message_id: bytes) -> int | None:
        return self.message_ids.get(message_id)

    def alias(self, account: str, message_id: bytes) -> int | None:
        return self.account_aliases.get((account, message_id))

    def aliases(self, account: str) -> Iterable[tuple[bytes, int]]:
        return [(message_id, docno) for (name, message_id), docno in self.account_aliases.items() if name == account]

    def shown(self, docno: int) -> int:
        return self.links.get(docno, docno)

    def stood_from(self, docno: int, group: int) -> int:
        return self.late.get((docno, group), docno)

    def linked_in(self, docno: int) -> Iterable[tuple[int, int]]:
        return sorted((group, number) for group, number in self.linked.get(docno, {}).items() if number)

    def notices(self, root: int, key: bytes) -> Iterable[int]:
        return self.said.get((root, key), [])

    def note_notice(self, docno: int, root: int) -> None:
        self.said.setdefault((root, self.records[docno].author), []).append(docno)

    def gone(self, docno: int) -> str:
        return self.reasons.get(docno, "")

    def since(self, docno: int) -> Iterable[int]:
        return [later for later in self.records if later > docno]

    def arrived_since(self, seconds: int) -> Iterable[int]:
        return [docno for docno, record in self.records.items() if record.arrived >= seconds]

    def newest(self) -> int:
        return max(self.records, default=0)

    def by_time(self) -> Iterator[int]:
        return iter(sorted(self.records, key=lambda docno: (self.records[docno].time, docno)))

    def octets_held(self) -> int:
        return sum(len(raw) for raw in self.raws.values())

    def number(self, placement: Placement) -> tuple[int, tuple[tuple[int, int], ...]]:
        numbers = tuple(
            (group, 0 if group in placement.withheld else self.next_number(group)) for group in placement.groups)
        numbers += tuple((-root, self.next_number(-root)) for root in placement.waits_in)
        self._numbered = placement, self.newest() + 1, numbers
        return self._numbered[1:]

    def holds(self, node: int, docno: int) -> bool:
        return node in self.holders[docno] or (node == NOBODY and not self.holders[docno])

    def is_private(self, root: int) -> bool:
        return root in self.private_roots

    def hold(self, docno: int, node: int, is_news: bool = True) -> None:
        self.holders[docno].add(node)

    def store(
        self, document: Document, placement: Placement, overview: bytes, arrived: int, node: int = SHARED
    ) -> MemoryRecord:
        assert self._numbered is not None and self._numbered[0] is placement, "store() must follow number()"
        assert document.id not in self.ids, "the document is held already"
        assert not {b"\r", b"\n"} & set(overview), "an overview line has no line end"
        _, docno, numbers = self._numbered
        self._numbered = None
        starters = placement.starters or ((docno,) if placement.depth == 1 else ())
        record = MemoryRecord(
            docno, document.id, document.author, document.time, arrived, placement.parents, placement.depth,
            placement.roots or (docno,), starters, placement.name, placement.subject,
            tuple(pair for pair in numbers if pair[0] > 0), placement.references,
            placement.message_ids, len(document.raw),
        )
        self.records[docno] = record
        self.holders[docno] = {node} - {NOBODY}
        if node != SHARED and not placement.parents:
            self.private_roots.add(docno)
        self.raws[docno] = document.raw
        self.declared[docno] = document.parents
        self.lines[docno] = overview
        self.groups[docno] = MemoryNumbers(docno)
        self.ids[document.id] = docno
        for message_id in placement.message_ids:
            self.message_ids.setdefault(message_id, docno)
        for group in placement.groups:
            if group not in placement.withheld:
                self.groups[group].append(docno)
        for root in placement.waits_in:
            self.wait(docno, root)
        return record

    def next_number(self, group: int) -> int:
        return self.numbers(group).high + 1

    def withhold(self, docno: int, groups: Iterable[int]) -> None:
        for group in groups:
            self.linked.setdefault(docno, {}).setdefault(group, 0)

    def revise(self, docno: int, overview: bytes) -> None:
        self.lines[docno] = overview

    def hide(self, docno: int, groups: Iterable[int]) -> None:
        hidden = tuple(groups)
        for group in hidden:
            number = self.linked.get(docno, {}).pop(group, 0)
            if number and self.numbers(group).at(number) == docno:
                self.linked[docno][group] = 0
            self._take_out(docno, group)
        record = self.records[docno]
        numbers = tuple((group, 0 if group in hidden else number) for group, number in record.numbers)
        self.records[docno] = attrs.evolve(record, numbers=numbers)

    def _take_out(self, docno: int, group: int) -> None:
        numbers = self.groups[group]
        numbers.docnos = {number: held for number, held in numbers.docnos.items() if held != docno}

    def wait(self, docno: int, root: int) -> None:
        if root not in self.waits.setdefault(docno, {}):
            self.waits[docno][root] = self.next_number(-root)
            self.numbers(-root).append(docno)

    def wait_no_more(self, docno: int, root: int) -> None:
        if self.waits.get(docno, {}).pop(root, None):
            self._take_out(docno, -root)

    def appoint(self, docno: int, root: int) -> None:
        self.named.setdefault(root, []).append(docno)

    def show(self, docno: int, link: int, groups: Iterable[int]) -> None:
        self.links[link] = docno
        for group in groups:
            self.groups[group].append(link)
            self.linked.setdefault(docno, {})[group] = self.groups[group].high
            self.late[link, group] = self.newest()

    def stands_in(self, docno: int, group: int) -> bool:
        return docno in map(self.shown, self.groups[group].docnos.values())

    def beat(self) -> None:
        """Do nothing: no other process can open it."""

    def add_alias(self, account: str, message_id: bytes, docno: int) -> None:
        self.account_aliases[account, message_id] = docno

    def bring_back(self, docno: int, document: object, subject: str, overview: bytes) -> None:
        """See IWriter; nothing is ever lost here."""
        raise KeyError(docno)

    def drop(self, docno: int, why: str) -> Changes:
        """See IWriter; also return what changed, as there is no commit."""
        record = self.records[docno]
        del self.raws[docno]
        self.lines[docno] = b""
        self.reasons[docno] = why
        self.records[docno] = attrs.evolve(record, subject="")
        groups = [docno, *(group for group, _ in record.numbers)]
        for group in groups:
            self._take_out(docno, group)
        for root, _ in self.waits_in(docno):
            self.wait_no_more(docno, root)
        return Changes((), tuple(groups), (docno,))

    def piece(self, name: str) -> bytes | None:
        return self.pieces_by_name.get(name)

    def pieces(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        return iter(sorted(pair for pair in self.pieces_by_name.items() if pair[0].startswith(prefix)))

    def piece_set(self, name: str, value: bytes) -> None:
        self.pieces_by_name[name] = value

    def piece_delete(self, name: str) -> None:
        self.pieces_by_name.pop(name, None)

    def followers(self) -> Iterable[str]:
        return tuple(sorted(self.follows_by_account))

    def follows(self, account: str) -> Iterator[Follow]:
        return iter([*self.follows_by_account.get(account, {}).values()])

    def follow_set(self, account: str, follow: Follow) -> None:
        self.follows_by_account.setdefault(account, {})[follow.document] = follow

    def follow_delete(self, account: str, document_id: bytes) -> None:
        self.follows_by_account.get(account, {}).pop(document_id, None)
