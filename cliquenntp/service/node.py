"""The node: puts the rooms together, starts and stops them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet import defer, endpoints
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread
from twisted.logger import Logger
from twisted.python.failure import Failure

from cliquenntp.control.server import ControlFactory
from cliquenntp.document import Document, Signer, address_of
from cliquenntp.interfaces import OWNER, SHARED, Identity, IFeed, IRecord, IWriter
from cliquenntp.newsgroup.follows import DAY, FollowLimits
from cliquenntp.newsgroup.outgoing import DEFAULT_LOCAL_PART
from cliquenntp.service.arrival import accept
from cliquenntp.service.bridging.bridges import Bridges
from cliquenntp.service.commands.node import NodeCommands
from cliquenntp.service.forums import OWNER_LOCAL_PART
from cliquenntp.service.keys import KeyFileError, load_or_create
from cliquenntp.service.local_control import LocalControl
from cliquenntp.service.network.clique_nodes import CliqueNodes
from cliquenntp.service.network.clique_side import CliqueSide
from cliquenntp.service.network.holding_back import HoldingBack
from cliquenntp.service.network.node_forums import NodeForums
from cliquenntp.service.network.own_nodes import look_again, open_own_nodes, wire
from cliquenntp.service.network.routes import Routes
from cliquenntp.service.network.sent_posts import SentPosts
from cliquenntp.service.network.unreached import Unreached
from cliquenntp.service.node_key import NodeKey
from cliquenntp.service.posting import Posting
from cliquenntp.service.power import Power
from cliquenntp.service.processes.sharing import Sharing
from cliquenntp.service.processes.workers import Workers, ZeoProcess
from cliquenntp.service.proving import Proving
from cliquenntp.service.readers.accounts import Accounts
from cliquenntp.service.readers.follows import Follows
from cliquenntp.service.readers.honours import Honours
from cliquenntp.service.readers.listeners import FEED, Listeners
from cliquenntp.service.readers.motd import own_node_of, posts_of, state_of
from cliquenntp.service.readers.news_endpoints import NewsEndpoint
from cliquenntp.service.readers.opened import OpenedArticles
from cliquenntp.service.readers.personas import Personas
from cliquenntp.service.readers.public_web import PublicWeb
from cliquenntp.service.readers.reading import Reading
from cliquenntp.service.readers.views import Views
from cliquenntp.service.settings import Settings
from cliquenntp.service.start import StartError, listen_for_newsreaders, open_port
from cliquenntp.service.turn import Turn, TurnLimits
from cliquenntp.service.upkeep.collecting import RareCollections
from cliquenntp.service.upkeep.room import Room
from cliquenntp.store import BLOB_FOLDER, DATABASE_FILE, Store, StoreSettings, StoreUnusable

DATABASE_FOLDER = "database"
ACCOUNTS_KEY = "accounts"
"""makes the salts of accounts that do not exist"""

SUM_UP_SECONDS = 60.0
"""between two times that what was added to the database file is summed; what changes on a disk does so far later"""


class Node(Service):
    """One node.  Opened by ``startService``; what it is made of is there from then on."""

    log = Logger()

    key: NodeKey
    personas: Personas
    store: Store
    turn: Turn
    views: Views
    unreached: Unreached
    sent_posts: SentPosts
    routes: Routes
    holding_back: HoldingBack
    power: Power
    honours: Honours
    proving: Proving
    posting: Posting
    bridges: Bridges
    room: Room
    forums: NodeForums
    nodes: CliqueNodes
    clique: CliqueSide
    """the shared node's"""
    accounts: Accounts
    listeners: Listeners
    public_web: PublicWeb
    follows: Follows
    reading: Reading

    def __init__(self, reactor: Any, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        """``clock`` is the time of day in seconds since 1970 UTC."""
        self.reactor = reactor
        self.settings = settings
        self.clock = clock
        self.started_at = 0.0
        self.pages: list[IListeningPort] = []
        self.troubles: list[str] = []
        """what is not as it was asked for, though the node runs; for the operator"""
        self.sharing: Sharing | None = None
        """where other processes may have the database open"""
        self.workers: Workers | None = None
        self._zeo: ZeoProcess | None = None
        self._control: IListeningPort | None = None
        self._collections = RareCollections(reactor)
        self._summing = LoopingCall(lambda: deferToThread(self.store.sum_up))
        self._summing.clock = reactor

    @property
    def owner(self) -> Signer:
        """The key that signs what the owner posts and imports."""
        return self.personas.signer(OWNER.persona)

    @property
    def address(self) -> str:
        """The owner's address, to be set as the newsreader's identity."""
        return self.address_of(OWNER)

    def address_of(self, identity: Identity) -> str:
        """Return the address of what somebody posts."""
        local_part = OWNER_LOCAL_PART if identity.persona == OWNER.persona else DEFAULT_LOCAL_PART
        return address_of(self.personas.signer(identity.persona).key, local_part)

    def startService(self) -> None:
        """Open what the node has and listen; ends the process with one line where that cannot be."""
        self.started_at = self.reactor.seconds()
        try:
            self._open()
            self._listen()
            if self.sharing is not None:
                self.sharing.listen()
            if self.workers is not None:
                self.workers.start(self.listeners.certificate_file)
            self._listen_to_nodes()
            open_own_nodes(self)
            self.follows.start()
        except StartError as error:
            self.log.critical("{error}", error=error)
            raise SystemExit(f"cliquenntp: {error}") from None
        self.turn.start()
        self.holding_back.start()
        self.bridges.start()
        self._collections.start()
        self.room.start()
        self._summing.start(SUM_UP_SECONDS, now=False).addErrback(self._cannot_sum)
        super().startService()

    def _open(self) -> None:
        settings = self.settings
        try:
            settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.store = self._open_store()
            self.turn = Turn(self.reactor, self.store, TurnLimits(commit_delay=settings.commit_delay))
            self.forums = NodeForums(self.store.reader)
            self.power = Power(self.store.reader, self.turn.submit)
            self.nodes = CliqueNodes(
                self.reactor, self.store, self.turn, settings, self.clock, self._accept, self.forums, self.power)
            self.personas = Personas(settings.keys)
            self.personas.signer(OWNER.persona)
            secret = load_or_create(settings.keys / ACCOUNTS_KEY)
        except OSError as error:
            raise StartError(f"{error.filename}: {error.strerror}") from None
        except (StoreUnusable, KeyFileError) as error:
            raise StartError(str(error)) from None
        self.key, self.clique = self.nodes.key, self.nodes.shared
        self.unreached = Unreached(self.store.reader, self.turn, self._accept)
        self.views = Views(self.store.reader, settings.path_identity, self.unreached, self.forums.are_all,
                           self.personas.key)
        self.views.hide_by(self.power)
        self.honours = Honours(self.store.reader, self.turn.submit)
        self.views.hidden_by.append(self.honours.hidden_from)
        self.turn.listen(self.honours.moved)
        self.turn.listen(self.views.moved)
        self.unreached.on_changed = self.views.whole.retitled
        self.accounts = Accounts(self.store.reader, self.turn.submit, secret)
        self.routes = Routes(self.store.reader, self.forums, self.accounts.own_node)
        dice: Any = secrets.SystemRandom()
        self.holding_back = HoldingBack(
            self.reactor, self.store.reader, self.turn, self.clock, dice, settings.path_identity)
        self.proving = Proving(self.reactor, self.store.reader, settings.work_seconds)
        self.posting = Posting(
            self.turn, self.store.reader, self.personas, self.clock, settings.keep_headers, self.routes,
            self.holding_back, self.proving, self.power.refuses,
        )
        self.bridges = Bridges(self.reactor, self.store.reader, self.turn, self.owner, settings, self.clock)
        self.follows = Follows(
            self.reactor, self.clock, self.store.reader, self.turn, self.forums,
            FollowLimits(settings.follows_by_reading, settings.follow_days * DAY), settings.first_look_seconds,
            self.accounts.own_node,
        )
        self.follows.on_asked = partial(look_again, self)
        self.reading = Reading(self.follows, OpenedArticles(self.store.reader, settings.known_after_articles))
        self.reading.on_read = self._read
        self.reading.notices_from += [partial(one, self) for one in (state_of, own_node_of, posts_of)]
        self.sent_posts = SentPosts(self.reactor, self.store.reader, self.turn)
        self.posting.on_posted = self.holding_back.on_left = self._posted
        self.posting.on_leave = self.follows.leave
        self.posting.on_local = LocalControl(
            self.store.reader, self.turn.submit, self.power, self.views.local, self.clock, settings.path_identity).post
        wire(self, self.clique)
        self.nodes.on_made = partial(wire, self)
        self.room = Room(
            self.reactor, self.store, self.turn, self.follows, self.clock, settings.quota, settings.expire)
        self.room.on_horizon = self._horizon_moved
        self.listeners = Listeners(self)
        self.public_web = PublicWeb(self)
        self.turn.on_doubt = self.views.forget
        self.sharing = Sharing(self, secret) if self.store.is_shared else None

    def _open_store(self) -> Store:
        settings = self.settings
        location = settings.storage or str(settings.data / DATABASE_FOLDER)
        sizes = StoreSettings.cached(settings.cache)
        if not settings.workers:
            return Store.open(location, sizes, caches=settings.data)
        folder = None if "://" in location else Path(location)
        if folder is not None:
            self._zeo = ZeoProcess(settings.data, folder / DATABASE_FILE, folder / BLOB_FOLDER)
            self._zeo.start()
            location = self._zeo.location
        self.workers = Workers(self.reactor, settings, location, self._zeo)
        return Store.open(location, sizes, caches=settings.data, files=folder)

    def listen(self, kind: str, endpoint: NewsEndpoint, factory: Any) -> IListeningPort | None:
        """Listen where newsreaders connect, for the workers where there are some.  Raises StartError."""
        if self.workers is not None and kind != FEED and self.workers.serve(endpoint):
            return self.workers.listen(kind, endpoint)
        return listen_for_newsreaders(self.reactor, endpoint, factory)

    def feed(self) -> IFeed:
        """Return what takes articles of other news servers; one for all, as it knows which are on their way."""
        return self.bridges.feeding

    def _horizon_moved(self, root: bytes, since: int) -> None:
        for side in self.nodes:
            side.horizon_moved(root, since)

    def _read(self, author: bytes) -> None:
        for side in self.nodes:
            side.read(author)

    def _posted(self, identity: Identity, record: IRecord) -> None:
        self.reading.posted(identity, record)
        self.sent_posts.posted(identity, record)

    def _cannot_sum(self, failure: Failure) -> None:
        self.log.failure("The database file cannot be summed up; `verify` will not see what changes in it", failure)
        self.troubles.append(f"the database file cannot be summed up: {failure.getErrorMessage()}")

    def _listen(self) -> None:
        self.listeners.open()
        # A node that was killed left its socket; nobody listens there, as the database's lock is ours.
        self.settings.control_socket.unlink(missing_ok=True)
        control = endpoints.UNIXServerEndpoint(self.reactor, str(self.settings.control_socket), mode=0o600)
        commands = NodeCommands(self).table()
        self._control = open_port(control, ControlFactory(commands), "the control socket")
        if self.settings.web:
            from cliquenntp.service.commands.page import listen_to_browsers

            listen_to_browsers(self, commands)
        if self.settings.public_web:
            self.public_web.open()

    def _listen_to_nodes(self) -> None:
        failures: list[Any] = []
        listening = defer.ensureDeferred(self.clique.start(self.settings.clique))
        listening.addErrback(failures.append)
        if failures:
            raise StartError(f"the port for other nodes cannot be opened: {failures[0].getErrorMessage()}")

    def all_troubles(self) -> list[str]:
        """Return what the operator should know, a line each."""
        failure = self.turn.failure
        stuck = [] if failure is None else [f"the database cannot be written: {failure.getErrorMessage()}"]
        if any(side.trouble for side in self.nodes):
            stuck.append("all links are closed until what other nodes send can be stored")
        return [*self.troubles, *stuck, *self.bridges.troubles()]

    def _accept(self, writer: IWriter, document: Document, number: int = SHARED) -> IRecord:
        return accept(writer, document, int(self.clock()), self.settings.path_identity, number)

    def leaving(self, identity: Identity, parents: Iterable[bytes]) -> int:
        """Return when what somebody signs now below these documents (ids) is to leave, in seconds since 1970 UTC."""
        return self.holding_back.due(identity.persona, parents, int(self.clock()))

    def accept(self, document: Document, identity: Identity = OWNER, due: int = 0) -> defer.Deferred[IRecord]:
        """Store a document of somebody's in a turn, with the work that it takes.

        Fires with its record once that is on disk; raises PostRefused, or fails with it.  It is held back until
        ``due``, in seconds since 1970 UTC, or longer where what it answers is.
        """
        route = self.routes.of(identity, document.parents)

        def step(writer: IWriter, document: Document) -> IRecord:
            now = int(self.clock())
            record = self.holding_back.take_in(writer, document, now, route, identity.account or "", due)
            if not record.parents:
                self.routes.found(route, identity, record, now, writer)
            return record

        def stored(record: IRecord) -> IRecord:
            self.holding_back.stored(record)
            return record

        def store(document: Document) -> defer.Deferred[IRecord]:
            return self.turn.submit(partial(step, document=document), len(document.raw)).addCallback(stored)

        signer = self.personas.signer(identity.persona)
        proof = self.proving.prove(document, signer, identity.account or "")
        return store(document) if proof is None else proof.document.addCallback(store)

    async def _close(self) -> None:
        """Tell clients, finish what was begun, and close; in the order in which things depend on one another."""
        self.proving.stop()  # first, so that newsreaders that wait for a proof are told before the listeners close
        await self.listeners.close()
        await self.public_web.close()
        for page in self.pages:
            await defer.maybeDeferred(page.stopListening)
        if self._control is not None:
            await defer.maybeDeferred(self._control.stopListening)
            self.settings.control_socket.unlink(missing_ok=True)
        self.bridges.stop()
        if self.workers is not None:
            self.workers.stop()
            await deferToThread(self.workers.wait)
        if self.sharing is not None:
            await self.sharing.stop()
        await self.room.stop()
        await self.follows.stop()
        if self._summing.running:
            self._summing.stop()
        self.holding_back.stop()
        await self.nodes.stop()
        self.sent_posts.stop()
        self._collections.stop()
        await self.turn.stop()
        self.store.close()
        if self._zeo is not None:
            self._zeo.stop()

    def stopService(self) -> defer.Deferred[None]:
        """Stop; the Deferred fires when all is on disk and closed."""
        super().stopService()
        return defer.ensureDeferred(self._close())
