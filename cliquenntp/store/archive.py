"""Reading the database: IArchive over one ZODB connection."""

from __future__ import annotations

import base64
import gc
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import chain, groupby
from typing import Any

from ZODB.blob import Blob
from zope.interface import implementer

from cliquenntp.interfaces import Follow, IArchive, IGroupNumbers, Place, Reason
from cliquenntp.store.channel_set import EVER, docno_of, key_of
from cliquenntp.store.classes import Record
from cliquenntp.store.groups import DOCNO_BITS, LARGEST_DOCNO, PAGE_LINES, Unanswered
from cliquenntp.store.holdings import Holdings
from cliquenntp.store.index import key_digest
from cliquenntp.store.waiting import Waiting

RECORDS_A_SWEEP = 2000
"""records loaded by one long answer between two sweeps"""

FREED_A_COLLECTION = 1000
"""Objects let go of by sweeps before Python collects its younger garbage: a millisecond or two."""


class RawCache:
    """The bytes of the documents read last, at most ``limit`` octets of them; ZODB's cache holds none."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._octets = 0
        self._kept: OrderedDict[int, bytes] = OrderedDict()

    def get(self, docno: int) -> bytes | None:
        """Return a document's bytes, or None if they are not kept."""
        raw = self._kept.get(docno)
        if raw is not None:
            self._kept.move_to_end(docno)
        return raw

    def add(self, docno: int, raw: bytes) -> None:
        """Keep a document's bytes; the ones used longest ago go."""
        if len(raw) > self._limit:
            return
        self._kept[docno] = raw
        self._octets += len(raw)
        while self._octets > self._limit:
            self._octets -= len(self._kept.popitem(last=False)[1])

    def drop(self, docno: int) -> None:
        """Forget a document's bytes."""
        self._octets -= len(self._kept.pop(docno, b""))


