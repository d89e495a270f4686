"""Python imports this before anything else where its folder is in PYTHONPATH: a node that dies where a test says.

The environment's CRASH_POINT names a file.  Once that exists, and a document that holds the words in its first line is
stored, the process kills itself when it comes, for the n-th time, to the point that its second line names with n.
"""

import os
import signal
from functools import wraps
from pathlib import Path

from cliquenntp.link.sender import Sender
from cliquenntp.nntp.connection import NewsConnection
from cliquenntp.service import turn
from cliquenntp.service.network.performing import Performer
from cliquenntp.store import Store, Writer
from cliquenntp.store.file_storage import FileStorage

_ORDER = Path(os.environ["CRASH_POINT"])
_left: dict[str, int] = {}
"""the point at which the process dies, once it is ordered to, and how often it still comes there"""


def _look_at(data: bytes) -> None:
    """Begin to count where the document that was named is stored."""
    if not _left and _ORDER.exists():
        words, point, times = _ORDER.read_text().splitlines()
        if words.encode() in data:
            _left[point] = int(times)


def _come_to(point: str) -> None:
    if point in _left:
        _left[point] -= 1
        if not _left[point]:
            os.kill(os.getpid(), signal.SIGKILL)


def _watch(owner: object, name: str, before: str = "", after: str = "") -> None:
    """Make a function two points: before it begins, and after it has ended."""
    real = getattr(owner, name)

    @wraps(real)
    def watched(*arguments: object, **keywords: object) -> object:
        _come_to(before)
        result = real(*arguments, **keywords)
        _come_to(after)
        return result

    setattr(owner, name, watched)


_store = Writer.store


def _watched_store(self, document, *arguments, **keywords):
    _look_at(document.raw)
    _come_to("before a document is stored")
    return _store(self, document, *arguments, **keywords)


Writer.store = _watched_store
_watch(Writer, "store", after="after a document is stored")
_watch(Writer, "commit", before="before the commit", after="after the commit")
_watch(FileStorage, "tpc_begin", after="after tpc_begin")
_watch(FileStorage, "store", after="after an object is written")
_watch(FileStorage, "tpc_vote", before="before tpc_vote", after="after tpc_vote")
_watch(FileStorage, "tpc_finish", before="before tpc_finish", after="after tpc_finish")
_watch(FileStorage, "_finish_finish", before="before the file is flushed", after="before the sync")
_watch(Store, "forward", before="before readers go on", after="after readers went on")
_watch(turn.Turn, "_tell_listeners", before="before listeners are told", after="after listeners are told")
_watch(NewsConnection, "settle", before="before the answer", after="after the answer")
_watch(Performer, "perform", before="before the core's effects", after="after the core's effects")
_watch(Sender, "_flush", before="before a link is written to", after="after a link was written to")
