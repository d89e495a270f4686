"""What the core wants done: the results of `Core.handle`, in order.

The turn's contract: begin; handle each event of a batch; for every StoreDocument store that document, for every
Persist store that piece; commit once; only then perform the others, in order.  If the commit fails, drop every effect
and refuse new events: the core's state is then ahead of the store, so a new core starts from what was persisted.
"""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from cliquenntp.clique.messages import Contact, Message, Push

Plain: TypeAlias = "int | bool | str | bytes | tuple[Plain, ...] | None"
"""what a piece of persisted state is made of"""

Piece: TypeAlias = tuple[str | bytes | bool, ...]
"""a piece's name: ``("node",)`` or ``(part, document id, comments)`` with part among `persistence.PARTS`"""


@frozen
class StoreDocument:
    """The document of the DocumentReceived event is to be stored in this turn (before the commit)."""

    document: bytes


@frozen
class DropDocument:
    """The document of the DocumentReceived event is not wanted: a duplicate, or outside every channel of the link."""

    document: bytes
    reason: str
    budget: str = ""
    """which one has no room for it (`budgets`), where it is put off"""


@frozen
class Persist:
    """A piece of the core's state to be stored before the commit; None: to be deleted."""

    piece: Piece
    value: Plain


@frozen
class Send:
    """Messages for a link, to travel in one frame, in order."""

    link: int
    messages: tuple[Message, ...]


@frozen
class SendDocument:
    """A document for a link: load its bytes when the link can take them, and send them after this message's head."""

    link: int
    push: Push
    document: bytes
    """its id, which the message may leave out"""


@frozen
class Dial:
    """Open a link: LinkOpened or DialFailed shall follow."""

    contact: Contact


@frozen
class Close:
    """No channel uses that link any more, or the peer broke the protocol (then ``reason`` is for its error)."""

    link: int
    reason: str = ""


@frozen
class Note:
    """Something for the log or the status page; no consequence."""

    text: str


Effect: TypeAlias = StoreDocument | DropDocument | Persist | Send | SendDocument | Dial | Close | Note
