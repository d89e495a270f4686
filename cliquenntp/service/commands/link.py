"""cliquectl's command that links documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer, Handler
from cliquenntp.document import compose
from cliquenntp.interfaces import OWNER, IRecord
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.newsgroup.linking import groups_of_link, link_fields, linkable
from cliquenntp.service.commands.follow import find_document
from cliquenntp.service.turn import TurnRefused

if TYPE_CHECKING:
    from cliquenntp.service.node import Node


class LinkCommands:
    """The commands about links between documents."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def table(self) -> dict[str, Handler]:
        """Return the commands by name."""
        return {"link": self.link}

    async def link(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Let a document appear under a second parent, signed by the owner."""
        node = self._node
        target, parent = self._record(arguments, "name"), self._record(arguments, "parent")
        if not linkable(target, node.store.reader):
            raise CommandError("only an article that is here can be linked")
        if target.docno == parent.docno:
            raise CommandError("a document stands in its own newsgroup already")
        signer = node.owner
        now = node.leaving(OWNER, (target.id, parent.id))
        document = compose(signer, link_fields(signer.key, target, (parent,), now), b"", now)
        try:
            record = await node.accept(document, due=now)
        except (TurnRefused, PostRefused) as error:
            raise CommandError(str(error)) from None
        archive = node.store.reader
        groups = [archive.record(group).name for group in groups_of_link(record, archive)]
        text = f"{target.name} appears in {parent.name} too"
        if not set(parent.roots) & set(target.roots):
            forum = archive.record(target.roots[0]).name
            text += f"; whoever follows that is sent the document, and what it answers up to {forum} itself"
        return {"name": target.name, "newsgroups": groups, "text": text}

    def _record(self, arguments: Mapping[str, Any], argument: str) -> IRecord:
        document, _ = find_document(self._node, {"name": arguments.get(argument)})
        archive = self._node.store.reader
        docno = archive.find(document)
        assert docno is not None
        found: IRecord = archive.record(docno)
        return found
