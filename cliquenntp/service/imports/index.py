"""What an import knows of each article of an archive, and the order in which parents come before their answers.

Message-IDs, references and places lie in a temporary SQLite file; in memory are a few numbers an article (about 100
octets), so a million articles fit into 100 MB.
"""

from __future__ import annotations

import sqlite3
import tempfile
from array import array
from collections.abc import Iterable, Iterator

import attrs

from cliquenntp.newsgroup.importing import ForeignArticle
from cliquenntp.service.imports.sources import Found

_SCHEMA = """
CREATE TABLE article (number INTEGER PRIMARY KEY, name TEXT, place TEXT, message_id BLOB UNIQUE);
CREATE TABLE reference (number INTEGER, rank INTEGER, message_id BLOB, PRIMARY KEY (number, rank)) WITHOUT ROWID;
"""
_CACHE_KIBIBYTES = 32 * 1024
_ID_OCTETS = 32


@attrs.frozen
class Entry:
    """One article, ready to be read again."""

    number: int
    name: str
    place: str
    message_id: bytes


@attrs.frozen
class Held:
    """A document that stands for a Message-ID: of this archive, or stored before."""

    id: bytes
    time: int
    forums: frozenset[str]


class ImportIndex:
    """The articles of one archive, numbered from 0 in its order; used by one thread at a time."""

    def __init__(self) -> None:
        self._file = tempfile.NamedTemporaryFile(prefix="cliquenntp-import-")  # noqa: SIM115 (closed by close)
        self._database = sqlite3.connect(self._file.name, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{_CACHE_KIBIBYTES}"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.executescript(_SCHEMA)
        self._database.execute("BEGIN")
        self._times = array("q")
        self._forums: list[tuple[str, ...]] = []
        self._same: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._ids = bytearray()
        self._earlier: dict[bytes, Held] = {}
        self._last_time = 0

    def __len__(self) -> int:
        return len(self._times)

    def close(self) -> None:
        """Let go of the temporary file."""
        self._database.close()
        self._file.close()

    def add(self, found: Found, article: ForeignArticle, latest: int) -> bool:
        """Note an article; False where its Message-ID is there already: then only its newsgroup is noted.

        An article without a plausible date (none, or after ``latest``) gets that of the one before it in the archive.
        """
        number = len(self._times)
        group = found.group.lower()
        try:
            self._database.execute(
                "INSERT INTO article VALUES (?, ?, ?, ?)", (number, found.name, found.place, article.message_id)
            )
        except sqlite3.IntegrityError:
            self._add_copy(article.message_id, group)
            return False
        if article.date is not None and article.date <= latest:
            self._last_time = article.date
        self._times.append(self._last_time or latest)
        self._forums.append(self._one((*article.newsgroups, group)))
        self._ids.extend(bytes(_ID_OCTETS))
        if article.references:
            rows = ((number, rank, reference) for rank, reference in enumerate(article.references))
            self._database.executemany("INSERT INTO reference VALUES (?, ?, ?)", rows)
        return True

    def _one(self, groups: tuple[str, ...]) -> tuple[str, ...]:
        groups = tuple(dict.fromkeys(groups))
        return self._same.setdefault(groups, groups)

    def _add_copy(self, message_id: bytes, group: str) -> None:
        number = self._number(message_id)
        assert number is not None
        self._forums[number] = self._one((*self._forums[number], group))

    def keep_forums(self, forums: frozenset[str]) -> None:
        """Forget newsgroups that are not imported."""
        kept: dict[tuple[str, ...], tuple[str, ...]] = {}
        for groups in self._same:
            kept[groups] = tuple(group for group in groups if group in forums)
        self._forums = [kept[groups] for groups in self._forums]

    def forums(self, number: int) -> tuple[str, ...]:
        """Return the forums of an article: as its Newsgroups lists them, then where its file lay."""
        return self._forums[number]

    def all_message_ids(self) -> Iterator[bytes]:
        """Yield the Message-IDs of all articles, and those that they refer to and that are not in the archive."""
        outside = "SELECT DISTINCT message_id FROM reference WHERE message_id NOT IN (SELECT message_id FROM article)"
        for query in ("SELECT message_id FROM article ORDER BY number", outside):
            for (message_id,) in self._database.execute(query):
                yield message_id

    def set_held(self, number: int, document_id: bytes, time: int) -> None:
        """Note the document that an article became."""
        self._ids[number * _ID_OCTETS : (number + 1) * _ID_OCTETS] = document_id
        self._times[number] = time

    def is_held(self, number: int) -> bool:
        """Tell whether an article has become a document."""
        return any(self._ids[number * _ID_OCTETS : (number + 1) * _ID_OCTETS])

    def set_earlier(self, message_id: bytes, held: Held) -> bool:
        """Note a document that the node held before; return whether the archive has it too."""
        number = self._number(message_id)
        if number is None:
            self._earlier[message_id] = held
            return False
        self.set_held(number, held.id, held.time)
        self._forums[number] = self._one(tuple(sorted(held.forums)))
        return True

    def _number(self, message_id: bytes) -> int | None:
        row = self._database.execute("SELECT number FROM article WHERE message_id = ?", (message_id,)).fetchone()
        return None if row is None else int(row[0])

    def time(self, number: int) -> int:
        """Return an article's Clique-Time: after ``order``, not before those it answers."""
        return self._times[number]

    def order(self) -> list[int]:
        """Return all numbers, oldest first, each behind what it answers; the times become such that both hold.

        Where references run in a circle the circle is cut.
        """
        parents = self._parents()
        depths = array("q", bytes(8 * len(self)))
        done = bytearray(len(self))  # 1: on the way to it, 2: its time and depth are known
        for start in range(len(self)):
            stack = [start]
            while stack:
                number = stack[-1]
                if not done[number]:
                    done[number] = 1
                    waiting = [parent for parent in parents.get(number, ()) if not done[parent]]
                    if waiting:
                        stack += waiting
                        continue
                stack.pop()
                if done[number] == 1:
                    done[number] = 2
                    for parent in parents.get(number, ()):
                        if done[parent] == 2:
                            self._times[number] = max(self._times[number], self._times[parent])
                            depths[number] = max(depths[number], depths[parent] + 1)
        # one integer a key: tuples would take three times the memory
        return sorted(range(len(self)), key=lambda each: (self._times[each] << 64) | (depths[each] << 32) | each)

    def _parents(self) -> dict[int, tuple[int, ...]]:
        """Return, of each article that answers others of this archive, the nearest of them in each of its forums."""
        query = """
            SELECT reference.number, article.number FROM reference JOIN article USING (message_id)
            WHERE reference.number != article.number ORDER BY reference.number, reference.rank
        """
        parents: dict[int, tuple[int, ...]] = {}
        missing: set[str] = set()
        current = -1
        for number, parent in self._database.execute(query):
            if number != current:
                current, missing = number, set(self._forums[number])
            if not missing.isdisjoint(self._forums[parent]):
                missing.difference_update(self._forums[parent])
                parents[number] = (*parents.get(number, ()), parent)
        return parents

    def entries(self, numbers: Iterable[int]) -> Iterator[Entry]:
        """Yield the articles with those numbers."""
        for number in numbers:
            row = self._database.execute("SELECT name, place, message_id FROM article WHERE number = ?", (number,))
            yield Entry(number, *row.fetchone())

    def parents_of(self, number: int, references: Iterable[bytes]) -> tuple[dict[str, bytes], int]:
        """Return, for each forum of an article, the id of the nearest document there that it answers, and their newest
        Clique-Time (0 without any).
        """
        wanted = self._forums[number]
        found: dict[str, bytes] = {}
        newest = 0
        for message_id in references:
            held = self._held(message_id)
            if held is None:
                continue
            for forum in wanted:
                if forum in held.forums and forum not in found:
                    found[forum] = held.id
                    newest = max(newest, held.time)
            if len(found) == len(wanted):
                break
        return found, newest

    def _held(self, message_id: bytes) -> Held | None:
        number = self._number(message_id)
        if number is None:
            return self._earlier.get(message_id)
        if not self.is_held(number):
            return None
        document_id = bytes(self._ids[number * _ID_OCTETS : (number + 1) * _ID_OCTETS])
        return Held(document_id, self._times[number], frozenset(self._forums[number]))
