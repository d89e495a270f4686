"""Writing what a newsgroup holds to a file: as an mbox that other programs read, or as the signed documents."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from email.utils import parseaddr
from pathlib import Path

from cliquenntp.interfaces import NOBODY, IArchive
from cliquenntp.newsgroup.view import NewsView
from cliquenntp.service.imports.documents_file import MAGIC, entry, gone_entry
from cliquenntp.service.new_file import new_file
from cliquenntp.store import Store

Progress = Callable[[int], None]
"""is told how many documents were written"""

_LOCAL_FIELDS = re.compile(rb"^(?:Path|Xref):.*\n(?:[ \t].*\n)*", re.IGNORECASE | re.MULTILINE)
"""fields that say something about this node alone"""

_FROM_LINE = re.compile(rb"^(>*From )", re.MULTILINE)
_FROM_FIELD = re.compile(rb"^From:(.*)\n", re.IGNORECASE | re.MULTILINE)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def export_mbox(store: Store, docno: int, file: Path, path_identity: str, progress: Progress) -> int:
    """Write a newsgroup's articles to a new mbox file, in the order of their numbers; for a thread.

    What is held back is left out.  Returns how many.  Lines that begin with ``From`` get a ``>`` more (mboxrd), lines
    end with LF.  Raises NewFileError.
    """
    count = 0
    with store.snapshot() as archive, new_file(file) as target:
        view = NewsView(archive, path_identity)
        numbers = archive.numbers(docno)
        for _, found in numbers.between(numbers.low, numbers.high):
            shown = archive.shown(found)
            if archive.gone(shown) or archive.holds(NOBODY, shown):
                continue
            article = view.article(shown)
            target.write(_mbox_article(article.head, article.body, archive.record(shown).time))
            count += 1
            progress(count)
    return count


def _mbox_article(head: bytes, body: bytes, seconds: int) -> bytes:
    """Return an article (dots stuffed, CRLF) with its line ``From ...`` before it and an empty line behind it."""
    head, body = _plain(head), _plain(body)
    sender = _FROM_FIELD.search(head)
    address = parseaddr(sender[1].decode("utf-8", "replace"))[1] if sender else ""
    address = re.sub(r"[^!-~]", "", address) or "MAILER-DAEMON"
    at = time.gmtime(seconds)
    date = f"{_WEEKDAYS[at.tm_wday]} {_MONTHS[at.tm_mon - 1]} {at.tm_mday:2} {time.strftime('%H:%M:%S %Y', at)}"
    text = _LOCAL_FIELDS.sub(b"", head) + b"\n" + body
    return f"From {address} {date}\n".encode("ascii") + _FROM_LINE.sub(rb">\1", text) + b"\n"


def _plain(lines: bytes) -> bytes:
    """Return lines with LF ends, without the dots that were stuffed for NNTP."""
    return re.sub(rb"^\.(?=\.)", b"", lines.replace(b"\r\n", b"\n"), flags=re.MULTILINE)


def export_documents(store: Store, docno: int, file: Path, progress: Progress) -> int:
    """Write a document and all below it to a new file of signed documents, with what they need above them.

    What is held back is left out.  Returns how many documents; for a thread.  Raises NewFileError.
    """
    with store.snapshot() as archive, new_file(file) as target:
        target.write(MAGIC)
        count = 0
        for found in _needed(archive, docno):
            if archive.gone(found):
                target.write(gone_entry(archive.place(found)))
                continue
            target.write(entry(archive.raw(found)))
            count += 1
            progress(count)
    return count


def _needed(archive: IArchive, docno: int) -> Iterator[int]:
    """Yield a document, all below it, and the first parents of all of them; in order of arrival, parents first."""
    below = {docno}
    waiting = [docno]
    while waiting:
        for child in archive.children(waiting.pop()):
            if child not in below:
                below.add(child)
                waiting.append(child)
    kept = {found for found in below if not archive.gone(found) and not archive.holds(NOBODY, found)}
    needed: set[int] = set()
    for found in kept:
        above: int | None = found
        while above is not None and above not in needed:
            needed.add(above)
            parents = archive.record(above).parents
            above = parents[0] if parents else None
    yield from sorted(needed)
