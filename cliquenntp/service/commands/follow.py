"""cliquectl's commands about what accounts follow, and why documents are held."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer, Handler
from cliquenntp.document import DocumentError, id_from_text, id_text
from cliquenntp.interfaces import SHARED, Follow, Reason
from cliquenntp.service.commands.acting import Acting, acting
from cliquenntp.service.turn import TurnRefused

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

ALL, COMMENTS = DEPTHS = ("all", "comments")


class FollowCommands:
    """The commands that change what an account follows."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def table(self) -> dict[str, Handler]:
        """Return the commands by name."""
        return {"follow": self.follow, "unfollow": self.unfollow}

    async def follow(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Follow a document that is held."""
        comments, account = depth_of(arguments) == COMMENTS, acting(self._node, arguments).account
        document, name = find_document(self._node, arguments)
        known = self._node.follows.of(account).get(document)
        if known is not None and known.reason is Reason.EXPLICIT and known.comments == comments:
            return {"name": name, "text": f"{name} is followed already"}
        try:
            await self._node.follows.follow(account, document, comments, known.since if known else 0)
        except TurnRefused as error:
            raise CommandError(str(error)) from None
        return {"name": name, "text": f"following {name}" + (", its own comments alone" if comments else "")}

    async def unfollow(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Follow a document no more, not by reading it either; what is held stays."""
        account = acting(self._node, arguments).account
        document, name = find_document(self._node, arguments)
        try:
            await self._node.follows.unfollow(account, document)
        except TurnRefused as error:
            raise CommandError(str(error)) from None
        text = f"{name} is followed no more; what is here stays"
        wider = [follow for who, follow in self._node.follows.covering(document) if who == account]
        if wider:
            above = newsgroup_name(self._node, wider[0].document)
            text = f"{name} still comes in as a part of {above}: unfollow that, or follow it with --depth {COMMENTS}"
        return {"name": name, "text": text}


def depth_of(arguments: Mapping[str, Any]) -> str:
    """Return the depth that was typed.  Raises CommandError."""
    depth = arguments.get("depth") or ALL
    if depth not in DEPTHS:
        raise CommandError(f"the depth is one of {', '.join(DEPTHS)}, not {depth!r}")
    return str(depth)


def find_document(node: Node, arguments: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return the id of the document that is meant, by its newsgroup or its id, and the text that named it.

    Raises CommandError where whoever the command is for does not see it.
    """
    archive, name = node.store.reader, str(arguments.get("name"))
    who = acting(node, arguments)
    newsgroup = who.view.newsgroup(name.encode())
    docno: int | None = None
    if newsgroup is not None:
        docno = newsgroup.docno
    else:
        try:
            docno = archive.find(id_from_text(name))
        except DocumentError:
            docno = None
    if docno is None or not who.identity.may_see(archive.record(docno).roots):
        raise CommandError(f"no newsgroup and no document {name} is here")
    return archive.record(docno).id, name


def newsgroup_name(node: Node, document: bytes) -> str:
    """Return the name of a document's newsgroup, or its id where it is not held."""
    archive = node.store.reader
    docno = archive.find(document)
    return id_text(document) if docno is None else archive.record(docno).name


def follow_rows(node: Node, who: Acting) -> list[dict[str, Any]]:
    """Return why what is here is held, in order of names: a row for each follow of whom the command names.

    Where it names nobody, for each follow that the shared node carries out.
    """
    rows = [
        _row(node, account, follow) for account, follow in node.follows.all()
        if (account == who.account if who.is_named else follow.node == SHARED)
    ]
    return sorted(rows, key=lambda row: (row["forum"], row["name"], row["account"]))


def _row(node: Node, account: str, follow: Follow) -> dict[str, Any]:
    lapses = node.follows.of(account).lapses(follow)
    return {
        "account": account,
        "name": newsgroup_name(node, follow.document),
        "forum": newsgroup_name(node, node.follows.scope(follow.document)),
        "depth": COMMENTS if follow.comments else ALL,
        "reason": follow.reason.value,
        "lapses": None if lapses is None else _day(lapses),
        "since": _day(follow.since) if follow.since else None,
    }


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
