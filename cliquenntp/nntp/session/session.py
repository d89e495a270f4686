"""The session: bytes from the client in, bytes for it out; no sockets, no clock, no waiting.

``receive`` takes what the client sent and returns what to write; after it, ``state`` says how to go on:

=========  =====================================================  ==============================================
state      meaning                                                then call
=========  =====================================================  ==============================================
LISTENING  all commands that came whole are answered              ``receive`` when bytes come
TALKING    an answer or further commands are not finished         ``resume`` when the client has taken what was written
JUDGING    articles wait for their verdict                        ``settle`` with the PostResult of each
FETCHING   the newsgroup ``fetched`` lacks what is asked for      ``proceed`` when it has come, or was waited for
ADMITTING  ``login`` waits to be checked                          ``admit`` with the Admission, or None
SECURING   TLS shall begin when the reply is written              ``secured`` when the transport speaks TLS
CLOSED     the last reply is out                                  nothing: close after writing
=========  =====================================================  ==============================================

The articles that have come are in ``submissions``, in LISTENING too: more may come while they are judged (RFC 4644).
Except in LISTENING ``receive`` only keeps the bytes: commands are answered in their order.  One call works for about
``OUTPUT_STEP`` octets, ``COMMANDS_STEP`` commands or ``STEP_SECONDS``, so that nobody else waits for long.
"""

from __future__ import annotations

import enum
import zlib
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
from cliquenntp.nntp.session.compression import EXPANSION_STEP, Compression
from cliquenntp.nntp.session.dispatch import obey, run
from cliquenntp.nntp.session.feeding import NothingWanted, Verdicts, is_streamed
from cliquenntp.nntp.session.general import greeting
from cliquenntp.nntp.session.input import BadLine, Input
from cliquenntp.nntp.session.posting import PostResult, Submission, received, verdict
from cliquenntp.nntp.session.reader import NothingFollows, Reader, SessionSettings
from cliquenntp.nntp.session.sasl import Exchange, Login, PasswordLogin, ProofLogin
from cliquenntp.nntp.session.table import COMMANDS

OUTPUT_STEP = 1 << 17
"""octets after which a call returns; Twisted hands at most this much to the kernel at once"""

STEP_SECONDS = 0.003
"""after which a call returns: what comes on top, a page that is not cached, takes some milliseconds itself"""

COMMANDS_STEP = 100
"""commands after which a call returns: some 2 ms, when none is cached"""

_BAD_LINES = {BadLine.TOO_LONG: replies.LINE_TOO_LONG, BadLine.BARE_LINE_FEED: replies.BARE_LINE_FEED}


class State(enum.Enum):
    """How the session goes on; the module's docstring has the table."""

    LISTENING = enum.auto()
    TALKING = enum.auto()
    JUDGING = enum.auto()
    FETCHING = enum.auto()
    ADMITTING = enum.auto()
    SECURING = enum.auto()
    CLOSED = enum.auto()


