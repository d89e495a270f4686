"""cliquectl's commands about invitations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.task import deferLater

from cliquenntp.clique.channel import Kind
from cliquenntp.clique.messages import Contact
from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer, Handler
from cliquenntp.document import Document, DocumentError, id_from_text
from cliquenntp.interfaces import IRecord
from cliquenntp.service.commands.acting import Acting, acting
from cliquenntp.service.commands.follow import COMMENTS, depth_of
from cliquenntp.service.commands.network import clique_time
from cliquenntp.service.network.clique_side import CliqueSide
from cliquenntp.service.network.invitation import (
    MOST_BELOW,
    MOST_PEERS,
    Invitation,
    InvitationError,
    Peer,
    parse_invitation,
)
from cliquenntp.service.network.invitation_file import MOST_OCTETS, file_octets, parse_file
from cliquenntp.service.turn import TurnRefused

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

PREFIX = "clique."

NEIGHBOURS_NAMED = 2
"""other nodes that an invitation names beside this one, which may be off when somebody takes it"""

JOIN_SECONDS = 10.0
"""that `join` waits for the document before it says that nobody answered; over loopback and TLS it takes one"""

JOIN_LOOKS = 100
"""in that time"""


class InvitationCommands:
    """The commands that make and take invitations."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def table(self) -> dict[str, Handler]:
        """Return the commands by name."""
        return {"invite": self.invite, "join": self.join}

    async def invite(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Make an invitation to a forum, or to a document with all below it; with a path as ``file`` also a file."""
        node, archive = self._node, self._node.store.reader
        who = acting(node, arguments)
        docno = self._find(str(arguments.get("name")), who)
        record = archive.record(docno)
        path = (*reversed(node.follows.ancestors(record.id)), record.id)
        if len(path) > MOST_BELOW + 1:
            raise CommandError(f"{record.name} lies more than {MOST_BELOW} below its forum: invite to what is above it")
        clique = who.clique if archive.holds(who.clique.node, docno) else node.clique
        peers = self._peers(path[0], clique)
        if not peers:
            raise CommandError("no other node could reach this one: start it with --clique tls:HOST:PORT")
        root = self._record(path[0])
        invitation = Invitation(path[0], peers, root.name.removeprefix(PREFIX), path[1:])
        file = arguments.get("file")
        if file:
            try:
                documents = [archive.raw(self._record(document).docno) for document in path]
                Path(str(file)).write_bytes(file_octets(invitation, documents))
            except OSError as error:
                raise CommandError(f"{file}: cannot be written: {error.strerror}") from None
            except (InvitationError, KeyError) as error:
                raise CommandError(f"{file}: cannot be made: {error}") from None
        return {"name": record.name, "invitation": str(invitation), "file": file}

    def _find(self, name: str, who: Acting) -> int:
        archive = self._node.store.reader
        for candidate in (name, PREFIX + name):
            newsgroup = who.view.newsgroup(candidate.encode())
            if newsgroup is not None:
                return newsgroup.docno
        try:
            docno = archive.find(id_from_text(name))
        except DocumentError:
            docno = None
        if docno is None or not who.identity.may_see(archive.record(docno).roots):
            full_name = PREFIX + name.removeprefix(PREFIX)
            raise CommandError(f"there is no forum {full_name}: `cliquectl forums` lists those that are here")
        return docno

    def _record(self, document: bytes) -> IRecord:
        docno = self._node.store.reader.find(document)
        assert docno is not None, "a document's ancestors are held"
        return self._node.store.reader.record(docno)

    def _peers(self, root: bytes, clique: CliqueSide) -> tuple[Peer, ...]:
        """Return a node's addresses, and some nodes that share the forum with it now."""
        own = clique.links.addresses[: MOST_PEERS - NEIGHBOURS_NAMED]
        peers = [Peer(clique.key, address) for address in own]
        neighbours = {
            edge.link.contact.key: edge.link.contact
            for state in clique.channels.values() if state.scope == root
            for edge in state.open_edges() if edge.kind != Kind.FOLLOWER and edge.link.contact.address
        }
        return (*peers, *(Peer(*contact) for contact in list(neighbours.values())[:NEIGHBOURS_NAMED]))

    async def join(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Join what an invitation, or the file at ``path``, invites to; waits a little for it to come."""
        node = self._node
        who = acting(node, arguments)
        clique = who.clique
        documents: tuple[Document, ...] = ()
        try:
            if arguments.get("path"):
                invitation, documents = parse_file(_read(Path(str(arguments["path"]))))
            else:
                invitation = parse_invitation(str(arguments.get("invitation")))
        except InvitationError as error:
            raise CommandError(str(error)) from None
        since, comments = clique_time(arguments.get("since")), depth_of(arguments) == COMMENTS
        contacts = [Contact(peer.node_key, peer.address) for peer in invitation.peers]
        contacts = [contact for contact in contacts if contact.key != clique.key]
        if not contacts:
            raise CommandError("the invitation is by this node itself: give it to somebody else")
        path = (invitation.root, *invitation.below)
        try:
            if documents:
                await node.unreached.take(documents, clique.node)
            clique.invited(invitation.root, tuple(contacts))
            chain = tuple(reversed(path[:-1]))
            await node.follows.follow(who.account, path[-1], comments, since, chain, clique.node)
        except (TurnRefused, DocumentError) as error:
            raise CommandError(str(error)) from None
        return await self._wait(path[-1], clique)

    async def _wait(self, document: bytes, clique: CliqueSide) -> dict[str, Any]:
        node, archive = self._node, self._node.store.reader
        name = None
        for _ in range(JOIN_LOOKS):
            docno = archive.find(document)
            if docno is not None and not archive.holds(clique.node, docno):
                docno = None
            name = None if docno is None else archive.record(docno).name
            if docno is not None and not node.unreached.includes(clique.node, archive.record(docno).roots[0]):
                return {"name": name, "text": f"{name} is here; its articles come in as its nodes send them"}
            await deferLater(node.reactor, JOIN_SECONDS / JOIN_LOOKS)
        reasons = "; ".join(f"{address}: {reason}" for address, reason in clique.links.dials().items() if reason)
        text = "none of the invitation's nodes has answered yet; this node goes on asking them"
        text = f"{name} can be read as far as the invitation file goes; {text}" if name else text
        return {"name": name, "text": f"{text} ({reasons})" if reasons else text}


def _read(path: Path) -> bytes:
    """Return an invitation file's octets; of one that is far too long only as many as tell that."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_OCTETS + 1)
    except OSError as error:
        raise CommandError(f"{path}: cannot be read: {error.strerror}; an invitation begins with `clique:`") from None
