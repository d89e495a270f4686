"""Telling cliquectl now and then how far work in a thread is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from twisted.internet.task import LoopingCall

from cliquenntp.control.server import Answer

PROGRESS_SECONDS = 0.5


@contextmanager
def telling(reactor: Any, answer: Answer, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    """Give a function that takes how much is done, from any thread; it is told until the end, at most ``total``."""
    done = [0]

    def tell() -> Any:
        return answer.progress(min(done[0], total), total, unit)

    looping = LoopingCall(tell)
    looping.clock = reactor
    # a cliquectl that is gone is told no more; the command itself hears of it by being cancelled
    looping.start(PROGRESS_SECONDS, now=False).addErrback(lambda _: None)
    try:
        yield lambda count: done.__setitem__(0, count)
    finally:
        if looping.running:
            looping.stop()
