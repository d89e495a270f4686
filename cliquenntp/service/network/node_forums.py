"""Which forums belong to which node of the process: what an account sees are those of its own node and the shared one.

A forum is a node's when somebody asked that node for it and its root has come to it.  A root that came only because an
article of another forum stands below it as well makes no forum of it: else one cross-post would show an account what
the node of another account holds.  A forum that came to the shared node first is the shared node's by that alone.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import attrs

from cliquenntp.document import id_from_text, id_text
from cliquenntp.interfaces import SHARED, IArchive, IWriter

PREFIX = "forum/"

LAST_NUMBER = "nodes.last"
"""piece with the greatest number that a node of its own ever had; none: there never was one"""


class NodeForums:
    """The forums of all nodes of the process."""

    def __init__(self, archive: IArchive) -> None:
        self._archive = archive
        self.read()

    def read(self) -> None:
        """Take over what the database has."""
        stored: Any = self._archive
        asked = (name.removeprefix(PREFIX).split("/") for name, _ in stored.pieces(PREFIX))
        self._asked = {(int(node), id_from_text(root)) for node, root in asked}
        self.are_several = stored.piece(LAST_NUMBER) is not None
        """whether there is a node beside the shared one, or ever was"""

    def has(self, node: int, root: int) -> bool:
        """Tell whether a forum, by its root's docno, is a node's."""
        archive = self._archive
        if not archive.holds(node, root):
            return False
        return (node == SHARED and not archive.is_private(root)) or (node, archive.record(root).id) in self._asked

    def ask(self, node: int, root: bytes, writer: IWriter) -> bool:
        """Note that somebody asked a node for a forum, by its root's id; return whether that is new.

        In a step of the turn.
        """
        held = writer.find(root)
        is_plain = node == SHARED and held is not None and not writer.is_private(held)
        is_new = not is_plain and (node, root) not in self._asked
        if is_new:
            writer.piece_set(f"{PREFIX}{node}/{id_text(root)}", b"")
            # now and not after the commit: whoever is told of that looks here
            self._asked.add((node, root))
        return is_new

    def forget(self, node: int, writer: IWriter) -> None:
        """Forget all that a node was asked for; in a step of the turn."""
        self._asked = {asked for asked in self._asked if asked[0] != node}
        for name, _ in [*writer.pieces(f"{PREFIX}{node}/")]:
            writer.piece_delete(name)

    def new_node(self, writer: IWriter) -> int:
        """Return the number of a node that there never was; in a step of the turn."""
        number = int(writer.piece(LAST_NUMBER) or b"0") + 1
        writer.piece_set(LAST_NUMBER, str(number).encode())
        self.are_several = True
        return number

    def are_all(self, forums: Container[int]) -> bool:
        """Tell whether these are all forums that there are, and will be as long as connections last."""
        return not self.are_several and forums == self.of(SHARED)

    def of(self, *nodes: int) -> SeenForums:
        """Return the forums of some nodes, as they are when one asks."""
        return SeenForums(self, nodes)


@attrs.frozen
class SeenForums(Container[int]):
    """The docnos of the roots of the forums of some nodes."""

    _forums: NodeForums = attrs.field(eq=False, repr=False)
    nodes: tuple[int, ...]

    def __contains__(self, docno: object) -> bool:
        """Tell whether a forum is one of them, by its root's docno."""
        return isinstance(docno, int) and any(self._forums.has(node, docno) for node in self.nodes)


@attrs.frozen
class InBoth(Container[int]):
    """What two containers have in common."""

    first: Container[int]
    second: Container[int]

    def __contains__(self, docno: object) -> bool:
        """Tell whether both have it."""
        return docno in self.first and docno in self.second
