"""The kinds of fields: each turns a value into what CBOR carries and a peer's item back, or raises RemoteError.

Fields are stateless but for the link's aliases: a long value that both ends have seen is a small number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from attrs import frozen

from cliquenntp.clique.messages import Advert, Channel, Contact, Key
from cliquenntp.wire.errors import RemoteError, UnsendableError

MOST_NUMBER = 2**53 - 1
"""the largest integer: exact in every language's numbers"""

MOST_ADDRESS = 1024
"""characters of a contact's address: an I2P destination with a long certificate is below 700"""

KEY_ALIASES = 64
"""centers' keys remembered a link: a forum has one, and a nested one a level; 64 is 5 kB"""

DOCUMENT_ALIASES = 1024
"""channels' documents remembered a link: above the 200 channels that an account follows; 1024 is 70 kB at most"""

Value = TypeVar("Value")


class Aliases(Generic[Value]):
    """A ring of values that both ends have seen, in the order of their first use; old ones fall out alike."""

    __slots__ = ("_next", "_numbers", "_ring", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._ring: list[Value] = []
        self._numbers: dict[Value, int] = {}
        self._next = 0

    def find(self, value: Value) -> int | None:
        """Return the value's alias, or None when it is to be sent whole (and then `define`d)."""
        return self._numbers.get(value)

    def define(self, value: Value) -> None:
        """Give the value, which travels whole, the next alias."""
        if value in self._numbers:
            raise RemoteError("a value that has an alias came whole")
        if len(self._ring) < self._size:
            self._ring.append(value)
        else:
            del self._numbers[self._ring[self._next]]
            self._ring[self._next] = value
        self._numbers[value] = self._next
        self._next = (self._next + 1) % self._size

    def value(self, number: int) -> Value:
        """Return what an alias stands for; RemoteError when it was never defined."""
        if number >= len(self._ring):
            raise RemoteError("an alias that was never defined")
        return self._ring[number]


class LinkState:
    """One direction of a link: the aliases of keys and of channels' documents."""

    __slots__ = ("documents", "keys")

    def __init__(self) -> None:
        self.keys: Aliases[Key] = Aliases(KEY_ALIASES)
        self.documents: Aliases[bytes] = Aliases(DOCUMENT_ALIASES)


@frozen
class Kind:
    """A kind of field: how it is put and taken, and its name in the specification."""

    name: str
    put: Callable[[Any, LinkState], Any]
    take: Callable[[Any, LinkState], Any]


def _same(value: Any, state: LinkState) -> Any:
    return value


def take_number(item: Any, most: int = MOST_NUMBER) -> int:
    """Return an integer of 0 to ``most``; RemoteError for anything else."""
    if type(item) is not int or not 0 <= item <= most:
        raise RemoteError(f"a number of 0 to {most} was expected")
    return item


def take_items(item: Any, least: int, what: str) -> list[Any]:
    """Return an array of at least ``least`` items; later versions may have appended more."""
    if type(item) is not list or len(item) < least:
        raise RemoteError(f"{what}: an array of at least {least} items was expected")
    return item


def number(most: int = MOST_NUMBER) -> Kind:
    """An unsigned integer up to ``most``."""

    def take(item: Any, state: LinkState) -> int:
        return take_number(item, most)

    return Kind("number" if most == MOST_NUMBER else f"number <= {most}", _same, take)


def octets(*sizes: int) -> Kind:
    """A byte string of one of the lengths."""
    lawful = frozenset(sizes)
    text = " or ".join(map(str, sizes))

    def take(item: Any, state: LinkState) -> bytes:
        if type(item) is not bytes or len(item) not in lawful:
            raise RemoteError(f"a byte string of {text} bytes was expected")
        return item

    return Kind(f"bytes {text}", _same, take)


def octets_up_to(most: int) -> Kind:
    """A byte string of at most ``most`` bytes."""

    def take(item: Any, state: LinkState) -> bytes:
        if type(item) is not bytes or len(item) > most:
            raise RemoteError(f"a byte string of at most {most} bytes was expected")
        return item

    return Kind(f"bytes <= {most}", _same, take)


def joined(size: int, most: int) -> Kind:
    """A tuple of at most ``most`` byte strings of one size, joined into one string."""

    def put(value: tuple[bytes, ...], state: LinkState) -> bytes:
        if len(value) > most:
            raise UnsendableError(f"{len(value)} ids in one message; at most {most}")
        return b"".join(value)

    def take(item: Any, state: LinkState) -> tuple[bytes, ...]:
        if type(item) is not bytes or len(item) % size or len(item) > size * most:
            raise RemoteError(f"at most {most} ids of {size} bytes were expected")
        return tuple([item[start : start + size] for start in range(0, len(item), size)])

    return Kind(f"ids of {size} bytes, <= {most}", put, take)


def many(kind: Kind, most: int) -> Kind:
    """A tuple of at most ``most`` values of one kind."""

    def put(value: tuple[Any, ...], state: LinkState) -> list[Any]:
        if len(value) > most:
            raise UnsendableError(f"{len(value)} values in one field; at most {most}")
        return [kind.put(part, state) for part in value]

    def take(item: Any, state: LinkState) -> tuple[Any, ...]:
        if len(take_items(item, 0, "a list")) > most:
            raise RemoteError(f"a list of at most {most} items was expected")
        return tuple([kind.take(part, state) for part in item])

    return Kind(f"array of {kind.name}, <= {most}", put, take)


def optional(kind: Kind) -> Kind:
    """A value, or null for None."""

    def put(value: Any, state: LinkState) -> Any:
        return None if value is None else kind.put(value, state)

    def take(item: Any, state: LinkState) -> Any:
        return None if item is None else kind.take(item, state)

    return Kind(f"{kind.name} or null", put, take)


def one_of(*words: str) -> Kind:
    """One of a few words, as its place in the list; a later version's word counts as the first."""
    numbers = {word: place for place, word in enumerate(words)}

    def put(value: str, state: LinkState) -> int:
        return numbers[value]

    def take(item: Any, state: LinkState) -> str:
        place = take_number(item)
        return words[place] if place < len(words) else words[0]

    return Kind(", ".join(f"{place} {word}" for place, word in enumerate(words)), put, take)


def _put_channel(value: Channel, state: LinkState) -> int | bytes:
    alias = state.documents.find(value.document)
    if alias is not None:
        return alias * 2 + value.comments
    state.documents.define(value.document)
    return value.document + (b"\x01" if value.comments else b"")


def _take_channel(item: Any, state: LinkState) -> Channel:
    if type(item) is int:
        return Channel(state.documents.value(take_number(item) >> 1), bool(item & 1))
    if type(item) is not bytes or not (len(item) == 32 or (len(item) == 33 and item[32] == 1)):
        raise RemoteError("a channel: an alias, or 32 bytes and perhaps 01, were expected")
    state.documents.define(item[:32])
    return Channel(item[:32], len(item) == 33)


def _put_key(value: Key, state: LinkState) -> int | list[Any]:
    alias = state.keys.find(value)
    if alias is not None:
        return alias
    state.keys.define(value)
    return [value.channel_term, value.rooted | value.subscribed << 1, value.term, value.center]


def _take_key(item: Any, state: LinkState) -> Key:
    if type(item) is int:
        return state.keys.value(take_number(item))
    channel_term, flags, term, center = take_items(item, 4, "a key")[:4]
    take_number(flags)
    if type(center) is not bytes or len(center) != 32:
        raise RemoteError("a key: its center has 32 bytes")
    key = Key(take_number(channel_term), bool(flags & 1), take_number(term), bool(flags & 2), center)
    state.keys.define(key)
    return key


def _put_contact(value: Contact, state: LinkState) -> list[Any]:
    return [value.key, value.address]


def _take_contact(item: Any, state: LinkState) -> Contact:
    key, address = take_items(item, 2, "a contact")[:2]
    if type(key) is not bytes or len(key) != 32:
        raise RemoteError("a contact: its key has 32 bytes")
    if type(address) is not str or len(address) > MOST_ADDRESS or not (address.isascii() and address.isprintable()):
        raise RemoteError(f"a contact: its address has at most {MOST_ADDRESS} printable ASCII characters")
    return Contact(key, address)


def _put_advert(value: Advert, state: LinkState) -> list[Any]:
    key = None if value.key is None else _put_key(value.key, state)
    flags = value.is_parent | value.wants << 1 | value.offer << 2 | value.orphan << 3
    return [value.serial, key, value.seq, value.distance, flags, value.count, value.signature]


def _take_advert(item: Any, state: LinkState) -> Advert:
    serial, key, seq, distance, flags, count, signature = take_items(item, 7, "an advert")[:7]
    if type(signature) is not bytes or len(signature) not in (0, 64):
        raise RemoteError("an advert: its signature has 0 or 64 bytes")
    take_number(flags)
    return Advert(
        serial=take_number(serial), key=None if key is None else _take_key(key, state), seq=take_number(seq),
        signature=signature, distance=take_number(distance), is_parent=bool(flags & 1), wants=bool(flags & 2),
        offer=bool(flags & 4), count=take_number(count), orphan=bool(flags & 8),
    )  # fmt: skip


def _put_flag(value: bool, state: LinkState) -> int:
    return int(value)


def _take_flag(item: Any, state: LinkState) -> bool:
    if type(item) is bool:
        return item
    return bool(take_number(item))


NUMBER = number()
CHANNEL = Kind("channel", _put_channel, _take_channel)
KEY = Kind("key", _put_key, _take_key)
CONTACT = Kind("contact", _put_contact, _take_contact)
ADVERT = Kind("advert", _put_advert, _take_advert)
FLAG = Kind("flag", _put_flag, _take_flag)
