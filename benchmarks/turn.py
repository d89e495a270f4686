"""What a document costs from its bytes to its answer: parse, verify, the turn with place, number and overview, commit.

    python -m benchmarks.turn [--documents 5000]

So many writers keep one signed document of 2 KB each on its way, as that many posting newsreaders
would; 300 is an import.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from typing import Any

from rich.console import Console
from rich.table import Table
from twisted.internet import defer, reactor, task

from cliquenntp.document import Signer, address_of, build, id_text, parse, verify
from cliquenntp.service.arrival import accept
from cliquenntp.service.turn import Turn, TurnLimits
from cliquenntp.store import Store

WRITERS = (1, 8, 64, 300)
BODY = (b"A line of text as people write them, about that long and no longer.\r\n" * 22)
TIME = 1_800_000_000
THREADS = 50


def make_documents(count: int, dice: random.Random) -> list[bytes]:
    """Return the bytes of signed documents in one forum, each one's parent before it."""
    signer = Signer(dice.randbytes(32))
    sender = f"Somebody <{address_of(signer.key, 'somebody')}>".encode()
    documents: list[bytes] = []
    ids: list[bytes] = []
    for number in range(count):
        fields = [(b"From", sender), (b"Subject", b"Document number %d" % number), (b"X", b"%d" % dice.getrandbits(64))]
        if ids:
            parent = ids[0] if number < THREADS else dice.choice(ids[max(0, number - 400):max(1, number - 310)])
            fields.append((b"Clique-Parent", id_text(parent).encode()))
        else:
            fields.append((b"Clique-Forum", b"benchmark"))
        raw = signer.sign(build(fields, BODY), TIME + number)
        ids.append(parse(raw).id)
        documents.append(raw)
    return documents


async def take(documents: list[bytes], writers: int, commit_delay: float) -> tuple[float, float]:
    """Store the documents and return seconds and processor seconds."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(folder)
        turn = Turn(reactor, store, TurnLimits(commit_delay=commit_delay))
        turn.start()
        coming = iter(documents)
        started, used = time.perf_counter(), time.process_time()

        async def write() -> None:
            for raw in coming:
                document = parse(raw)
                verify(document)
                await turn.submit(lambda writer, document=document: accept(writer, document, TIME, "not-for-mail"))

        await defer.gatherResults([defer.ensureDeferred(write()) for _ in range(writers)])
        cost = time.perf_counter() - started, time.process_time() - used
        await turn.stop()
        assert store.reader.newest() == len(documents)
        store.close()
        return cost


async def measure(count: int) -> Table:
    """Measure each number of writers."""
    documents = make_documents(count, random.Random(1))
    table = Table(title=f"{count} signed documents of {len(documents[1])} octets, parsed, verified and stored")
    for column in ("writers", "documents/s", "us of processor a document"):
        table.add_column(column, justify="right")
    for writers in WRITERS:
        some = documents[:min(count, writers * 500)]
        seconds, processor = await take(some, writers, 0.0)
        table.add_row(str(writers), f"{len(some) / seconds:,.0f}", f"{processor / len(some) * 1e6:,.0f}")
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=5000)
    options = parser.parse_args()

    async def run(_: Any) -> None:
        Console(width=120).print(await measure(options.documents))

    task.react(lambda r: defer.ensureDeferred(run(r)))


if __name__ == "__main__":
    main()
