"""Calls between a reader and its writer: CBOR in frames of a length and as many octets, both ways on one connection.

A frame holds ``[0, name, arguments]``, which wants no answer, ``[n, name, arguments]`` with a number n above 0, or the
answer to that, ``[-n, whether it went well, value]``.  AMP is not used here since its values end at 64 KiB.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cbor2
from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.logger import Logger
from twisted.protocols.basic import Int32StringReceiver
from twisted.python.failure import Failure

MOST_FRAME_OCTETS = 64 * 1024 * 1024
"""What one commit has changed, or an article: a batch of the turn has 8 MiB at most, and names less than it stores."""

MOST_CALLS = 2_000
"""calls of one connection that wait for an answer: more newsreaders do not post at a time"""


class CallFailed(Exception):
    """The other side could not do what it was asked."""


class Away(Exception):
    """The other side is not there, went away before it answered, or has too much to do."""


class CallingProtocol(Int32StringReceiver):
    """One end of a connection; ``handlers`` do what the other end asks for, by name."""

    log = Logger()
    transport: Any
    MAX_LENGTH = MOST_FRAME_OCTETS

    def __init__(self, handlers: Mapping[str, Callable[..., Any]]) -> None:
        self._handlers = handlers
        self._waiting: dict[int, Deferred[Any]] = {}
        self._number = 0
        self.on_lost: Callable[[], None] = lambda: None
        """is called when the connection has ended"""

    def tell(self, name: str, *arguments: Any) -> None:
        """Say something that needs no answer."""
        self._send([0, name, arguments])

    def call(self, name: str, *arguments: Any) -> Deferred[Any]:
        """Ask for something; fires with the answer.  Fails with CallFailed or Away."""
        if not self.connected or len(self._waiting) >= MOST_CALLS:
            return fail(Away("the writer is away" if not self.connected else "the writer has too much to do"))
        self._number += 1
        answer: Deferred[Any] = Deferred()
        self._waiting[self._number] = answer
        self._send([self._number, name, arguments])
        return answer

    def _send(self, message: list[Any]) -> None:
        if self.connected:
            self.sendString(cbor2.dumps(message))

    def stringReceived(self, string: bytes) -> None:
        """Take a frame."""
        try:
            number, what, content = cbor2.loads(string)
        except (ValueError, TypeError, cbor2.CBORError):
            self.log.error("What another process of this node said cannot be read; is it of another version?")
            self.transport.loseConnection()
            return
        self.received(number, what, content)

    def received(self, number: int, what: Any, content: Any) -> None:
        """Do what a frame asks for, or take the answer in it."""
        if number < 0:
            answer = self._waiting.pop(-number, None)
            if answer is not None:
                answer.callback(content) if what else answer.errback(CallFailed(content))
            return
        doing = maybeDeferred(self._handlers[what], *content)
        if number:
            doing.addCallbacks(lambda value: self._send([-number, True, value]), self._failed, errbackArgs=(number,))
        doing.addErrback(lambda failure: self.log.failure("A call of another process failed", failure))

    def _failed(self, failure: Failure, number: int) -> Failure:
        self._send([-number, False, failure.getErrorMessage()])
        return failure

    def lengthLimitExceeded(self, length: int) -> None:
        """Close: this is no process of ours."""
        self.transport.loseConnection()

    def connectionLost(self, reason: Any = None) -> None:
        """Fail what waits."""
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            answer.errback(Away("the writer went away before it answered"))
        self.on_lost()
