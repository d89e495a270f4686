"""Newsgroup names: given once, when a document arrives, and found again without an index of names.

A forum's root is ``clique.<forum>``; any other document is ``<its root's name>.<slug>-<id>``, with a slug of its
subject and the first characters of its id.  Where a name is taken, more characters of the id tell the two apart; so
the characters after the last hyphen always lead back to the document.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from cliquenntp.document import id_text
from cliquenntp.interfaces import IArchive

HIERARCHY = "clique"

WAITING = "clique.local.waiting."
"""before a forum's name: the newsgroup of what waits there for a moderator; no forum's name begins with ``local.``"""

COMPONENT_CHARACTERS = 30
"""of a component between dots; older servers made each a folder of the spool (RFC 5536 section 3.1.4)"""

ID_CHARACTERS = 8
"""of the id in a name: 40 bits, enough to tell apart a forum's documents unless someone works at it"""

_MORE_ID_CHARACTERS = 4
_ALL_ID_CHARACTERS = 52

_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")
_ID_BEHIND_HYPHEN = re.compile(rf"-([a-z2-7]{{{ID_CHARACTERS},{_ALL_ID_CHARACTERS}}})\Z")

_NAME = re.compile(r"[A-Za-z0-9+_-]+(?:\.[A-Za-z0-9+_-]+)*")
"""RFC 5536 section 3.1.4"""


def slug(subject: str) -> str:
    """Return a subject as ASCII lower-case letters and digits, words joined by hyphens; ``t`` when nothing is left."""
    letters = subject
    if not subject.isascii():
        letters = unicodedata.normalize("NFKD", subject)
        # marks go with the letters they stood on, so that an accent does not split a word
        letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _NOT_IN_SLUG.sub("-", letters.lower()).strip("-") or "t"


def group_name(document_id: bytes, forum: str | None, subject: str, root_name: str | None, archive: IArchive) -> str:
    """Return the name of a new document's newsgroup, one that no held document has.

    ``forum`` is a root's Clique-Forum, ``root_name`` the name of the newsgroup of another document's root (None: it
    is a root).  A root without a forum stands right below the hierarchy.
    """
    if forum is not None:
        name = f"{HIERARCHY}.{forum}"
        if find_group(archive, name) is None:
            return name
        return _free_name(name + "-", id_text(document_id), archive)
    above = HIERARCHY if root_name is None else root_name
    return _free_name(f"{above}.{slug(subject)[:COMPONENT_CHARACTERS]}-", id_text(document_id), archive)


def _free_name(stem: str, document_text: str, archive: IArchive) -> str:
    for name in _candidates(stem, document_text):
        if find_group(archive, name) is None:
            return name
    raise AssertionError("two documents with one id")  # the last candidate has the whole id in it


def _candidates(stem: str, document_text: str) -> Iterator[str]:
    above, _, last = stem[:-1].rpartition(".")
    for characters in range(ID_CHARACTERS, _ALL_ID_CHARACTERS + 1, _MORE_ID_CHARACTERS):
        room = max(COMPONENT_CHARACTERS - 1 - characters, 1)
        yield f"{above}.{last[:room].rstrip('-')}-{document_text[:characters]}"


def waiting_name(forum: str) -> str:
    """Return the name of the newsgroup of what waits in a forum (``clique.tea``)."""
    return WAITING + forum.removeprefix(HIERARCHY + ".")


def waiting_forum(name: str, archive: IArchive) -> int | None:
    """Return the docno of the root of the forum of which what waits has that newsgroup, or None."""
    if not name.startswith(WAITING):
        return None
    found: int | None = archive.forum(f"{HIERARCHY}.{name[len(WAITING):]}")
    return found


def find_group(archive: IArchive, name: str) -> int | None:
    """Return the docno of the document whose newsgroup has that name, or None."""
    found: int | None = archive.forum(name)
    if found is not None:
        return found
    match = _ID_BEHIND_HYPHEN.search(name)
    if match is None:
        return None
    return next((docno for docno in archive.find_prefix(match[1]) if archive.record(docno).name == name), None)


def is_group_name(name: str) -> bool:
    """Tell whether ``name`` has the form of a newsgroup's name (RFC 5536 section 3.1.4)."""
    return _NAME.fullmatch(name) is not None
