"""Control articles (RFC 5537 section 5) that people post from a newsreader: ``newgroup`` makes a forum."""

from __future__ import annotations

from cliquenntp.document import DocumentError, check_forum_name
from cliquenntp.interfaces import IArchive
from cliquenntp.newsgroup.naming import HIERARCHY, find_group


class PostRefused(Exception):
    """The article can't be posted; ``reason`` is the text of the 441 reply."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def new_forum(control: bytes, archive: IArchive) -> str:
    """Return the name, without ``clique.``, of the forum that a Control header's value asks for.

    Raises PostRefused for any other control message, for a name that is none or taken, and for a moderated newsgroup.
    """
    command, *arguments = control.decode("ascii", "replace").split() or [""]
    if command.lower() != "newgroup":
        raise PostRefused(f"the control message {command[:30]!a} is not taken here; newgroup is")
    if len(arguments) != 1:
        raise PostRefused("Control must be: newgroup clique.<name>; moderated newsgroups cannot be made by it")
    name = arguments[0]
    above, _, forum = name.partition(".")
    if above != HIERARCHY:
        raise PostRefused(f"newsgroups made here begin with {HIERARCHY}.")
    try:
        check_forum_name(forum)
    except DocumentError as error:
        raise PostRefused(error.reason) from None
    if find_group(archive, name) is not None:
        raise PostRefused(f"there is a newsgroup {name} here")
    return forum
