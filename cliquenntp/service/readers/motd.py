"""What LIST MOTD tells of the node's state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cliquenntp.interfaces import SHARED, Identity, Right
from cliquenntp.units import duration_text

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

SUBJECTS_NAMED = 3
"""of the posts that wait"""

LINE_OCTETS = 500
"""of a line of LIST MOTD; with its CRLF and a dot more it fits the 512 of RFC 3977 section 3.1"""


def state_of(node: Node, identity: Identity) -> Iterator[str]:
    """Yield lines about a node's state for somebody who may see all of it; for others none."""
    if not identity.may(Right.ADMIN):
        return
    archive = node.store.reader
    forums = sum(identity.may_see([docno]) for docno in archive.forums())
    followed = len(node.follows.forums_of(identity.account or ""))
    held = archive.holdings.count(SHARED)
    yield f"This node holds {held:,} articles in {forums:,} forums; you follow {followed:,} of them."
    if not node.settings.clique:
        yield "It talks to no other node: start it with --clique to share forums."
    else:
        links = sum(1 for _ in node.clique.links.links())
        yield f"It is linked to {_nodes(links)}."
    for trouble in node.all_troubles():
        yield _line(f"Trouble: {trouble}")


def own_node_of(node: Node, identity: Identity) -> Iterator[str]:
    """Yield a line about an account's own node, for that account."""
    number = None if identity.account is None else node.accounts.own_node(identity.account)
    if number is None:
        return
    side = node.nodes.get(number)
    if side is None:
        yield "Your own node is not open."
        return
    yield f"Your own node is linked to {_nodes(sum(1 for _ in side.links.links()))}."


def posts_of(node: Node, identity: Identity) -> Iterator[str]:
    """Yield lines about somebody's own posts: which wait for another node, and how far the last one has come."""
    posts = list(node.sent_posts.newest(identity.account)) if identity.account is not None else []
    waiting = [record.subject for post, record in posts if post.is_waiting]
    if waiting:
        count = f"{len(waiting)} of your posts wait" if len(waiting) > 1 else "One of your posts waits"
        yield _line(f"{count} for another node to take it: {'; '.join(waiting[:SUBJECTS_NAMED])}")
    held_back = [] if identity.account is None else node.holding_back.waiting(identity.account)
    if held_back:
        count = f"{len(held_back)} of your posts are" if len(held_back) > 1 else "One of your posts is"
        until = duration_text(max(0.0, held_back[-1].due - node.clock()))
        yield _line(f"{count} held back; the last one leaves in {until}.")
    for post, record in posts[:1]:
        if post.nodes:
            nodes = "one node" if len(post.nodes) == 1 else f"{len(post.nodes)} nodes"
            yield _line(f"Your last post was sent to {nodes}: {record.subject}")


def _nodes(count: int) -> str:
    return f"{count:,} other node{'' if count == 1 else 's'}"


def _line(text: str) -> str:
    return text[:LINE_OCTETS].encode("utf-8", "replace")[:LINE_OCTETS].decode("utf-8", "ignore")
