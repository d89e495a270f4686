"""What cliquectl's commands do in the node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.task import deferLater

import cliquenntp
from cliquenntp.clique.messages import Contact
from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer, Handler
from cliquenntp.document import DocumentError, id_text, key_text
from cliquenntp.interfaces import OWNER
from cliquenntp.service.backup_command import backup_node
from cliquenntp.service.follow_commands import COMMENTS, FollowCommands, depth_of, follow_rows
from cliquenntp.service.forums import ForumRefusedError, root_document
from cliquenntp.service.import_command import import_archive
from cliquenntp.service.invitation import MOST_PEERS, Invitation, InvitationError, Peer, parse_invitation
from cliquenntp.service.link_commands import LinkCommands
from cliquenntp.service.listeners import ACCOUNTS, FEED, NNTP, PUBLIC, address_text
from cliquenntp.service.network_commands import NetworkCommands, clique_time, peers
from cliquenntp.service.room_commands import RoomCommands
from cliquenntp.service.turn import TurnRefused
from cliquenntp.service.user_commands import UserCommands
from cliquenntp.service.verification import verify_database

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

PREFIX = "clique."

JOIN_SECONDS = 10.0
"""that `join` waits for the forum's root before it says that nobody answered; over loopback and TLS it takes one"""

JOIN_LOOKS = 100
"""in that time"""


class NodeCommands:
    """The commands of one node."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def table(self) -> dict[str, Handler]:
        """Return the commands by name."""
        return {
            "status": self.status,
            "forums": self.forums,
            "create-forum": self.create_forum,
            "import": self.import_articles,
            "invite": self.invite,
            "join": self.join,
            "verify": self.verify,
            "backup": self.backup,
            **NetworkCommands(self._node).table(),
            **RoomCommands(self._node).table(),
            **UserCommands(self._node).table(),
            **FollowCommands(self._node).table(),
            **LinkCommands(self._node).table(),
        }

    async def status(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Tell what the node is doing."""
        node = self._node
        archive = node.store.reader
        return {
            "version": cliquenntp.__version__,
            "uptime": int(node.reactor.seconds() - node.started_at),
            "data": str(node.settings.data),
            "bytes": node.store.octets(),
            "quota": node.settings.quota,
            "node": key_text(node.key.public),
            "address": node.address,
            "nntp": node.listeners.addresses(NNTP),
            "public": node.listeners.addresses(PUBLIC),
            "accounts": node.listeners.addresses(ACCOUNTS),
            "feed": node.listeners.addresses(FEED),
            "certificate": node.listeners.fingerprint,
            "readers": node.listeners.readers,
            "clique": node.clique.links.addresses,
            "peers": [*peers(node)],
            "received": node.clique.received,
            "repeated": node.clique.repeated,
            "sent": node.clique.sent,
            "traffic": node.clique.links.traffic.rows(),
            "octets_sent": node.clique.links.traffic.total,
            "forums": sum(1 for _ in archive.forums()),
            "documents": archive.newest(),
            "follows": follow_rows(node),
            "web": [address_text(port.getHost()) for port in node.pages],
            "troubles": node.all_troubles(),
        }

    async def forums(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """List the forums."""
        archive = self._node.store.reader
        followed: dict[str, list[dict[str, Any]]] = {}
        for row in follow_rows(self._node):
            followed.setdefault(row["forum"], []).append(row)

        def rows() -> Iterator[dict[str, Any]]:
            for docno in archive.forums():
                record = archive.record(docno)
                yield {
                    "name": record.name,
                    "subject": record.subject,
                    "articles": archive.numbers(docno).count,
                    "id": id_text(record.id),
                    "follows": followed.get(record.name, []),
                }

        await answer.rows(rows())
        return {}

    async def create_forum(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Make a forum."""
        name, description = _text(arguments, "name").removeprefix(PREFIX), _text(arguments, "description")
        archive = self._node.store.reader
        if archive.forum(PREFIX + name) is not None:
            raise CommandError(f"there is a forum {PREFIX}{name} already")
        try:
            document = root_document(name, description, self._node.owner, int(self._node.clock()))
            record = await self._node.accept(document)
        except DocumentError as error:
            raise CommandError(error.reason) from None
        except (ForumRefusedError, TurnRefused) as error:
            raise CommandError(str(error)) from None
        return {"name": record.name, "id": id_text(record.id)}

    async def import_articles(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Take articles from an archive on this machine."""
        forum = arguments.get("forum")
        return await import_archive(self._node, answer, Path(_text(arguments, "path")), forum and str(forum))

    async def backup(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Write a backup to a file on this machine."""
        return await backup_node(
            self._node, answer, Path(_text(arguments, "path")), _text(arguments, "passphrase"))

    async def verify(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Look whether everything in the database is as it was stored."""
        return await verify_database(self._node, answer)

    async def invite(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Make an invitation to a forum."""
        node = self._node
        name = PREFIX + _text(arguments, "name").removeprefix(PREFIX)
        docno = node.store.reader.forum(name)
        if docno is None:
            raise CommandError(f"there is no forum {name}: `cliquectl forums` lists those that are here")
        own = [Peer(node.key.public, address) for address in node.clique.links.addresses]
        if not own:
            raise CommandError("no other node could reach this one: start it with --clique tls:HOST:PORT")
        invitation = Invitation(node.store.reader.record(docno).id, tuple(own[:MOST_PEERS]), name.removeprefix(PREFIX))
        return {"name": name, "invitation": str(invitation)}

    async def join(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Join the forum of an invitation; waits a little for its root."""
        try:
            invitation = parse_invitation(_text(arguments, "invitation"))
        except InvitationError as error:
            raise CommandError(str(error)) from None
        node, archive = self._node, self._node.store.reader
        since, comments = clique_time(arguments.get("since")), depth_of(arguments) == COMMENTS
        contacts = [Contact(peer.node_key, peer.address) for peer in invitation.peers]
        contacts = [contact for contact in contacts if contact.key != node.key.public]
        if not contacts:
            raise CommandError("the invitation is by this node itself: give it to somebody else")
        node.clique.invited(invitation.root, tuple(contacts))
        try:
            await node.follows.follow(OWNER.account or "", invitation.root, comments, since)
        except TurnRefused as error:
            raise CommandError(str(error)) from None
        for _ in range(JOIN_LOOKS):
            docno = archive.find(invitation.root)
            if docno is not None:
                name = archive.record(docno).name
                return {"name": name, "text": f"{name} is here; its articles come in as its nodes send them"}
            await deferLater(node.reactor, JOIN_SECONDS / JOIN_LOOKS)
        reasons = "; ".join(f"{address}: {reason}" for address, reason in node.clique.links.dials().items() if reason)
        text = "none of the invitation's nodes has answered yet; this node goes on asking them"
        return {"name": None, "text": f"{text} ({reasons})" if reasons else text}


def _text(arguments: Mapping[str, Any], name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str):
        raise CommandError(f"the argument {name} is missing, or no text")
    return value