@implementer(IArchive)
class Archive:
    """The documents as one ZODB connection sees them; methods as IArchive says.  For one thread alone."""

    def __init__(self, connection: Any, raw_cache_octets: int) -> None:
        self._connection = connection
        self._raw_cache = RawCache(raw_cache_octets)
        self._freed = 0
        root = connection.root()
        self._records = root["records"]
        self._groups = root["groups"]
        self._ids = root["ids"]
        self._message_ids = root["message_ids"]
        self._forums = root["forums"]
        self._loose_children = root["loose_children"]
        self._late_parents = root["late_parents"]
        self._gone = root["gone"]
        self._aliases = root["aliases"]
        self._shown = root["shown"]
        self._linked = root["linked"]
        self._shown_from = root["shown_from"]
        self._octets_held = root["octets"]
        self._pieces = root["pieces"]
        self._follows = root["follows"]
        self._private_roots = root["private_roots"]
        self._waiting = Waiting(root)
        self._notices = root["notices"]
        self.holdings = Holdings(root, self)

    @property
    def storage(self) -> Any:
        """The storage as this connection sees it."""
        return self._connection._storage

    def find(self, document_id: bytes) -> int | None:
        """See IArchive."""
        return self._ids.find(document_id, lambda docno: self._has_id(docno, document_id))

    def _has_id(self, docno: int, document_id: bytes) -> bool:
        return bool(self._records[docno].id == document_id)

    def _has_message_id(self, docno: int, message_id: bytes) -> bool:
        return message_id in self._records[docno].message_ids

    def find_prefix(self, prefix: str) -> Iterable[int]:
        """See IArchive."""
        for docno in self._ids.starting_with(prefix):
            text = base64.b32encode(self._records[docno].id).decode("ascii").lower()
            if text.startswith(prefix):
                yield docno

    def ids_starting_with(self, prefix: bytes) -> Iterator[bytes]:
        """Yield the ids of the held documents that begin with ``prefix`` (8 octets or more)."""
        for docno in self._ids.having(prefix):
            document_id = self._records[docno].id
            if document_id.startswith(prefix):
                yield document_id

    def sweep(self) -> None:
        """Cut ZODB's cache back to its size.

        ZODB does so only between two transactions.  Where a long answer would bring every record into memory, that
        takes 3 s of everybody's time after a million.

        Python collects cyclic garbage by how many more objects are made than freed, so while as many are freed as
        loaded the ones to look at become more and more: 65,000 took 30 ms.  Hence a collection for so many freed.
        """
        cache = self._connection._cache
        before = cache.cache_non_ghost_count
        self._connection.cacheGC()
        self._freed += before - cache.cache_non_ghost_count
        if self._freed >= FREED_A_COLLECTION:
            self._freed = 0
            gc.collect(1)

    def record(self, docno: int) -> Record:
        """See IArchive."""
        return self._records[docno]

    def place(self, docno: int) -> Place:
        """See IArchive."""
        record = self._records[docno]
        parents = (
            parent if isinstance(parent, bytes) else self._records[parent].id for parent in record.declared
        )
        return Place(record.id, record.time, tuple(parents), record.size, record.author)

    def raw(self, docno: int) -> bytes:
        """See IArchive."""
        content = self._records[docno].content
        if content is None:
            raise KeyError(docno)
        raw = self._raw_cache.get(docno)
        if raw is None:
            if isinstance(content, Blob):
                with content.open("r") as file:
                    raw = file.read()
            else:
                raw = content.octets
                content._p_deactivate()
            self._raw_cache.add(docno, raw)
        return raw

    def overview(self, docno: int) -> bytes:
        """See IArchive."""
        return self._records[docno].overview

    def overviews(self, group: int, low: int, high: int) -> Iterator[tuple[int, bytes]]:
        """See IArchive."""
        return chain.from_iterable(self._overview_runs(group, low, high))

    def _overview_runs(self, group: int, low: int, high: int) -> Iterator[Iterable[tuple[int, bytes]]]:
        """Yield what ``overviews`` yields in runs, so that no line of a page costs a step of a generator."""
        numbers = self._numbers(group)
        low, high = max(low, numbers.low), min(high, numbers.high)
        pages = getattr(numbers, "lines", None)
        if pages is not None:
            place, last = numbers.place_from(low), numbers.place_from(high + 1) - 1
            while place <= last:
                number, index = divmod(place - 1, PAGE_LINES)
                page = pages.get(number)
                if page is None:
                    break
                lines = page.lines[index:index + last - place + 1]
                page._p_deactivate()  # who asks keeps what is made of it
                places: Iterable[int] = range(place, place + len(lines))
                run = zip(map(numbers.number_of, places) if numbers.shifts else places, lines, strict=True)
                yield [numbered for numbered in run if numbered[1]] if b"" in lines else run
                place += len(lines)
            low = numbers.number_of(place)
        yield self._lines_of_records(numbers, low, high)

    def _lines_of_records(self, numbers: IGroupNumbers, low: int, high: int) -> Iterator[tuple[int, bytes]]:
        for count, (number, docno) in enumerate(numbers.between(low, high), 1):
            yield number, self._records[self.shown(docno)].overview
            if not count % RECORDS_A_SWEEP:
                self.sweep()

    def numbers(self, group: int) -> IGroupNumbers:
        """See IArchive."""
        return self._numbers(group)

    def _numbers(self, group: int) -> Any:
        if group < 0:
            return self._waiting.numbers(-group)
        numbers = self._groups.get(group)
        if numbers is None:
            if group not in self._records:
                raise KeyError(group)
            return Unanswered(group)
        return numbers

    def forum(self, name: str) -> int | None:
        """See IArchive."""
        return self._forums.get(name)

    def forums(self) -> Iterable[int]:
        """See IArchive."""
        return sorted(self._forums.values())

    def forum_names(self) -> Iterator[tuple[str, int]]:
        """Yield (name, root's docno) of each forum, as they stand in the index of names."""
        return iter(self._forums.items())

    def children(self, docno: int) -> Iterable[int]:
        """See IArchive."""
        first = docno << DOCNO_BITS
        loose = (child - first for child in self._loose_children.keys(first, first + LARGEST_DOCNO))
        numbers = self._numbers(docno)
        return loose if isinstance(numbers, Unanswered) else merge(numbers.children(), loose)

    def late_children(self, parent: bytes) -> tuple[int, ...]:
        """See IArchive."""
        return tuple(self._late_parents.values(parent, parent + b"\xff" * 8))

    def by_message_id(self, message_id: bytes) -> int | None:
        """See IArchive."""
        return self._message_ids.find(key_digest(message_id), lambda docno: self._has_message_id(docno, message_id))

    def alias(self, account: str, message_id: bytes) -> int | None:
        """See IArchive."""
        return self._aliases.get(alias_key(account, message_id))

    def aliases(self, account: str) -> Iterator[tuple[bytes, int]]:
        """See IArchive."""
        first = alias_key(account, b"")
        for key, docno in self._aliases.items(first):
            if not key.startswith(first):
                return
            yield key[len(first):], docno

    def since(self, docno: int) -> Iterable[int]:
        """See IArchive."""
        self.sweep()  # who asks goes through many documents, some at a time
        return self._records.keys(docno, excludemin=True)

    def arrived_since(self, seconds: int) -> Iterable[int]:
        """See IArchive."""
        # times of arrival never go back (Writer.store), so a search by halves over docnos finds the first
        low, high = 1, self.newest() + 1
        while low < high:
            middle = (low + high) // 2
            docno = self._records.minKey(middle)
            if self._records[docno].arrived < seconds:
                low = docno + 1
            else:
                high = middle
        return self._records.keys(low)

    def newest(self) -> int:
        """See IArchive."""
        return self._records.maxKey() if self._records else 0

    def by_time(self) -> Iterator[int]:
        """See IArchive."""
        sets = [channels.kept(docno, False) for channels in self.holdings.all() for docno in self._forums.values()]
        keys = merge(*(members.keys(*EVER) for members in sets if members is not None))
        latest = 0
        for count, key in enumerate(keys, 1):
            if key != latest:  # a document stands in the set of each forum that it is in, of each node that has it
                yield docno_of(key)
            latest = key
            if not count % RECORDS_A_SWEEP:
                self.sweep()

    def below_since(self, docno: int, time: int) -> Iterator[int]:
        """See IArchive."""
        sets = [channels.kept(docno, False) for channels in self.holdings.all()]
        low, high = key_of(time, 0), EVER[1]
        keys = merge(*(members.keys(low, high) for members in sets if members is not None))
        return (docno_of(key) for key, _ in groupby(keys))

    def octets_held(self) -> int:
        """See IArchive."""
        return int(self._octets_held())

    def shown(self, docno: int) -> int:
        """See IArchive."""
        found: int = self._shown.get(docno, docno)
        return found

    def holds(self, node: int, docno: int) -> bool:
        """See IArchive."""
        return self.holdings.has(node, docno)

    def is_private(self, root: int) -> bool:
        """See IArchive."""
        return root in self._private_roots

    def stood_from(self, docno: int, group: int) -> int:
        """See IArchive."""
        found: int = self._shown_from.get(docno << DOCNO_BITS | group, docno)
        return found

    def linked_in(self, docno: int) -> Iterator[tuple[int, int]]:
        """See IArchive."""
        return ((group, number) for group, number in self._places_of(docno) if number)

    def _places_of(self, docno: int) -> Iterator[tuple[int, int]]:
        """Yield (newsgroup's docno, number) of places given after arrival; 0 where a moderator has to approve it."""
        first = docno << DOCNO_BITS
        return ((key & LARGEST_DOCNO, number) for key, number in self._linked.items(first, first | LARGEST_DOCNO))

    def late_groups(self, docno: int) -> Iterator[int]:
        """See IArchive."""
        known = self._records[docno].groups
        for group, number in self._places_of(docno):
            # else a link shows it there, it alone
            if group not in known and (not number or self._numbers(group).at(number) == docno):
                yield group

    def stands(self, docno: int) -> bool:
        """See IArchive."""
        record = self._records[docno]
        if not record.parents or any(number for _, number in record.numbers):
            return True
        return any(number for _, number in self._places_of(docno))

    def waits_in(self, docno: int) -> list[tuple[int, int]]:
        """See IArchive."""
        return self._waiting.of(docno)

    def waiting_octets(self, root: int) -> int:
        """See IArchive."""
        return self._waiting.octets(root)

    def appointments(self, root: int) -> Iterator[int]:
        """See IArchive."""
        return self._waiting.appointments(root)

    def notices(self, root: int, key: bytes) -> Iterator[int]:
        """See IArchive."""
        first = notice_key(root, key, 0)
        found: Iterator[int] = self._notices.values(first, notice_key(root, key, LARGEST_DOCNO))
        return found

    def gone(self, docno: int) -> str:
        """See IArchive."""
        return self._gone.get(docno, "")

    def piece(self, name: str) -> bytes | None:
        """Return a named piece of the network's state, or None."""
        piece = self._pieces.get(name)
        return None if piece is None else piece.octets

    def pieces(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Yield (name, value) of the pieces whose name begins with ``prefix``, in order of name."""
        for name, piece in self._pieces.items(prefix):
            if not name.startswith(prefix):
                return
            yield name, piece.octets

    def followers(self) -> Iterable[str]:
        """See IArchive."""
        return tuple(self._follows)

    def follows(self, account: str) -> Iterator[Follow]:
        """See IArchive."""
        for document_id, (reason, looked, comments, since, *node) in self._follows.get(account, {}).items():
            yield Follow(document_id, Reason(reason), looked, comments, since, *node)


def notice_key(root: int, key: bytes, docno: int) -> bytes:
    """Return the key of a NoCeM message: an author's in one forum stand together, in order of arrival."""
    return root.to_bytes(4, "big") + key + docno.to_bytes(4, "big")


def alias_key(account: str, message_id: bytes) -> bytes:
    """Return the key of an alias: an account's stand together."""
    return account.encode() + b"\0" + message_id  # no account's name has a NUL in it
