"""By which node of the process a post goes out: the account's own where the forum is that node's, else the shared one.

One node alone sends a post: two that send the same at the same moment would be seen to be one machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs

from cliquenntp.interfaces import LOST, SHARED, Follow, IArchive, Identity, IRecord, IWriter, Reason
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.service.network.node_forums import NodeForums


@attrs.frozen
class Route:
    """How a post goes out."""

    node: int
    adopted: tuple[int, ...] = ()
    """docnos of what stands above it and came by another node, the highest first: who answers a document holds it"""

    def adopt(self, writer: IWriter) -> None:
        """Let the node hold what the post answers; in the post's step of the turn.

        But not what is lost: whoever holds a document does not ask others for it.
        """
        for docno in self.adopted:
            if writer.gone(docno) != LOST:
                writer.hold(docno, self.node, is_news=False)


def missing(archive: IArchive, node: int, docno: int) -> Iterator[int]:
    """Yield the docnos of a document and its first parents up to the first that a node holds."""
    while not archive.holds(node, docno):
        yield docno
        parents = archive.record(docno).parents
        if not parents:
            return
        docno = parents[0]


class Routes:
    """Finds the route of each post."""

    def __init__(self, archive: IArchive, forums: NodeForums, own_node: Callable[[str], int | None]) -> None:
        """``own_node`` gives an account's own node, None where it has none."""
        self._archive = archive
        self._forums = forums
        self._own_node = own_node

    def of(self, identity: Identity, parents: Sequence[bytes]) -> Route:
        """Return the route of a document of somebody's with these parents (ids).

        Raises PostRefused where no node can send it.
        """
        own = None if identity.account is None else self._own_node(identity.account)
        held = [self._archive.record(docno) for docno in map(self._archive.find, parents) if docno is not None]
        is_own = own is not None and (not held or self._forums.has(own, held[0].roots[0]))
        node = own if own is not None and is_own else SHARED
        adopted: dict[int, None] = {}
        for parent in held:
            lacking = [*missing(self._archive, node, parent.docno)]
            if any(self._archive.gone(docno) == LOST for docno in lacking):
                raise PostRefused("what it answers is lost here, and other nodes are asked for it: post again later")
            if lacking and not self._forums.has(node, parent.roots[0]):
                name = self._archive.record(parent.roots[0]).name
                raise PostRefused(
                    f"one node has to send the article, and {name} and the first newsgroup belong to two: post to each "
                    "of them alone"
                )
            adopted.update(dict.fromkeys(reversed(lacking)))
        return Route(node, tuple(adopted))

    def found(self, route: Route, identity: Identity, root: IRecord, now: int, writer: IWriter) -> None:
        """Let somebody follow a forum that was just made, by the node that it came to; in its step of the turn."""
        if identity.account is not None:
            writer.follow_set(identity.account, Follow(root.id, Reason.EXPLICIT, now, node=route.node))
        self._forums.ask(route.node, root.id, writer)
