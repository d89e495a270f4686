"""The session: bytes from the client in, bytes for it out; no sockets, no clock, no waiting.

``receive`` takes what the client sent and returns what to write; after it, ``state`` says how to go on (the table is in
``state.py``).  Articles that have come are in ``submissions``, in LISTENING too: more may come while they are judged
(RFC 4644).

One call works for a ``Step`` at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cliquenntp.interfaces import Identity, IFeed, INewsView, IReading
from cliquenntp.nntp.session import lines, replies
from cliquenntp.nntp.session.authentication import MOST_FAILED_LOGINS, Admission, outcome, respond
from cliquenntp.nntp.session.command import (
    Answer,
    Challenge,
    Collect,
    Compress,
    Farewell,
    Postponed,
    Purpose,
    StartTLS,
)
from cliquenntp.nntp.session.compression import EXPANSION_STEP
from cliquenntp.nntp.session.dispatch import obey, run
from cliquenntp.nntp.session.feeding import NothingWanted, is_streamed
from cliquenntp.nntp.session.general import greeting
from cliquenntp.nntp.session.input import BadLine
from cliquenntp.nntp.session.posting import PostResult, Submission
from cliquenntp.nntp.session.reader import NothingFollows, Reader, SessionSettings
from cliquenntp.nntp.session.sasl import Exchange, Login, PasswordLogin, ProofLogin
from cliquenntp.nntp.session.state import AFTER, State
from cliquenntp.nntp.session.step import Step
from cliquenntp.nntp.session.submitting import Submissions
from cliquenntp.nntp.session.table import COMMANDS
from cliquenntp.nntp.session.wire import BrokenStreamError, Wire

_BAD_LINES = {BadLine.TOO_LONG: replies.LINE_TOO_LONG, BadLine.BARE_LINE_FEED: replies.BARE_LINE_FEED}


class Session:
    """One connection's conversation."""

    __slots__ = (
        "_articles", "_clock", "_closing", "_delayed", "_exchange", "_line", "_reader", "_report", "_stream", "_wire",
        "fetched", "login", "state",
    )

    def __init__(
        self,
        view: INewsView,
        identity: Identity,
        settings: SessionSettings,
        fresh_id: Callable[[], bytes],
        report: Callable[[Exception], None],
        reading: IReading | None = None,
        feed: IFeed | None = None,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Begin a conversation with somebody who is ``identity`` and sees ``view``.

        ``fresh_id`` returns a new random message-id with its brackets; ``report`` is told of exceptions that are
        this program's fault, after which the client gets 403; ``reading`` is told what the client reads, ``feed``
        asked what other servers' articles are wanted; ``clock`` tells how long a call has worked, in seconds from any
        beginning.
        """
        self.state = State.LISTENING
        self._articles = Submissions()
        self._line: bytes | BadLine | None = None  # which waits until all verdicts are there
        self.fetched: int | None = None
        """docno of the newsgroup whose articles are waited for while the state is FETCHING"""
        self._delayed: Postponed | None = None
        self.login: Login | None = None
        """what to check while the state is ADMITTING"""
        self._reader = Reader(
            view, identity, settings, COMMANDS, fresh_id, reading or NothingFollows(), feed or NothingWanted()
        )
        self._report = report
        self._clock = clock
        self._wire = Wire()
        self._exchange: Exchange | None = None
        self._stream: Iterator[bytes] | None = None
        self._closing = b""

    def greet(self) -> bytes:
        """Return the greeting, to be written once before anything else."""
        return greeting(self._reader)

    @property
    def identity(self) -> Identity:
        """Whose connection it is."""
        return self._reader.identity

    @property
    def unused(self) -> int:
        """Octets received and not yet used; of compressed ones at least 1."""
        return self._wire.unused

    @property
    def collecting(self) -> bool:
        """Whether the client is in the middle of an article."""
        return self._articles.asked is not None

    @property
    def judging(self) -> bool:
        """Whether verdicts are due."""
        return self._articles.due

    @property
    def submissions(self) -> list[Submission]:
        """Articles that have come and are to be judged; whoever does that takes them out."""
        return self._articles.unjudged

    def receive(self, data: bytes, now: float) -> bytes:
        """Take bytes from the client at ``now`` (seconds since 1970 UTC) and return what to write."""
        self._wire.take(data)
        return self._work(now) if self.state is State.LISTENING else b""

    def keep(self, data: bytes) -> None:
        """Take bytes from the client for later: the transport cannot write more now."""
        self._wire.take(data)

    def resume(self, now: float) -> bytes:
        """Go on in TALKING; return what to write, which may be nothing."""
        if self.state is not State.TALKING:
            return b""
        self.state = State.LISTENING
        return self._work(now)

    def settle(self, submission: Submission, result: PostResult, now: float) -> bytes:
        """Tell what became of a submission; return what to write."""
        if self.state is State.CLOSED or not self._articles.due:
            return b""
        said = self._articles.settle(submission, result)
        if said is None:
            self._closing, said = replies.UNAVAILABLE, b""
        if self.state is State.JUDGING or (self._closing and self.state is State.LISTENING):
            self.state = State.LISTENING
            return self._work(now, said)
        return self._wire.shrink(said) if said else said

    def proceed(self, now: float) -> bytes:
        """Go on in FETCHING with what has come; return what to write."""
        delayed, self._delayed, self.fetched = self._delayed, None, None
        if delayed is None:
            return b""
        self.state = State.LISTENING
        self._reader.now = now
        return self._work(now, self._take(run(self._reader, delayed.command, delayed.words, self._report)))

    def admit(self, admission: Admission | None, now: float) -> bytes:
        """Tell in ADMITTING whether the login was right (None: no); return what to write."""
        login, self.login = self.login, None
        if login is None:
            return b""
        self.state = State.LISTENING
        reply = outcome(self._reader, login, admission)
        if self._reader.failed_logins >= MOST_FAILED_LOGINS:
            self._closing = replies.TOO_MANY_FAILED_LOGINS
        return self._work(now, reply)

    def secured(self) -> None:
        """Go on in SECURING: from now on the client speaks in TLS; what it said before and was not used is dropped."""
        self._wire.input.rest()
        self._reader.secured()
        self.state = State.LISTENING

    def finish(self, reply: bytes) -> bytes:
        """Close with a 400 as soon as what has begun is answered; return what to write now."""
        self._closing = reply
        return self._work(self._reader.now) if self.state is State.LISTENING else b""

    def abandon(self) -> None:
        """Drop what is under way: the connection is gone."""
        self.state = State.CLOSED
        self._stream = None
        self.login = self._delayed = None
        self._articles.abandon()

    def _work(self, now: float, said: bytes = b"") -> bytes:
        """Answer commands until there are no more, or enough is done for one call; return what to write.

        ``said`` goes before it.
        """
        self._reader.now = now
        shrink = self._wire.shrink
        output = said + self._answer() if said else self._answer()
        return shrink(output) if output else output

    def _answer(self) -> bytes:
        """Return the answers of one call."""
        output: list[bytes] = []
        step = Step(self._clock)
        while (said := self._next(step)) is not None:
            output.append(said)
            if self.state is not State.LISTENING:
                break
            gives_way = not said and self._stream is not None
            if step.is_over(len(said)) or gives_way:
                if self._stream is not None or self.unused or self._closing:
                    self.state = State.TALKING
                break
        return output[0] if len(output) == 1 else b"".join(output)

    def _next(self, step: Step) -> bytes | None:
        """Return what is said next, which may be nothing yet; None when nothing more can be done now."""
        if self._stream is not None:
            return self._next_piece(self._stream)
        if self._closing:
            self.state = State.JUDGING if self._articles.due else State.CLOSED
            return None if self._articles.due else self._closing
        if self._articles.asked is not None:
            reply = self._take_article()
            if reply is not None:
                return reply
        else:
            line = self._next_line()
            if line is not None:
                answer = self._obey(line) if isinstance(line, bytes) else self._refuse_line(line)
                return self._articles.in_order(answer)
        if self.state is State.LISTENING and self._expand():
            step.octets += EXPANSION_STEP
            return b""
        return None

    def _next_line(self) -> bytes | BadLine | None:
        """Return the next command line; None when there is none, or it must wait for verdicts (then JUDGING)."""
        line = self._wire.input.line() if self._line is None else self._line
        if line is None or not self._articles.due:
            self._line = None
            return line
        if isinstance(line, bytes) and not self._articles.enough and is_streamed(line):
            self._line = None
            return line
        self._line = line
        self.state = State.JUDGING
        return None

    def _next_piece(self, stream: Iterator[bytes]) -> bytes:
        """Return the next piece of a long answer."""
        try:
            return next(stream)
        except StopIteration:
            self._stream = None
            return b""
        except Exception as error:
            # the client has a part of the answer already: only the end of the connection can tell it
            self._report(error)
            self._stream = None
            self.state = State.CLOSED
            return b""

    def _refuse_line(self, reason: BadLine) -> bytes:
        if lines.is_foreign(self._wire.input.bad_start):
            self.state = State.CLOSED
            return replies.NOT_NEWS
        self._exchange = None
        return _BAD_LINES[reason]

    def _obey(self, line: bytes) -> bytes:
        """Return the answer to a command line, or its first piece."""
        if self._exchange is not None:
            return self._respond(self._exchange, line)
        answer = obey(self._reader, line, self._report)
        return answer if isinstance(answer, bytes) else self._take(answer)

    def _respond(self, exchange: Exchange, line: bytes) -> bytes:
        """Go on with a login that takes several lines."""
        self._exchange = None
        try:
            answer = respond(exchange, line)
        except Exception as error:
            self._report(error)
            return replies.INTERNAL_FAULT
        return self._take(answer)

    def _take(self, answer: Answer) -> bytes:
        """Do what a handler's answer asks for, and return its reply or first piece."""
        self.state = AFTER.get(type(answer), self.state)
        match answer:
            case bytes():
                return answer
            case Farewell() | StartTLS():
                pass
            case Collect():
                self._articles.asked = answer
            case Compress():
                self._wire.compress()
            case Challenge():
                self._exchange = answer.exchange
            case PasswordLogin() | ProofLogin():
                self.login = answer
                return b""
            case Postponed():
                self._delayed, self.fetched = answer, answer.group
                return b""
            case _:
                self._stream = answer
                return self._next_piece(answer)
        return answer.reply

    def _expand(self) -> bool:
        """Take in a part of the compressed octets that wait; tell whether there was one."""
        try:
            return self._wire.expand()
        except BrokenStreamError:
            self.state = State.CLOSED
            return False

    def _take_article(self) -> bytes | None:
        """Return the reply to an article that has come, nothing yet where it must be judged; None until it has come."""
        taken = self._articles.take(self._wire.input, self._reader.settings.article_limit)
        if not isinstance(taken, Submission):
            return taken
        if taken.purpose is not Purpose.TAKETHIS:
            self.state = State.JUDGING
        return b""
