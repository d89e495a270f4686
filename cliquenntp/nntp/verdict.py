"""What somebody waits for who sent an article, where it takes longer than to store it."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from cliquenntp.nntp.session import PostResult


class Verdict(Deferred[PostResult]):
    """Fires with what became of an article; ``give_up`` is to be called when its sender goes away before.

    What is being stored by then is stored all the same.
    """

    def __init__(self, give_up: Callable[[], None]) -> None:
        super().__init__()
        self.give_up = give_up
