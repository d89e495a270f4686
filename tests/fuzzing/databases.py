"""What a bad disk may make of a database that is to be repaired."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from cliquenntp.document import id_text
from cliquenntp.service.arrival import accept
from cliquenntp.service.upkeep.repair import repair
from cliquenntp.service.upkeep.verification import look_at_documents, look_at_file, look_at_forums
from cliquenntp.store import NotMended, Store
from cliquenntp.store.database import DATABASE_FILE
from tests.fuzzing.target import Target
from tests.signed_documents import forum, signed
from tests.small_forum import NOW

FLIP = 4
"""octets of an input that change one of the file: three tell which one, and one what is added to it, bit by bit"""

MOST_FLIPS = 50

PATH_IDENTITY = "news.example.org"

T = TypeVar("T")


@lru_cache(1)
def _folder() -> Path:
    """Return a folder in memory for this process, with a database ``whole``."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="cliquenntp-fuzzing-", dir=memory))
    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(folder) if os.getpid() == owner else None)
    store = Store.open(folder / "whole")
    root = forum("tea")
    thread = signed("Oolong", root, time=NOW)
    for document in (root, thread, *(signed(f"Re: Oolong {number}", thread, time=NOW) for number in range(8))):
        store.writer.begin()
        accept(store.writer, document, NOW, PATH_IDENTITY)
        store.writer.commit()
    store.close()
    return folder


def _articles(store: Store) -> dict[str, tuple[bytes, object, bytes]]:
    """Return what is kept of each document, by its id."""
    archive = store.reader
    return {
        id_text(archive.record(docno).id): (archive.raw(docno), archive.record(docno).numbers, archive.overview(docno))
        for docno in range(1, archive.newest() + 1) if not archive.gone(docno)}


@lru_cache(1)
def _whole() -> dict[str, tuple[bytes, object, bytes]]:
    return _looked_at(_folder() / "whole", _articles)


def _looked_at(folder: Path, look: Callable[[Store], T]) -> T:
    store = Store.open(folder)
    try:
        return look(store)
    finally:
        store.close()


def damage(data: bytes) -> None:
    """A file with changed octets is mended to what it was, but for the documents that are lost, or left as it is."""
    whole = _whole()
    folder = _folder() / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_folder() / "whole", folder)
    file = folder / DATABASE_FILE
    octets = bytearray(file.read_bytes())
    for at in range(0, min(len(data), MOST_FLIPS * FLIP) - FLIP + 1, FLIP):
        octets[int.from_bytes(data[at : at + 3], "big") % len(octets)] ^= data[at + 3]
    file.write_bytes(octets)
    logging.disable(logging.CRITICAL)  # ZODB tells of each state that it cannot load
    try:
        report = repair(folder, PATH_IDENTITY)
    except NotMended as error:
        assert "\n" not in str(error), error
        assert file.read_bytes() == octets
        return
    finally:
        logging.disable(logging.NOTSET)
    assert _looked_at(folder, _problems) == []
    left = _looked_at(folder, _articles)
    assert whole.keys() - left.keys() == {*report["lost"]}  # type: ignore[misc]
    assert left == {name: kept for name, kept in whole.items() if name in left}


def _problems(store: Store) -> list[object]:
    with store.snapshot() as archive:
        looks = [*look_at_file(store), *look_at_documents(archive), *look_at_forums(archive)]
    return [problem for problem in looks if problem]


_SEEDS = (
    b"", b"\0\x00\x10\x01", b"\0\x50\x10\x08\0\x90\x01\x01", bytes(range(64)),
    *(place.to_bytes(3, "big") + b"\x01" for place in range(2_000, 40_000, 1_900)))

TARGETS = (Target("damaged-database", damage, _SEEDS, (b"\x80", b"\0\x10", b"\0\xa0"), MOST_FLIPS * FLIP, 60),)
