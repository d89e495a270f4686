"""A session that stands on its own: no transport, a fixed clock, posts judged at once."""

from __future__ import annotations

from cliquenntp.interfaces import OWNER, Identity, IFeed, INewsView, IReading, Right
from cliquenntp.nntp.session import (
    Admission,
    Login,
    PasswordLogin,
    PostResult,
    Session,
    SessionSettings,
    State,
    Verifier,
)

NOW = 1_795_521_600.0
"""2026-11-24 12:00:00 UTC"""

RECOMMENDED = b"<fresh@post.clique.invalid>"


class SessionWire:
    """Bytes to and from a session."""

    def __init__(
        self, view: INewsView, identity: Identity = OWNER, settings: SessionSettings | None = None,
        reading: IReading | None = None, feed: IFeed | None = None,
    ) -> None:
        self.posted: list[bytes] = []
        self.logins: list[Login] = []
        self.verifiers: dict[str, Verifier] = {}
        self.view = view
        self.feed = feed
        self.faults: list[Exception] = []
        settings = settings or SessionSettings(article_limit=2000)
        self.session = Session(view, identity, settings, lambda: RECOMMENDED, self.faults.append, reading, feed)
        self.output = self.session.greet()
        self.sent = b""
        self._read = 0

    def send(self, data: bytes) -> None:
        self.sent += data
        self.output += self.session.receive(data, NOW)
        while True:
            if self.session.state is State.TALKING:
                self.output += self.session.resume(NOW)
            elif self.session.submissions:
                submission = self.session.submissions.pop(0)
                self.posted.append(submission.article)
                result = PostResult(True, "Posted")
                if self.feed is not None:
                    result = self.feed.take(submission.message_id, submission.article)
                self.output += self.session.settle(submission, result, NOW)
            elif self.session.state is State.ADMITTING:
                self.logins.append(self.session.login)
                self.output += self.session.admit(self.admit(self.session.login), NOW)
            elif self.session.state is State.SECURING:
                self.session.secured()
            else:
                break

    def admit(self, login: Login) -> Admission | None:
        """Let the account in whose verifier a test has put into ``verifiers``."""
        if isinstance(login, PasswordLogin):
            known = login.name in self.verifiers and self.verifiers[login.name].accepts(login.password)
        else:
            known = login.proved
        return Admission(Identity(login.name, Right.READ | Right.POST), self.view) if known else None

    def read_line(self) -> bytes:
        end = self.output.find(b"\r\n", self._read)
        end = len(self.output) if end < 0 else end + 2
        line = self.output[self._read : end]
        self._read = end
        return line

    @property
    def closed(self) -> bool:
        return self.session.state is State.CLOSED
