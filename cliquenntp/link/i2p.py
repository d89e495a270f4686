"""A session with an I2P router that is kept up for ever: one destination that listens and dials.

Import this module only where I2P is configured, and before the reactor runs: txi2p's grammars take two seconds and
60 MB.

    resting --> key --> session --> up --(lost)--> resting
       ^----------refused, or no answer--------------'

It fails closed: without a session nothing is dialled, and nothing else is tried.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from twisted.internet import defer, endpoints, error, task
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.logger import Logger
from twisted.python.failure import Failure
from txi2p.sam.endpoints import SAMI2PStreamClientEndpoint
from txi2p.sam.session import getSession

from cliquenntp.link.address import Address
from cliquenntp.link.i2p_check import AddressCheck
from cliquenntp.link.i2p_keys import DestinationKey, KeyLock, load_key, parse_key, save_key
from cliquenntp.link.i2p_repairs import Acceptors, KeyGeneration, RepairedSAM
from cliquenntp.link.i2p_settings import I2PSettings, no_router
from cliquenntp.link.i2p_streams import Destinations, Guarded


class NoSessionError(Exception):
    """There is no session with the I2P router just now; the message says why."""


class I2PNetwork:
    """The node's place in I2P; what link.transports calls an I2PTransport.

    ``sam`` is the endpoint of the router's SAM port, by default the one that the settings name.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        settings: I2PSettings,
        sam: IStreamClientEndpoint | None = None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.state = "not started"
        """what it does just now, for people"""
        self.sessions = 0
        """sessions that have stood so far"""
        self.on_up: Callable[[], None] = lambda: None
        """is called whenever a session stands"""
        self._clock = reactor
        self._settings = settings
        self._wall_clock = wall_clock
        self._lock = KeyLock(settings.key_file)
        endpoint: Any = sam or endpoints.TCP4ClientEndpoint(
            reactor, settings.sam_host, settings.sam_port, settings.answer_time
        )
        self._sam = RepairedSAM(endpoint, self._lost)
        self._key: DestinationKey | None = None
        self._session: Any = None
        self._session_end: defer.Deferred[str] | None = None
        self._acceptors: Acceptors | None = None
        self._factory: IProtocolFactory | None = None
        self._listening: list[defer.Deferred[str]] = []
        self._destinations = Destinations()
        self._check = AddressCheck(
            reactor, settings.check_after, settings.session_time, self._dial_itself, self._is_deaf
        )
        self._running: defer.Deferred[Any] | None = None
        self._step: defer.Deferred[Any] | None = None
        self._stopping = False
        self._used = False

    # What link.transports asks for

    @property
    def address(self) -> str:
        """This node's address, ``i2p:....b32.i2p``; empty before there is a key."""
        return f"i2p:{self._key.host}" if self._key is not None else ""

    @property
    def is_up(self) -> bool:
        """Whether there is a session."""
        return self._session is not None

    @property
    def obstacle(self) -> str:
        """Why nothing can be dialled just now; empty when it can be tried, and be it to start the network."""
        return f"no session with the I2P router: {self.state}" if self._running is not None and not self.is_up else ""

    def start(self) -> None:
        """Begin to keep a session up.

        Raises i2p_keys.KeyFileError when the key file can't be used or another process uses it.
        """
        self._key = load_key(self._settings.key_file)
        wait = self._lock.take(self._wall_clock(), self._settings.rest)
        self._running = self._run(wait)
        self._running.addErrback(lambda failure: self._log.failure("the I2P session is given up", failure))

    def listen(self, factory: IProtocolFactory) -> defer.Deferred[str]:
        """Build a protocol for every stream that comes in, in this session and in all later ones.

        Fires with the address once the first session stands.  Starts the network where nobody has.
        """
        self._factory = Guarded(factory, self._stream_came)
        if self._running is None:
            self.start()
        if self._session is not None:
            self._accept()
            return defer.succeed(self.address)
        listening: defer.Deferred[str] = defer.Deferred(self._listening.remove)
        self._listening.append(listening)
        return listening

    def connect(self, address: Address, factory: IProtocolFactory) -> defer.Deferred[Any]:
        """Open a stream; fails with NoSessionError at once while there is no session."""
        if self._running is None:
            self.start()
        if self._session is None:
            return defer.fail(NoSessionError(self.obstacle))
        destination = address.destination or self._destinations.find(address.host) or address.host
        opened = defer.maybeDeferred(SAMI2PStreamClientEndpoint(self._session, destination).connect, factory)
        return opened.addCallbacks(self._opened, _explain)

    @defer.inlineCallbacks
    def stop(self) -> Any:
        """Close the session for good; fires when nothing is left of it."""
        self._stopping = True
        self.state = "stopped"
        if self._running is None:
            return
        self._lost("this node stops")
        if self._step is not None:
            self._step.cancel()
        yield self._running
        yield self._sam.close()
        self._lock.release(self._wall_clock(), self._used)
        for listening in self._listening[:]:
            listening.cancel()

    # Keeping a session up

    @defer.inlineCallbacks
    def _run(self, wait: float) -> Any:
        failures, rest = 0, self._settings.rest
        while not self._stopping:
            try:
                if wait:
                    yield self._interruptible(task.deferLater(self._clock, wait))
                yield from self._obtain_key()
                yield from self._obtain_session()
                failures = 0
                reason = yield self._keep_session()
            except defer.CancelledError:
                return
            except error.ConnectionRefusedError:
                wait = self._settings.retry
                self._say(no_router(self._settings))
            except Exception as problem:
                # Whatever the router says or does: the only cure is to try again, not too soon.
                self._drop_session()
                if isinstance(problem, error.ConnectionClosed):
                    failures = 0  # the router died, and that which comes back has refused nothing
                wait = max(rest, min(self._settings.longest_retry, rest * 2**failures))
                failures = min(failures + 1, 20)
                self._say(f"no I2P session: {_text(problem)}; next try in {wait:.1f} s")
            else:
                wait = rest
                if not self._stopping:
                    self._say(f"the I2P session is lost: {reason}; next try in {wait:.1f} s")

    def _obtain_key(self) -> Any:
        """Load the key, or have the router make one (it knows which kinds it can do)."""
        self._key = load_key(self._settings.key_file) or self._key
        if self._key is None:
            generation = KeyGeneration()
            made = self._sam.connect(generation).addCallback(lambda _: generation.deferred)
            made.addTimeout(self._settings.answer_time, self._clock, _no_answer)
            text = yield self._interruptible(made)
            key = parse_key(text)
            save_key(self._settings.key_file, key)
            self._key = key

    def _obtain_session(self) -> Any:
        """Create a session under a fresh name, so that none of an earlier one is in the way."""
        assert self._key is not None
        self.state = f"waits for the router at {self._settings.sam_name} to build tunnels"
        self._sam.private_key = self._key.private
        created = getSession(
            "clique-" + secrets.token_hex(8),
            samEndpoint=self._sam,
            options=self._settings.options(),
        )
        created.addTimeout(self._settings.session_time, self._clock, _no_answer)
        session = yield self._interruptible(created)
        self._used = True
        self._sam.watch(session)
        self._session = session
        if session.address.host != self._key.host:
            self._drop_session()
            raise ValueError(f"the router gave {session.address.host} instead of the key file's {self._key.host}")

    def _interruptible(self, step: defer.Deferred[Any]) -> defer.Deferred[Any]:
        """Let stop() cancel a step; CancelledError then comes out of it."""
        self._step = step

        def done(result: Any) -> Any:
            self._step = None
            return result

        return step.addBoth(done)

    def _keep_session(self) -> defer.Deferred[str]:
        """Serve in a session that stands; fires with the reason when it is lost."""
        self.sessions += 1
        self._say(f"I2P session up: {self.address}", problem=False)
        ended: defer.Deferred[str] = defer.Deferred()
        self._session_end = ended
        self._accept()
        listening, self._listening = self._listening, []
        for waiting in listening:
            waiting.callback(self.address)
        self.on_up()
        return ended

    def _accept(self) -> None:
        if self._factory is None or self._acceptors is not None:
            return
        self._acceptors = Acceptors(
            self._clock, self._sam.connect, self._session, self._factory, self._settings.answer_time
        )
        self._acceptors.open()
        self._check.start()

    def _lost(self, reason: str) -> None:
        """The session can't be used any more."""
        end, self._session_end = self._session_end, None
        if end is not None:
            self._drop_session()
            end.callback(reason)

    def _drop_session(self) -> None:
        self._check.stop()
        if self._acceptors is not None:
            self._acceptors.stop()
            self._acceptors = None
        session, self._session = self._session, None
        if session is not None:
            self._sam.evict(session)

    def _say(self, state: str, problem: bool = True) -> None:
        """Log a state when it is not the one logged last."""
        if state != self.state:
            self.state = state
            (self._log.warn if problem else self._log.info)("{state}", state=state)

    # Streams

    def _opened(self, protocol: Any) -> Any:
        self._destinations.remember(protocol.transport.getPeer())
        return protocol

    def _stream_came(self, peer: Any) -> bool:
        """Note that a stream came in; say whether it is another node's."""
        self._check.stream_came()
        self._destinations.remember(peer)
        return self._key is None or peer.host != self._key.host

    def _dial_itself(self, factory: IProtocolFactory) -> defer.Deferred[Any]:
        assert self._key is not None
        return defer.maybeDeferred(SAMI2PStreamClientEndpoint(self._session, self._key.destination).connect, factory)

    def _is_deaf(self) -> None:
        self._lost("its own address does not answer")


def _no_answer(_: Any, seconds: float) -> Any:
    raise TimeoutError(f"the router did not answer within {seconds:g} s")


def _text(reason: BaseException) -> str:
    return str(reason) or repr(reason)


def _explain(failure: Failure) -> Failure:
    """Turn what txi2p raises for an answer that it does not know into a readable failure."""
    if failure.check(TypeError, AttributeError):
        return Failure(ConnectionError("the I2P router refused the stream"))
    return failure
