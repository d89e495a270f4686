"""Two baselines to compare with: blind flooding, and Plumtree (Leitao, Pereira, Rodrigues 2007).

An oracle names random members to both, which favours them: each node opens 3 links, has 6 on average and 8 at most (one
with 8 gives a random one up for a newcomer, as in HyParView), and a lost link is replaced at once.  Neither reconciles
what a node missed.
"""

from __future__ import annotations

from typing import Any

from cliquenntp.interfaces import Place

from .worlds import World

LINKS_WANTED = 3
LINKS_MOST = 8
# id, hop and the frame's own head, beside the body
DOCUMENT_HEAD = 38
ID_FRAME = 38


class FloodNode:
    """Sends every new document to all links but the one that it came from."""

    def __init__(self, world: World, number: int, committed: Any) -> None:
        self.number = number
        self._world = world
        self._held: set[bytes] = set(committed or ())
        self._links: list[int] = []

    def start(self) -> None:
        self._fill()

    def join(self, inviter: int | None) -> None:
        """Connect to the inviter; the oracle names the other links."""
        if inviter is not None:
            self._world.network.connect(self.number, inviter)

    def persisted(self) -> Any:
        return frozenset(self._held)

    def publish(self, place: Place) -> None:
        self._held.add(place.id)
        self._spread(place, 0, None)

    def opened(self, peer: int, outbound: bool) -> None:
        if peer in self._links:
            return
        if len(self._links) >= LINKS_MOST:
            self._drop(self._world.random.choice(self._links))
        self._links.append(peer)
        self._link_up(peer)

    def failed(self, peer: int) -> None:
        self._fill()

    def closed(self, peer: int) -> None:
        if peer in self._links:
            self._links.remove(peer)
            self._link_down(peer)
        self._world.engine.after(self._world.random.uniform(1, 5), self._fill)

    def received(self, peer: int, payload: Any) -> None:
        kind, identity, hop = payload
        if kind == "document" and self._first(identity):
            self._spread(self._world.documents[identity], hop, peer)

    def _first(self, identity: bytes) -> bool:
        self._world.recorder.body(identity)
        if identity in self._held:
            return False
        self._held.add(identity)
        self._world.recorder.delivered(self.number, identity, self._world.engine.now)
        return True

    def _spread(self, document: Place, hop: int, source: int | None) -> None:
        for peer in self._links:
            if peer != source:
                self._send_document(peer, document, hop + 1)

    def _send_document(self, peer: int, document: Place, hop: int) -> None:
        self._send(peer, "document", document.id, hop, DOCUMENT_HEAD, document.size)

    def _send(self, peer: int, kind: str, identity: bytes, hop: int, size: int, body: int = 0) -> None:
        whole = size + body + self._world.network.model.frame_overhead
        if self._world.network.send(self.number, peer, (kind, identity, hop), whole):
            self._world.recorder.frame(peer, kind, whole, body)

    def _fill(self) -> None:
        world = self._world
        if world.nodes.get(self.number) is not self or len(self._links) >= LINKS_WANTED:
            return
        members = list(world.nodes)
        for _ in range(LINKS_WANTED - len(self._links)):
            peer = world.random.choice(members)
            if peer != self.number and peer not in self._links:
                world.network.connect(self.number, peer)
        world.engine.after(30.0, self._fill)

    def _drop(self, peer: int) -> None:
        self._links.remove(peer)
        self._link_down(peer)
        self._world.network.close(self.number, peer)

    def _link_up(self, peer: int) -> None:
        pass

    def _link_down(self, peer: int) -> None:
        pass


class PlumtreeNode(FloodNode):
    """Pushes along eager links, announces along lazy ones, grafts what stays away and prunes what comes twice."""

    # seconds to wait for an announced document before it is grafted, then for the next announcer
    GRAFT_AFTER = 8.0
    GRAFT_AGAIN = 6.0

    def __init__(self, world: World, number: int, committed: Any) -> None:
        super().__init__(world, number, committed)
        self._eager: set[int] = set()
        self._announced: dict[bytes, list[int]] = {}

    def received(self, peer: int, payload: Any) -> None:
        kind, identity, hop = payload
        if kind == "document":
            if self._first(identity):
                self._announced.pop(identity, None)
                self._eager.add(peer)
                self._spread(self._world.documents[identity], hop, peer)
            else:
                self._eager.discard(peer)
                self._send(peer, "prune", identity, 0, 4)
        elif kind == "prune":
            self._eager.discard(peer)
        elif kind == "graft":
            self._eager.add(peer)
            if identity in self._held:
                self._send_document(peer, self._world.documents[identity], hop)
        elif identity not in self._held:
            waiting = self._announced.setdefault(identity, [])
            waiting.append(peer)
            if len(waiting) == 1:
                self._world.engine.after(self.GRAFT_AFTER, self._graft, identity)

    def _spread(self, document: Place, hop: int, source: int | None) -> None:
        for peer in self._links:
            if peer == source:
                continue
            if peer in self._eager:
                self._send_document(peer, document, hop + 1)
            else:
                self._send(peer, "announce", document.id, hop, ID_FRAME)

    def _graft(self, identity: bytes) -> None:
        waiting = self._announced.get(identity)
        if not waiting or self._world.nodes.get(self.number) is not self:
            return
        peer = waiting.pop(0)
        self._eager.add(peer)
        self._send(peer, "graft", identity, 0, ID_FRAME)
        self._world.engine.after(self.GRAFT_AGAIN, self._graft, identity)

    def _drop(self, peer: int) -> None:
        self._links.remove(peer)
        self._link_down(peer)
        self._world.network.close(self.number, peer)

    def _link_up(self, peer: int) -> None:
        self._eager.add(peer)

    def _link_down(self, peer: int) -> None:
        self._eager.discard(peer)
