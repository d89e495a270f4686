"""Documents as another news server gets them: which go there, and what becomes of their header (RFC 5537 section 3.10).

What came from a news server stays out: its Path and half of its header are gone, so it would be another article under
the same Message-ID.  Of the rest only the fields that a post keeps go out (outgoing.KEPT_FIELDS), so no stranger's
document can approve itself or tell a forum's id to the world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from email.utils import formatdate

import attrs

from cliquenntp.document import Document, DocumentError, build, parse
from cliquenntp.interfaces import SHARED, IArchive, IRecord
from cliquenntp.newsgroup.caches import SizedCache
from cliquenntp.newsgroup.importers import is_importer
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.newsgroup.outgoing import KEEPABLE_FIELDS, KEPT_FIELDS, POSTER
from cliquenntp.newsgroup.rendering import ended, folded, is_shown_from_sender, split
from cliquenntp.newsgroup.retraction import acts_only

ORIGINAL_MESSAGE_ID = b"Clique-Original-Message-ID"

NAMES_KEPT = 20_000
"""Message-IDs kept for References, some 200 octets each"""

_GOING = tuple(name for name in (*KEPT_FIELDS, *KEEPABLE_FIELDS) if name not in (b"Subject", b"Date", b"Followup-To"))


@attrs.frozen
class OutgoingArticle:
    """An article for another server."""

    message_id: bytes
    raw: bytes
    """CRLF lines, dots not stuffed"""


class Gateway:
    """Makes articles of documents, for servers to which forums are bridged."""

    def __init__(self, archive: IArchive, newsgroup_of: Callable[[str], str | None], path_identity: str) -> None:
        """``newsgroup_of`` tells to which newsgroup elsewhere a forum (``clique.tea``) goes; None: to none."""
        self._archive = archive
        self._newsgroup_of = newsgroup_of
        self._path_identity = path_identity.encode("ascii")
        self._names: SizedCache[bytes, bytes] = SizedCache(NAMES_KEPT)

    def article(self, docno: int, forum: str, is_injected: bool) -> OutgoingArticle | None:
        """Return the article that shows a document of a forum (``clique.tea``) elsewhere; None where it stays here.

        ``is_injected`` says that this node injects it, to hand it on to a peer; else a server does that to which it is
        posted (RFC 5537 section 3.5).
        """
        archive = self._archive
        record = archive.record(docno)
        forums = [archive.record(root).name for root in record.roots]
        if forum not in forums or not record.parents or archive.gone(docno) or not archive.holds(SHARED, docno):
            return None
        try:
            document = parse(archive.raw(docno))
        except DocumentError:  # taken under wider limits than the default
            return None
        if document.approve is not None:
            approved = archive.find(document.approve)
            return None if approved in (None, docno) else self._approved(approved, forum, is_injected)
        if document.link is not None or came_from_elsewhere(document, record, archive):
            return None
        if any(archive.record(waited_in).name == forum for waited_in, _ in archive.waits_in(docno)):
            return None
        message_id = message_id_of(record.id)
        path = self._path_identity + (b"!.POSTED!not-for-mail" if is_injected else b"!not-for-mail")
        fields = [(b"Path", path), (b"Message-ID", message_id), (b"Newsgroups", self._newsgroups(forums))]
        fields += self._control(document) if document.cancel is not None else self._fields(document, record)
        if is_injected:
            fields.append((b"Injection-Info", self._path_identity))
            fields.append((b"Injection-Date", formatdate(record.time).replace("-0000", "+0000").encode("ascii")))
        return OutgoingArticle(message_id, build(fields, ended(document.body)))

    def _approved(self, docno: int, forum: str, is_injected: bool) -> OutgoingArticle | None:
        """Return the article that an approval shows: it was passed over when it came."""
        record = self._archive.record(docno)
        if acts_only(record) or not self._archive.stands(docno):
            return None
        return self.article(docno, forum, is_injected)

    def _newsgroups(self, names: Iterable[str]) -> bytes:
        """Return the newsgroups elsewhere that forums go to, separated by commas; those that go to none left out."""
        there = dict.fromkeys(self._newsgroup_of(name) for name in names)
        return ",".join(name for name in there if name is not None).encode("ascii")

    def _control(self, document: Document) -> list[tuple[bytes, bytes]]:
        """Return the fields of what cancels: it names the form of Message-ID that articles of ours have elsewhere."""
        assert document.cancel is not None
        command = b"cancel " + message_id_of(document.cancel)
        return [
            (b"From", document.headers.get(b"From") or b""),
            (b"Subject", b"cmsg " + command),
            (b"Date", _date(document)),
            (b"Control", command),
        ]

    def _fields(self, document: Document, record: IRecord) -> list[tuple[bytes, bytes]]:
        head, _ = split(document.raw)
        shown_from = self._archive.overview(record.docno).split(b"\t")[1]
        given = {name.lower(): value for name, value in reversed(document.headers.fields)}
        sender = is_shown_from_sender(head, shown_from)
        fields = [
            (b"From", given[b"sender" if sender else b"from"]),
            (b"Subject", given.get(b"subject", b"(no subject)")),
            (b"Date", given.get(b"date") or _date(document)),
        ]
        if record.references:
            fields.append((b"References", folded(b" ".join(map(self._name, record.references)))))
        followups = self._followups(given.get(b"followup-to", b""))
        if followups:
            fields.append((b"Followup-To", followups))
        fields += ((name, given[name.lower()]) for name in _GOING if given.get(name.lower()))
        if document.supersedes is not None:
            fields.append((b"Supersedes", message_id_of(document.supersedes)))
        return fields

    def _name(self, document_id: bytes) -> bytes:
        """Return the Message-ID under which the other server knows a document."""
        name = self._names.get(document_id)
        if name is None:
            name = original_message_id(document_id, self._archive) or message_id_of(document_id)
            self._names.keep(document_id, name)
        return name

    def _followups(self, value: bytes) -> bytes:
        """Return Followup-To with the newsgroups elsewhere in place of the forums that are bridged to them."""
        if value.strip().lower() == POSTER:
            return POSTER
        return self._newsgroups(name.strip().decode("ascii", "replace") for name in value.split(b","))


def _date(document: Document) -> bytes:
    given = document.headers.get(b"Date")
    return given or formatdate(document.time).replace("-0000", "+0000").encode("ascii")


def came_from_elsewhere(document: Document, record: IRecord, archive: IArchive) -> bool:
    """Tell whether an importer brought a document from a news server or an archive into one of its forums."""
    return ORIGINAL_MESSAGE_ID in document.headers and any(
        is_importer(document.author, [root], archive) for root in record.roots)


def original_message_id(document_id: bytes, archive: IArchive) -> bytes | None:
    """Return the Message-ID that an imported document had elsewhere, or None where it is not held or had none."""
    docno = archive.find(document_id)
    try:
        found = None if docno is None else parse(archive.raw(docno)).headers.get(ORIGINAL_MESSAGE_ID)
    except (KeyError, DocumentError):
        return None
    return found if found is not None and archive.by_message_id(found) is not None else None


def newsgroups_for(followups: bytes, forums: Mapping[str, str]) -> bytes:
    """Return an article's Followup-To with forums of ours in place of the newsgroups that ``forums`` maps to them.

    What it maps to none stays: then answers don't belong here.
    """
    names = [name.strip() for name in followups.decode("latin-1").split(",")]
    there = dict.fromkeys(f"clique.{forums[name.lower()]}" if name.lower() in forums else name for name in names)
    return ",".join(there).encode("latin-1")