class Session:
    """One connection's conversation."""

    __slots__ = (
        "_asked", "_clock", "_closing", "_compression", "_delayed", "_exchange", "_input", "_line", "_reader",
        "_report", "_stream", "_verdicts", "fetched", "login", "state", "submissions",
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
        self.submissions: list[Submission] = []
        """articles that have come and are to be judged; whoever does that takes them out"""
        self._verdicts: Verdicts | None = None
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
        self._input = Input()
        self._compression: Compression | None = None
        self._exchange: Exchange | None = None
        self._asked: Collect | None = None
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
        return len(self._input) + (self._compression is not None and self._compression.waiting)

    @property
    def collecting(self) -> bool:
        """Whether the client is in the middle of an article."""
        return self._asked is not None

    @property
    def judging(self) -> bool:
        """Whether verdicts are due."""
        return bool(self._verdicts)

    def receive(self, data: bytes, now: float) -> bytes:
        """Take bytes from the client at ``now`` (seconds since 1970 UTC) and return what to write."""
        self.keep(data)
        return self._work(now) if self.state is State.LISTENING else b""

    def keep(self, data: bytes) -> None:
        """Take bytes from the client for later: the transport cannot write more now."""
        if self._compression is None:
            self._input.feed(data)
        else:
            self._compression.keep(data)

    def resume(self, now: float) -> bytes:
        """Go on in TALKING; return what to write, which may be nothing."""
        if self.state is not State.TALKING:
            return b""
        self.state = State.LISTENING
        return self._work(now)

    def settle(self, submission: Submission, result: PostResult, now: float) -> bytes:
        """Tell what became of a submission; return what to write."""
        verdicts = self._verdicts
        if not verdicts or self.state is State.CLOSED:
            return b""
        if result.later and submission.purpose is Purpose.TAKETHIS:
            # there is no code for it: RFC 4644 section 2.5.2
            verdicts.give_up()
            self._closing = replies.UNAVAILABLE
            said = b""
        else:
            said = verdicts.settle(submission, verdict(submission, result))
        if self.state is State.JUDGING or (self._closing and self.state is State.LISTENING):
            self.state = State.LISTENING
            return self._work(now, said)
        return said if self._compression is None or not said else self._compression.shrink(said)

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
        self._input.rest()
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
        self.login = self._delayed = self._verdicts = None
        self.submissions.clear()

    def _work(self, now: float, said: bytes = b"") -> bytes:
        """Answer commands until there are no more, or enough is done for one call; return what to write.

        ``said`` goes before it.
        """
        self._reader.now = now
        compression = self._compression
        if compression is None:
            return said + self._answer() if said else self._answer()
        output = said + self._answer()
        return compression.shrink(output) if output else b""

    def _answer(self) -> bytes:
        """Return the answers of one call."""
        output: list[bytes] = []
        size = commands = 0
        clock = self._clock
        until = clock() + STEP_SECONDS
        while True:
            stream = self._stream
            if stream is not None:
                piece = self._next_piece(stream)
            elif self._closing:
                if self._verdicts:
                    self.state = State.JUDGING
                    break
                self.state = State.CLOSED
                output.append(self._closing)
                break
            elif self._asked is not None:
                reply = self._take_article(self._asked)
                if reply is None:
                    if not self._expand():
                        break
                    size += EXPANSION_STEP
                piece = reply or b""
            else:
                line = self._next_line()
                if line is None:
                    if self.state is not State.LISTENING or not self._expand():
                        break
                    size += EXPANSION_STEP
                    piece = b""
                else:
                    piece = self._obey(line) if isinstance(line, bytes) else self._refuse_line(line)
                    if self._verdicts:
                        piece = self._verdicts.in_order(piece)
            commands += 1
            size += len(piece)
            output.append(piece)
            if self.state is not State.LISTENING:
                break
            gives_way = not piece and self._stream is not None
            if size >= OUTPUT_STEP or commands >= COMMANDS_STEP or gives_way or clock() > until:
                if self._stream is not None or self.unused or self._closing:
                    self.state = State.TALKING
                break
        return output[0] if len(output) == 1 else b"".join(output)

    def _next_line(self) -> bytes | BadLine | None:
        """Return the next command line; None when there is none, or it must wait for verdicts (then JUDGING)."""
        line = self._input.line() if self._line is None else self._line
        verdicts = self._verdicts
        if not verdicts or line is None:
            self._line = None
            return line
        if isinstance(line, bytes) and not verdicts.enough and is_streamed(line):
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
        if lines.is_foreign(self._input.bad_start):
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
        match answer:
            case bytes():
                return answer
            case Collect():
                self._asked = answer
            case Farewell():
                self.state = State.CLOSED
            case Compress():
                self._compression = Compression()
                self._compression.keep(self._input.rest())
                self.state = State.TALKING  # this reply must be written before what is compressed
            case StartTLS():
                self.state = State.SECURING
            case Challenge():
                self._exchange = answer.exchange
            case PasswordLogin() | ProofLogin():
                self.login = answer
                self.state = State.ADMITTING
                return b""
            case Postponed():
                self._delayed, self.fetched = answer, answer.group
                self.state = State.FETCHING
                return b""
            case _:
                self._stream = answer
                return self._next_piece(answer)
        return answer.reply

    def _expand(self) -> bool:
        """Take in a part of the compressed octets that wait; tell whether there was one."""
        if self._compression is None or not self._compression.waiting:
            return False
        try:
            self._input.feed(self._compression.expand())
        except zlib.error:
            self.state = State.CLOSED
            return False
        return True

    def _take_article(self, asked: Collect) -> bytes | None:
        """Return the reply to an article that has come, nothing yet where it must be judged; None until it has come."""
        limit = self._reader.settings.article_limit
        taken = self._input.article(limit)
        if taken is None:
            return None
        self._asked = None
        if self._verdicts is None:
            self._verdicts = Verdicts()
        verdicts = self._verdicts
        submission = received(*taken, limit, asked)
        if asked.refusal or isinstance(submission, PostResult):
            reply = asked.refusal
            if isinstance(submission, PostResult) and not reply:
                reply = verdict(asked, submission)
            return verdicts.in_order(reply)
        verdicts.expect(submission)
        self.submissions.append(submission)
        if asked.purpose is not Purpose.TAKETHIS:
            self.state = State.JUDGING
        return b""
