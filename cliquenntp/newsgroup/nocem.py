"""NoCeM messages: lists of articles that somebody advises not to show, or to show after all.

The form is the news world's own (the NoCeM document, version 0.93), a body with

    @@BEGIN NCM HEADERS
    Version: 0.93
    Issuer: moderator@example.org
    Type: spam
    Action: hide
    Count: 1
    Notice-ID: 1
    @@BEGIN NCM BODY
    <message-id> newsgroup
    @@END NCM BODY

There it is signed with PGP; here the document around it is signed.  It counts for accounts that honour its key, for
articles of the forums in which it stands itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs
from zope.interface import implementer

from cliquenntp.document import Document, DocumentError, parse
from cliquenntp.interfaces import IArchive, IHidden, IRecord
from cliquenntp.newsgroup.caches import SizedCache
from cliquenntp.newsgroup.message_ids import document_id_of, is_message_id

BEGIN_HEADERS = b"@@BEGIN NCM HEADERS"
BEGIN_BODY = b"@@BEGIN NCM BODY"
END_BODY = b"@@END NCM BODY"

HIDE, SHOW = b"hide", b"show"

MOST_OCTETS = 256 << 10
"""of a body that is read for a NoCeM message; one with MOST_IDS of ours has half of it"""

MOST_IDS = 1000
"""articles in one message: 10 ms to read; whoever has more to say sends several"""

MOST_HONOURED = 100_000
"""articles of which is known what one key says in one forum, 20 MB; of the newest messages"""

IDS_KEPT = 200_000
"""Articles in messages that are kept as read, 30 MB: to read those of a full MOST_HONOURED takes a second."""

Honours = Mapping[bytes, Iterable[bytes]]
"""what an account honours: keys by the ids of forums' roots"""


@attrs.frozen
class Notice:
    """What a NoCeM message says."""

    hides: bool
    """whether the articles shall be hidden; else shown"""
    targets: tuple[bytes, ...]
    """documents' ids (32 bytes), and Message-IDs of another form with their angle brackets"""


def read_notice(body: bytes) -> Notice | None:
    """Return what a body says as a NoCeM message; None where it is none, has more than a limit allows or breaks off."""
    if len(body) > MOST_OCTETS or BEGIN_HEADERS not in body:
        return None
    lines = iter([line.rstrip() for line in body.splitlines()])
    if not any(line == BEGIN_HEADERS for line in lines):
        return None
    fields: dict[bytes, bytes] = {}
    for line in lines:
        if line == BEGIN_BODY:
            break
        name, _, value = line.partition(b":")
        fields[name.strip().lower()] = value.strip().lower()
    action = fields.get(b"action")
    targets: dict[bytes, None] = {}
    for line in lines:
        if line == END_BODY:
            return Notice(action == HIDE, tuple(targets)) if action in (HIDE, SHOW) and targets else None
        message_id = line.partition(b"\t")[0].partition(b" ")[0]
        if not is_message_id(message_id):
            continue
        targets[document_id_of(message_id) or message_id] = None
        if len(targets) > MOST_IDS:
            return None
    return None


def notice_body(issuer: str, kind: str, hides: bool, notice_id: str, articles: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return the body of a NoCeM message about articles, each (Message-ID, names of newsgroups with commas)."""
    action = HIDE if hides else SHOW
    fields = (
        ("Version", "0.93"), ("Issuer", issuer), ("Type", kind), ("Action", action.decode()),
        ("Count", str(len(articles))), ("Notice-ID", notice_id),
    )  # fmt: skip
    lines = [BEGIN_HEADERS, *(f"{name}: {value}".encode() for name, value in fields), BEGIN_BODY]
    lines += (message_id + b"\t" + newsgroups.replace(b",", b" ") for message_id, newsgroups in articles)
    return b"".join(line + b"\r\n" for line in (*lines, END_BODY))


def is_notice(document: Document) -> bool:
    """Tell whether a document is a NoCeM message."""
    return BEGIN_HEADERS in document.body and read_notice(document.body) is not None


@implementer(IHidden)
class HonouredNotices:
    """IHidden of what the keys say that an account honours, which ``honour`` replaces."""

    def __init__(self, archive: IArchive) -> None:
        self._archive = archive
        self._honours: dict[bytes, frozenset[bytes]] = {}
        self._said: dict[tuple[int, bytes], dict[bytes, bool]] = {}
        """by forum and key: whether each article is hidden"""
        self._read: SizedCache[bytes, Notice | None] = SizedCache(IDS_KEPT)
        """by document's id"""

    def honour(self, keys: Honours) -> None:
        """Hide what these keys say, and nothing else."""
        self._honours = {root: frozenset(named) for root, named in keys.items() if named}
        self.look_again()

    def look_again(self) -> None:
        """Forget what was said: messages came, or are gone."""
        self._said.clear()

    def anything(self) -> bool:
        """See IHidden."""
        return bool(self._honours)

    def hides(self, docno: int) -> bool:
        """See IHidden."""
        record = self._archive.record(docno)
        if not record.parents:  # the forum itself, without which there is none
            return False
        names = (record.id, *record.message_ids)
        for root in record.roots:
            for key in self._honours.get(self._archive.record(root).id, ()):
                said = self._said_by(root, key)
                if any(said.get(name, False) for name in names):
                    return True
        return False

    def hides_below(self, docno: int) -> bool:
        """See IHidden; each article is named alone."""
        return False

    def _said_by(self, root: int, key: bytes) -> dict[bytes, bool]:
        said = self._said.get((root, key))
        if said is None:
            said = self._said[root, key] = self._what_is_said(root, key)
        return said

    def _what_is_said(self, root: int, key: bytes) -> dict[bytes, bool]:
        """Return whether each article is hidden of which a key's messages in a forum speak: the latest one counts."""
        archive = self._archive
        newest_first = sorted(
            (archive.record(docno) for docno in archive.notices(root, key) if not archive.gone(docno)),
            key=lambda record: (record.time, record.id), reverse=True,
        )
        said: dict[bytes, bool] = {}
        for record in newest_first:
            notice = self._notice_of(record)
            if notice is not None:
                for target in notice.targets:
                    said.setdefault(target, notice.hides)
            if len(said) >= MOST_HONOURED:
                break
        return said

    def _notice_of(self, record: IRecord) -> Notice | None:
        if record.id in self._read:
            return self._read.get(record.id)
        try:
            notice = read_notice(parse(self._archive.raw(record.docno)).body)
        except (KeyError, DocumentError):  # gone, or taken under wider limits than the default
            notice = None
        self._read.keep(record.id, notice, 1 if notice is None else len(notice.targets))
        return notice
