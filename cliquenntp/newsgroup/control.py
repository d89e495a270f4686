"""Control articles (RFC 5537 section 5) that people post from a newsreader.

``newgroup`` makes a forum, ``rmgroup`` leaves one, ``cancel`` takes an article of one's own back, ``approve`` shows one
that waits in a moderated forum.
"""

from __future__ import annotations

import re

import attrs

from cliquenntp.document import DocumentError, check_forum_name
from cliquenntp.interfaces import IArchive, Identity
from cliquenntp.newsgroup.naming import HIERARCHY, find_group

_DESCRIBED = re.compile(rb"^(?P<name>[!-~]+)[ \t]+(?P<text>[^\r\n]+?)[ \t]*\r?$", re.MULTILINE)
"""a line of a newsgroups file, as the body of a newgroup has it (RFC 5537 section 5.2.1.2)"""


class PostRefused(Exception):
    """The article can't be posted; ``reason`` is the text of the 441 reply."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@attrs.frozen
class NewForum:
    """A forum to be made; ``name`` without ``clique.``."""

    name: str


@attrs.frozen
class LeaveForum:
    """A forum to be followed no more."""

    root: int
    """docno"""


@attrs.frozen
class Cancel:
    """An article to be taken back."""

    message_id: bytes


@attrs.frozen
class Approve:
    """An article to be shown."""

    message_id: bytes


def read_control(control: bytes, archive: IArchive, identity: Identity) -> NewForum | LeaveForum | Cancel | Approve:
    """Return what a Control header's value asks for; ``identity`` is whose it is.

    Raises PostRefused for any other control message, for a name that is none, taken or not there, and for a moderated
    newsgroup.
    """
    command, *arguments = control.split() or [b""]
    kind = command.lower().decode("ascii", "replace")
    if kind == "cancel":
        if len(arguments) != 1:
            raise PostRefused("Control must be: cancel <message-id>")
        return Cancel(arguments[0])
    if kind == "approve":
        if len(arguments) != 1:
            raise PostRefused("Control must be: approve <message-id>")
        return Approve(arguments[0])
    if kind not in ("newgroup", "rmgroup"):
        taken = "newgroup, rmgroup, cancel and approve"
        raise PostRefused(f"the control message {kind[:30]!a} is not taken here; {taken} are")
    if len(arguments) != 1:
        raise PostRefused(f"Control must be: {kind} clique.<name>; moderated newsgroups cannot be made by it")
    name = arguments[0].decode("ascii", "replace")
    if kind == "newgroup":
        return NewForum(_new_name(name, archive, identity))
    return LeaveForum(_root(name, archive, identity))


def _new_name(name: str, archive: IArchive, identity: Identity) -> str:
    above, _, forum = name.partition(".")
    if above != HIERARCHY:
        raise PostRefused(f"newsgroups made here begin with {HIERARCHY}.")
    try:
        check_forum_name(forum)
    except DocumentError as error:
        raise PostRefused(error.reason) from None
    taken = find_group(archive, name)
    # beside one that is hidden from who asks it gets a longer name
    if taken is not None and identity.may_see(archive.record(taken).roots[:1]):
        raise PostRefused(f"there is a newsgroup {name} here")
    return forum


def _root(name: str, archive: IArchive, identity: Identity) -> int:
    docno = archive.forum(name)
    if docno is None or not identity.may_see([docno]):
        raise PostRefused(f"there is no forum {name[:100]!a} here")
    return docno


def forum_description(forum: str, subject: bytes, body: bytes) -> bytes:
    """Return what a newgroup's article says of the forum: the line about it in the body, else its subject."""
    name = f"{HIERARCHY}.{forum}".encode("ascii")
    for match in _DESCRIBED.finditer(body):
        if match["name"] == name:
            return match["text"]
    return forum.encode("ascii") if subject.lower().startswith(b"cmsg ") else subject
