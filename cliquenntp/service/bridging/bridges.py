"""All bridges of a node: made and removed while it runs, each with its two ways (way_in, way_out)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cliquenntp.document import Signer
from cliquenntp.interfaces import Changes, IArchive, IWriter
from cliquenntp.newsgroup.gateway import Gateway
from cliquenntp.service.bridging.bridge import (
    AT_THE_END,
    BRIDGES,
    INWARD_STATES,
    OUTWARD_STATES,
    Bridge,
    BridgeError,
    Inward,
    InwardState,
    Outward,
    OutwardState,
    bridges,
    write_state,
)
from cliquenntp.service.bridging.cancels import obey_cancel
from cliquenntp.service.bridging.way_in import InwardWay
from cliquenntp.service.bridging.way_out import OutwardWay
from cliquenntp.service.feeding import Feeding
from cliquenntp.service.forums import importing_root
from cliquenntp.service.settings import NO_PATH_IDENTITY, Settings
from cliquenntp.service.turn import Turn


class Bridges:
    """The bridges of a node, and what takes articles of other servers, which all of them share."""

    def __init__(
        self, reactor: Any, archive: IArchive, turn: Turn, signer: Signer, settings: Settings,
        clock: Callable[[], float],
    ) -> None:
        """``signer`` is the owner's, the importer; ``clock`` gives seconds since 1970 UTC."""
        self._reactor = reactor
        self._archive = archive
        self._turn = turn
        self._signer = signer
        self._clock = clock
        self._has_feed_port = bool(settings.feed)
        self._path_identity = settings.path_identity
        self._fixed = dict(settings.feed_newsgroups)
        self._forums: dict[str, str] = dict(self._fixed)
        """the forum of each newsgroup that is taken"""
        self._newsgroups: dict[str, str] = {}
        """the newsgroup to which each forum (``clique.tea``) goes"""
        self._bridged: set[str] = set()
        """newsgroups of which a bridge asks a server what was cancelled"""
        self._all: dict[str, Bridge] = {}
        self._inward: dict[str, InwardWay] = {}
        self._outward: dict[str, OutwardWay] = {}
        self._gateway = Gateway(archive, self._newsgroups.get, self._path_identity)
        self.feeding = Feeding(turn, archive, signer, self._path_identity, clock, self._forums, self._bridged)
        self.feeding.on_cancel = self._cancel_noted
        turn.listen(self._moved)

    def start(self) -> None:
        """Open all bridges that are kept."""
        for bridge in [*bridges(self._archive)]:
            self._open(bridge)

    def stop(self) -> None:
        """Close all; they are kept."""
        for way in (*self._inward.values(), *self._outward.values()):
            way.stop()
        self._inward.clear()
        self._outward.clear()

    def __iter__(self) -> Iterator[tuple[Bridge, InwardWay | None, OutwardWay | None]]:
        for name, bridge in sorted(self._all.items()):
            yield bridge, self._inward.get(name), self._outward.get(name)

    def troubles(self) -> list[str]:
        """Return which ways stand still and why, a line each."""
        ways = ((name, way) for ways in (self._inward, self._outward) for name, way in ways.items())
        return [f"bridge {name}, way {way.direction}: {way.trouble.text}" for name, way in ways if way.trouble.text]

    async def add(self, bridge: Bridge, from_now_on: bool = False) -> None:
        """Make a bridge, with its forum where there is none, and open it.

        With ``from_now_on`` what forum and newsgroup have already stays where it is.  Raises BridgeError,
        NotImporterError, TurnRefused.
        """
        bridge.check()
        self._check_beside_others(bridge)
        name, now = bridge.name, int(self._clock())

        def step(writer: IWriter) -> None:
            if bridge.inward is not Inward.OFF:
                importing_root(writer, bridge.forum, self._signer, now, self._path_identity)
            elif writer.forum(f"clique.{bridge.forum}") is None:
                raise BridgeError(f"there is no forum clique.{bridge.forum}")
            writer.piece_set(BRIDGES + name, bridge.encoded())
            write_state(writer, OUTWARD_STATES, name, OutwardState(writer.newest() if from_now_on else 0))
            write_state(writer, INWARD_STATES, name, InwardState(AT_THE_END if from_now_on else 0))

        await self._turn.submit(step)
        self._open(bridge)

    def _check_beside_others(self, bridge: Bridge) -> None:
        if self._path_identity == NO_PATH_IDENTITY:
            raise BridgeError(
                "other news servers must know this one by a name of its own (RFC 5537 3.2): set path_identity, as "
                "news.example.org, and start the node again")
        if bridge.inward is Inward.FED and not self._has_feed_port:
            raise BridgeError("there is no port on which a server could hand articles on: set feed, or use --in pull")
        if bridge.name in self._all:
            raise BridgeError(f"there is a bridge {bridge.name}: remove it first, or give this one another --name")
        forum = self._forums.get(bridge.newsgroup, bridge.forum)
        if forum != bridge.forum:
            raise BridgeError(f"{bridge.newsgroup} is clique.{forum} here already, and belongs to one forum")
        for other in self._all.values():
            if other.forum == bridge.forum and other.newsgroup != bridge.newsgroup:
                raise BridgeError(f"clique.{other.forum} is {other.newsgroup} elsewhere already, and belongs to one")

    async def remove(self, name: str) -> None:
        """Close a bridge and forget it; what went over stays.  Raises BridgeError, TurnRefused."""
        if name not in self._all:
            raise BridgeError(f"there is no bridge {name}")

        def step(writer: IWriter) -> None:
            for prefix in (BRIDGES, OUTWARD_STATES, INWARD_STATES):
                writer.piece_delete(prefix + name)

        for way in (self._inward.pop(name, None), self._outward.pop(name, None)):
            if way is not None:
                way.stop()
        await self._turn.submit(step)
        del self._all[name]
        self._map()

    def _open(self, bridge: Bridge) -> None:
        self._all[bridge.name] = bridge
        self._map()
        if bridge.inward is not Inward.OFF:
            way = InwardWay(
                self._reactor, bridge, self._archive, self._turn, self.feeding, self._signer, self._obey)
            self._inward[bridge.name] = way
            way.start()
        if bridge.outward is not Outward.OFF:
            outward = OutwardWay(self._reactor, bridge, self._archive, self._turn, self._gateway)
            self._outward[bridge.name] = outward
            outward.start()

    def _map(self) -> None:
        """Let others know which newsgroups and forums belong together."""
        inward = {each.newsgroup: each.forum for each in self._all.values() if each.inward is not Inward.OFF}
        outward = {f"clique.{each.forum}": each.newsgroup for each in self._all.values()}
        self._forums.clear()
        self._forums.update(self._fixed | inward)
        self._newsgroups.clear()
        self._newsgroups.update(outward)
        self._bridged.clear()
        self._bridged.update(inward)

    def _obey(self, writer: IWriter, target: bytes) -> bool:
        return obey_cancel(writer, target, self._signer, int(self._clock()), self._path_identity)

    def _cancel_noted(self, newsgroup: str) -> None:
        for name, way in self._inward.items():
            if self._all[name].newsgroup == newsgroup:
                way.wake()

    def _moved(self, changes: Changes) -> None:
        if changes.documents or changes.held:
            for way in self._outward.values():
                way.wake()
