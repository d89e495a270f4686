"""What cliquectl's commands do in the node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cliquenntp
from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer, Handler
from cliquenntp.document import DocumentError, id_text, key_text
from cliquenntp.newsgroup.work import work_asked
from cliquenntp.service.commands.acting import Acting, acting
from cliquenntp.service.commands.backup import backup_node
from cliquenntp.service.commands.bridge import BridgeCommands
from cliquenntp.service.commands.copy import copy_storage
from cliquenntp.service.commands.export import export
from cliquenntp.service.commands.follow import FollowCommands, follow_rows
from cliquenntp.service.commands.importing import import_archive
from cliquenntp.service.commands.invitation import PREFIX, InvitationCommands
from cliquenntp.service.commands.link import LinkCommands
from cliquenntp.service.commands.moderation import ModerationCommands, bits_of, moderators_of
from cliquenntp.service.commands.network import NetworkCommands, peers
from cliquenntp.service.commands.nocem import NocemCommands
from cliquenntp.service.commands.persona import PersonaCommands
from cliquenntp.service.commands.power import PowerCommands
from cliquenntp.service.commands.room import RoomCommands
from cliquenntp.service.commands.user import UserCommands
from cliquenntp.service.forums import ForumRefusedError, root_document
from cliquenntp.service.readers.listeners import ACCOUNTS, FEED, NNTP, PUBLIC, address_text
from cliquenntp.service.turn import TurnRefused
from cliquenntp.service.upkeep.verification import verify_database

if TYPE_CHECKING:
    from cliquenntp.service.node import Node


POSTS_SHOWN = 10
"""newest posts of which `status` tells how far they have come"""


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
            "verify": self.verify,
            "backup": self.backup,
            "copy-storage": self.copy_storage,
            "export": self.export,
            **NetworkCommands(self._node).table(),
            **RoomCommands(self._node).table(),
            **UserCommands(self._node).table(),
            **PersonaCommands(self._node).table(),
            **FollowCommands(self._node).table(),
            **LinkCommands(self._node).table(),
            **PowerCommands(self._node).table(),
            **ModerationCommands(self._node).table(),
            **NocemCommands(self._node).table(),
            **BridgeCommands(self._node).table(),
            **InvitationCommands(self._node).table(),
        }

    async def status(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Tell what the node is doing."""
        node = self._node
        archive, who = node.store.reader, acting(node, arguments)
        clique = who.clique
        return {
            "version": cliquenntp.__version__,
            "uptime": int(node.reactor.seconds() - node.started_at),
            "data": str(node.settings.data),
            "bytes": node.store.octets(),
            "quota": node.settings.quota,
            "node": key_text(clique.key),
            "address": node.address_of(who.identity),
            "nntp": node.listeners.addresses(NNTP),
            "public": node.listeners.addresses(PUBLIC),
            "accounts": node.listeners.addresses(ACCOUNTS),
            "feed": node.listeners.addresses(FEED),
            "certificate": node.listeners.fingerprint,
            "readers": node.listeners.readers,
            "workers": [] if node.workers is None else node.workers.pids,
            "workers_connected": 0 if node.sharing is None else node.sharing.desk.readers,
            "zeo": None if node.workers is None else node.workers.zeo_pid,
            "clique": clique.links.addresses,
            "i2p": clique.links.i2p_state,
            "peers": [*peers(node, clique)],
            "received": clique.incoming.received,
            "repeated": clique.incoming.repeated,
            "put_off": dict(sorted(clique.incoming.put_off.items())),
            "sent": clique.sent,
            "traffic": clique.links.traffic.rows(),
            "octets_sent": clique.links.traffic.total,
            "posts": [*islice(_post_rows(node, who), POSTS_SHOWN)],
            "waiting_posts": sum(row["waits"] for row in _post_rows(node, who)),
            "forums": sum(1 for _ in _forums(node, who)),
            "documents": archive.holdings.count(clique.node),
            "documents_of_all": archive.newest(),
            "documents_octets": archive.octets_held(),
            "follows": follow_rows(node, who),
            "nodes": [] if who.is_named else [*_node_rows(node)],
            "web": [address_text(port.getHost()) for port in node.pages],
            "public_web": node.public_web.addresses,
            "troubles": node.all_troubles(),
        }

    async def forums(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """List the forums."""
        archive, who = self._node.store.reader, acting(self._node, arguments)
        followed: dict[str, list[dict[str, Any]]] = {}
        for row in follow_rows(self._node, who):
            followed.setdefault(row["forum"], []).append(row)

        def rows() -> Iterator[dict[str, Any]]:
            for docno in _forums(self._node, who):
                record = archive.record(docno)
                yield {
                    "name": record.name,
                    "subject": record.subject,
                    "articles": archive.numbers(docno).count,
                    "id": id_text(record.id),
                    "follows": followed.get(record.name, []),
                    "work": work_asked(docno, archive),
                    "is_reached": docno not in self._node.unreached,
                }

        await answer.rows(rows())
        return {}

    async def create_forum(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Make a forum."""
        name, description = _text(arguments, "name").removeprefix(PREFIX), _text(arguments, "description")
        who, node = acting(self._node, arguments), self._node
        if who.view.newsgroup((PREFIX + name).encode()) is not None:
            raise CommandError(f"there is a forum {PREFIX}{name} already")
        try:
            signer = node.personas.signer(who.identity.persona)
            root = root_document(
                name, description, signer, int(node.clock()), moderators_of(arguments, signer.key),
                bits_of(arguments.get("work") or 0))
            record = await node.accept(root, who.identity)
        except DocumentError as error:
            raise CommandError(error.reason) from None
        except (ForumRefusedError, TurnRefused) as error:
            raise CommandError(str(error)) from None
        return {"name": record.name, "id": id_text(record.id)}

    async def import_articles(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Take articles from an archive on this machine."""
        forum = arguments.get("forum")
        return await import_archive(self._node, answer, Path(_text(arguments, "path")), forum and str(forum))

    async def export(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Write what a newsgroup holds to a file on this machine."""
        return await export(self._node, answer, arguments)

    async def copy_storage(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Copy the database to where it is to move."""
        return await copy_storage(self._node, answer, _text(arguments, "location"))

    async def backup(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Write a backup to a file on this machine."""
        return await backup_node(
            self._node, answer, Path(_text(arguments, "path")), _text(arguments, "passphrase"))

    async def verify(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Look whether everything in the database is as it was stored."""
        return await verify_database(self._node, answer)


def _forums(node: Node, who: Acting) -> Iterator[int]:
    """Yield the docnos of the roots that somebody sees."""
    return (docno for docno in node.store.reader.forums() if who.identity.may_see([docno]))


def _node_rows(node: Node) -> Iterator[dict[str, Any]]:
    """Yield what there is to tell of each account's own node, but not of its forums."""
    for account in node.accounts.all():
        side = None if account.node is None else node.nodes.get(account.node.number)
        if side is not None:
            yield {
                "account": account.name,
                "node": key_text(side.key),
                "clique": side.links.addresses,
                "peers": sum(1 for _ in side.links.links()),
                "documents": node.store.reader.holdings.count(side.node),
            }


def _post_rows(node: Node, who: Acting) -> Iterator[dict[str, Any]]:
    """Yield how far each of the newest posts has come that somebody sees, the newest first."""
    for post, record in node.sent_posts.newest(who.account if who.is_named else None):
        if who.identity.may_see(record.roots):
            yield {
                "id": id_text(record.id),
                "account": post.account,
                "newsgroup": node.store.reader.record(record.roots[0]).name,
                "subject": record.subject,
                "nodes": len(post.nodes),
                "waits": post.is_waiting,
            }


def _text(arguments: Mapping[str, Any], name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str):
        raise CommandError(f"the argument {name} is missing, or no text")
    return value
