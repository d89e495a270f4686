"""A program that stores documents through the turn until it is killed; a test starts it and kills its children.

For each line on its input it forks a child (a fork, because loading ZODB and Twisted takes longer than the child lives)
and writes ``child PID``; the child opens the store in the folder that the first argument names, keeps WRITERS documents
on their way, and writes ``stored TEXT DOCNO NUMBER`` for each one, once its Deferred has fired; at its end: ``ended``.
"""

from __future__ import annotations

import os
import random
import sys

from cliquenntp.interfaces import IWriter
from cliquenntp.service.turn import Turn
from cliquenntp.store import Store
from tests.sample_documents import SampleDocument, store_sample

WRITERS = 20


def store_once(writer: IWriter, raw: bytes, choice: float) -> tuple[int, int]:
    """Store a document below a random one unless it is held; return its docno and its number in the forum."""
    docno = writer.find(SampleDocument(raw).id)
    if docno is None:
        newest = writer.newest()
        parents = [1 + int(choice * newest)] if newest else []
        docno = store_sample(writer, raw, parents).docno
    return docno, dict(writer.record(docno).numbers).get(1, 1)


def store_for_ever(folder: str) -> None:
    """Run a reactor that stores documents; never returns."""
    from twisted.internet import reactor

    store = Store.open(folder)
    turn = Turn(reactor, store)
    dice = random.Random()
    following = iter(range(store.reader.newest(), 1 << 30))

    def store_next() -> None:
        raw = b"document %d" % next(following)
        choice = dice.random()
        answer = turn.submit(lambda writer: store_once(writer, raw, choice))
        answer.addCallback(answered, raw)

    def answered(stored: tuple[int, int], raw: bytes) -> None:
        os.write(1, b"stored %s %d %d\n" % (raw.split()[1], *stored))
        store_next()

    turn.start()
    for _ in range(WRITERS):
        store_next()
    reactor.run()


if __name__ == "__main__":
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            store_for_ever(sys.argv[1])
        os.write(1, b"child %d\n" % pid)
        os.waitpid(pid, 0)
        os.write(1, b"ended\n")
