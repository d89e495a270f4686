"""Messages to the bytes of frames and back, for one link."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NoReturn

import cbor2

from cliquenntp.clique.messages import Message
from cliquenntp.wire.errors import RemoteError, UnsendableError
from cliquenntp.wire.fields import LinkState
from cliquenntp.wire.table import LAYOUTS, MOST_FRAME, Layout

MOST_MESSAGES = 255
"""messages in one frame"""

MOST_DEPTH = 8
"""nesting of arrays: messages, message, spans, span are 4; the rest is for later versions"""

_BY_CLASS: Mapping[type[Any], Layout] = MappingProxyType({layout.made: layout for layout in LAYOUTS})
_BY_CODE: Mapping[int, Layout] = MappingProxyType({layout.code: layout for layout in LAYOUTS})


def _refuse_tag(*arguments: object) -> NoReturn:
    raise RemoteError("a CBOR tag, of which no version has any")


# every tag that cbor2 would interpret: dates, numbers without bound, regular expressions, shared references
_BUILT_IN_TAGS = (
    0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799,
)  # fmt: skip
_NO_TAGS = dict.fromkeys(_BUILT_IN_TAGS, _refuse_tag)


class LinkCodec:
    """Both directions of one link.  Every frame encoded has to be sent, in order, since aliases count on it."""

    __slots__ = ("_receiving", "_sending", "_sent")

    def __init__(self, sent: Callable[[str, int], None] | None = None) -> None:
        """``sent`` is told each encoded message's word and size in octets."""
        self._sent = sent
        self._sending = LinkState()
        self._receiving = LinkState()

    def encode(self, messages: Iterable[Message]) -> list[bytes]:
        """Return the contents of the frames that carry the messages in order, mostly one.

        Raises UnsendableError for a message beyond the protocol's limits.
        """
        frames: list[bytes] = []
        gathered: list[bytes] = []
        size = 2
        for message in messages:
            encoded = self._encode_one(message)
            if len(gathered) == MOST_MESSAGES or size + len(encoded) > MOST_FRAME:
                if len(encoded) + 2 > MOST_FRAME:
                    raise UnsendableError(f"{type(message).__name__} of {len(encoded)} bytes; a frame has {MOST_FRAME}")
                frames.append(_join(gathered))
                gathered, size = [], 2
            gathered.append(encoded)
            size += len(encoded)
        if gathered:
            frames.append(_join(gathered))
        return frames

    def decode(self, content: bytes) -> tuple[Message, ...]:
        """Return the messages of one frame's content; those that this version does not know are passed over.

        Raises RemoteError, after which the link is of no use.
        """
        if len(content) > MOST_FRAME:
            raise RemoteError(f"a frame of {len(content)} bytes; at most {MOST_FRAME} are allowed")
        try:
            items = cbor2.loads(
                content, max_depth=MOST_DEPTH, allow_indefinite=False, semantic_decoders=_NO_TAGS, tag_hook=_refuse_tag,
            )  # fmt: skip
        except (cbor2.CBORDecodeError, ValueError, TypeError) as error:
            cause = error.__cause__
            reason = cause.reason if isinstance(cause, RemoteError) else str(error)
            raise RemoteError(f"not CBOR as the protocol has it: {reason}"[:200]) from None
        if type(items) is not list or len(items) > MOST_MESSAGES:
            raise RemoteError(f"a frame is an array of at most {MOST_MESSAGES} messages")
        found = [self._decode_one(item) for item in items]
        return tuple([message for message in found if message is not None])

    def _encode_one(self, message: Message) -> bytes:
        layout, state = _BY_CLASS[type(message)], self._sending
        items: list[Any] = [layout.code]
        last = 1
        for field in layout.fields:
            value = getattr(message, field.name)
            items.append(field.kind.put(value, state))
            if value != field.default:
                last = len(items)
        del items[last:]
        encoded = cbor2.dumps(items, canonical=True)
        if self._sent is not None:
            self._sent(layout.word, len(encoded))
        return encoded

    def _decode_one(self, item: Any) -> Message | None:
        if type(item) is not list or not item or type(item[0]) is not int:
            raise RemoteError("a message is an array that begins with its number")
        layout = _BY_CODE.get(item[0])
        if layout is None:
            return None
        state, given = self._receiving, len(item) - 1
        if given < layout.required:
            raise RemoteError(f"{layout.word} has at least {layout.required} fields, not {given}")
        try:
            values = [field.kind.take(part, state) for field, part in zip(layout.fields, item[1:], strict=False)]
        except RemoteError as error:
            raise RemoteError(f"{layout.word}: {error.reason}") from None
        return layout.made(*values)  # type: ignore[no-any-return]


def _join(messages: list[bytes]) -> bytes:
    count = len(messages)
    head = bytes([0x80 | count]) if count < 24 else bytes([0x98, count])
    return head + b"".join(messages)
