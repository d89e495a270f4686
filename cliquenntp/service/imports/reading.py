"""The half of an import that needs no database: reads the archive, orders it, and signs documents.

It runs in a process of its own (worker), so that signing tens of thousands of articles takes no time from the
node's readers.  Arguments and results can be pickled.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import attrs

from cliquenntp.document import DEFAULT_LIMITS, Document, DocumentError, Signer, address_of, check_forum_name, compose
from cliquenntp.newsgroup.importing import ArticleRefused, ForeignArticle, document_fields, read_article
from cliquenntp.service.forums import OWNER_LOCAL_PART
from cliquenntp.service.imports.index import Entry, Held, ImportIndex
from cliquenntp.service.imports.sources import LARGEST_ARTICLE, Found, open_source

BATCH_ARTICLES = 300
"""articles a batch; more a commit were measured to gain nothing"""
BATCH_OCTETS = 2 << 20
"""document bytes a batch: others' posts wait for at most two of them"""
LOOK_UPS = 2000
"""Message-IDs looked up in one step"""
SCAN_SECONDS = 0.25
"""of reading between two reports of progress"""

TOO_MANY_THREADS = (
    f"it answers in more than {DEFAULT_LIMITS.parents} threads: it stands in the first {DEFAULT_LIMITS.parents}"
)

Refusals = list[tuple[str, str]]
"""(article, reason)"""


@attrs.frozen
class Scanned:
    """What one step of the first reading found."""

    read: int
    duplicates: int
    refusals: Refusals
    position: int
    """of ``size``, in the source's own unit"""
    size: int
    is_done: bool


@attrs.frozen
class Ready:
    """An article as a signed document, to be stored."""

    name: str
    message_id: bytes
    document: Document
    forums: tuple[str, ...]
    repairs: tuple[str, ...]


@attrs.frozen
class Batch:
    """The next documents to be stored, and what was refused on the way."""

    ready: list[Ready]
    refusals: Refusals

    @property
    def looked_at(self) -> int:
        """How many articles it took."""
        return len(self.ready) + len(self.refusals)


class ArchiveReading:
    """One archive: ``scan`` to its end, ``set_roots``, ``look_ups``, ``answers``, ``order``, ``batch`` to its end."""

    def __init__(self, path: Path, group: str | None, seed: bytes, latest: int) -> None:
        """Open an archive (see import_sources.open_source, which tells what it raises).

        ``seed`` is the importer's (see document.Signer); dates after ``latest`` (seconds since 1970 UTC) are errors.
        """
        self._source = open_source(path, group)
        self._index = ImportIndex()
        self._signer = Signer(seed)
        self._sender = address_of(self._signer.key, OWNER_LOCAL_PART)
        self._latest = latest
        self._found = iter(self._source)
        self._forum_errors: dict[str, str | None] = {}
        self._roots: dict[str, bytes] = {}
        self._wanted: Iterator[bytes] = iter(())
        self._entries: Iterator[Entry] = iter(())

    def close(self) -> None:
        """Let go of files."""
        self._source.close()
        self._index.close()

    def scan(self) -> Scanned:
        """Read on for SCAN_SECONDS."""
        until = time.monotonic() + SCAN_SECONDS
        read = duplicates = 0
        refusals: Refusals = []
        is_done = True
        for found in self._found:
            read += 1
            try:
                if not self._note(found):
                    duplicates += 1
            except (ArticleRefused, DocumentError) as refusal:
                refusals.append((found.name, refusal.reason))
            if time.monotonic() >= until:
                is_done = False
                break
        source = self._source
        return Scanned(read, duplicates, refusals, min(source.position, source.size), source.size, is_done)

    def _note(self, found: Found) -> bool:
        group = found.group.lower()
        if group not in self._forum_errors:
            self._forum_errors[group] = _forum_error(group)
        problem = self._forum_errors[group]
        if problem is not None:
            raise ArticleRefused(problem)
        if found.raw is None:
            raise ArticleRefused(f"more than {LARGEST_ARTICLE} octets")
        return self._index.add(found, read_article(found.raw), self._latest)

    def damage(self) -> str | None:
        """Return why the archive could not be read to its end, if so."""
        return self._source.damage

    def forums(self) -> list[str]:
        """Return the names of the forums that the archive's articles go into."""
        return sorted(name for name, problem in self._forum_errors.items() if problem is None)

    def set_roots(self, roots: dict[str, bytes]) -> None:
        """Take the ids of the forums' roots."""
        self._roots = roots
        self._index.keep_forums(frozenset(roots))
        self._wanted = self._index.all_message_ids()

    def look_ups(self) -> list[bytes]:
        """Return the next Message-IDs of articles and of what they answer outside of the archive; none at the end."""
        return list(islice(self._wanted, LOOK_UPS))

    def answers(self, held: dict[bytes, Held]) -> int:
        """Take what the node holds under those Message-IDs; return how many of the archive's articles that are."""
        return sum(self._index.set_earlier(message_id, document) for message_id, document in held.items())

    def order(self) -> int:
        """Put what is not held in order, and return how many articles that are."""
        missing = [number for number in self._index.order() if not self._index.is_held(number)]
        self._entries = self._index.entries(missing)
        return len(missing)

    def batch(self) -> Batch:
        """Return the next documents; an empty batch at the end."""
        batch = Batch([], [])
        octets = 0
        for entry in islice(self._entries, BATCH_ARTICLES):
            try:
                ready = self._ready(entry)
            except (ArticleRefused, DocumentError) as refusal:
                batch.refusals.append((entry.name, refusal.reason))
                continue
            except OSError as error:
                batch.refusals.append((entry.name, f"it cannot be read again: {error}"))
                continue
            batch.ready.append(ready)
            self._index.set_held(entry.number, ready.document.id, ready.document.time)
            octets += len(ready.document.raw)
            if octets >= BATCH_OCTETS:
                break
        return batch

    def _ready(self, entry: Entry) -> Ready:
        article = read_article(self._source.read(entry.place))
        forums = self._index.forums(entry.number)
        parents, newest = self._parents(entry.number, article)
        most = DEFAULT_LIMITS.parents
        repairs = article.repairs if len(parents) <= most else (*article.repairs, TOO_MANY_THREADS)
        time = max(self._index.time(entry.number), newest)
        fields = document_fields(article, parents[:most], self._sender, time)
        document = compose(self._signer, fields, article.body, time)
        return Ready(entry.name, entry.message_id, document, forums, repairs)

    def _parents(self, number: int, article: ForeignArticle) -> tuple[tuple[bytes, ...], int]:
        """Return the ids of an article's parents, one a forum, and the newest Clique-Time of those that it answers."""
        answered, newest = self._index.parents_of(number, article.references)
        forums: Iterable[str] = self._index.forums(number)
        return tuple(dict.fromkeys(answered.get(forum) or self._roots[forum] for forum in forums)), newest


def _forum_error(name: str) -> str | None:
    try:
        check_forum_name(name)
    except DocumentError as error:
        return error.reason
    return None
