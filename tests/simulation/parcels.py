"""What a node writes on a stream at a time, as the links of real nodes do, and how many bytes of it are not bodies.

A link writes all that is to be sent at the end of a turn at once (`cliquenntp.link.sender`), so messages of a turn go
together, and so do documents.  Here a parcel has at most 32 KiB besides its last body.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from cliquenntp.clique import effects as do
from cliquenntp.interfaces import Place
from cliquenntp.wire import LinkCodec
from cliquenntp.wire.table import LAYOUTS

FRAME_HEAD = 4
"""bytes before a frame's content: its kind and its length"""

BODY_HEAD = 4
"""bytes before a message that has a body: the body's length"""

PIECE = 16 * 1024
"""bytes of a body in one frame"""

PARCEL = 32 * 1024
"""bytes of bodies that go together"""

WORDS = {layout.made: layout.word for layout in LAYOUTS}


@attrs.frozen
class Parcel:
    """Frames that are written together: contents, each with the id of the document whose body follows, or None."""

    word: str
    """of the first message"""
    frames: tuple[tuple[bytes, bytes | None], ...]
    control: int
    """bytes that are no bodies"""
    body: int
    """bytes of the bodies"""


def of_messages(codec: LinkCodec, effect: do.Send) -> Iterator[Parcel]:
    """Yield a parcel for each frame of messages."""
    word = WORDS[type(effect.messages[0])]
    for content in codec.encode(effect.messages):
        yield Parcel(word, ((content, None),), len(content) + FRAME_HEAD, 0)


def of_documents(
    codec: LinkCodec, sent: Iterable[tuple[do.SendDocument, Place]], more_overhead: int,
) -> Iterator[Parcel]:
    """Yield the parcels of documents that one turn sends on a link.

    Args:
        codec: of the link.
        sent: the documents in order.
        more_overhead: bytes for each piece of a body after the first, which is written by itself.
    """
    frames: list[tuple[bytes, bytes | None]] = []
    control = body = 0
    for effect, place in sent:
        if frames and body + place.size > PARCEL:
            yield Parcel("PUSH", tuple(frames), control, body)
            frames, control, body = [], 0, 0
        (content,) = codec.encode((effect.push,))
        pieces = max(1, -(-place.size // PIECE))
        frames.append((content, place.id))
        control += len(content) + FRAME_HEAD * (1 + pieces) + BODY_HEAD + (pieces - 1) * more_overhead
        body += place.size
    if frames:
        yield Parcel("PUSH", tuple(frames), control, body)
