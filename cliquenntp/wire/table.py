"""The messages of version 1: each one's number and its fields in order.  Numbers and places are never used again.

A message is an array of its number and its fields.  A later version appends fields at the end and takes new numbers;
trailing fields that have their default value are left out.
"""

from __future__ import annotations

from typing import Any

import attrs
from attrs import NOTHING, frozen

from cliquenntp.clique import messages as m
from cliquenntp.wire.errors import RemoteError, UnsendableError
from cliquenntp.wire.fields import (
    ADVERT,
    CHANNEL,
    CONTACT,
    FLAG,
    KEY,
    NUMBER,
    Kind,
    LinkState,
    joined,
    many,
    number,
    octets,
    octets_up_to,
    one_of,
    optional,
    take_items,
    take_number,
)

VERSION = 1
"""of the messages; both ends tell theirs in the handshake and speak the smaller"""

MOST_FRAME = 32 * 1024
"""bytes of messages in one frame: at I2P's slow 16 KiB/s nothing waits more than two seconds behind it"""

MOST_OFFERED = 1000
"""ids in an IHAVE"""

MOST_WANTED = 256
"""ids in a WANT: as many as may be outstanding on a link"""

MOST_LISTED = 5000
"""short ids in a listing of SYNC: 30,000 bytes"""

MOST_SPANS = 256
"""spans in a SYNC"""

MOST_CONTACTS = 8
"""addresses in LINK_OK"""


@frozen
class Field:
    """One field of a message, and the default that lets it be left out at the end."""

    name: str
    kind: Kind
    default: Any = NOTHING


@frozen
class Layout:
    """One message: its number, its class, its fields in order."""

    code: int
    word: str
    made: type[Any]
    fields: tuple[Field, ...]
    required: int


def _layout(code: int, word: str, made: type[Any], *fields: tuple[str, Kind]) -> Layout:
    defaults = {field.name: field.default for field in attrs.fields(made)}
    if [name for name, _ in fields] != list(defaults):
        raise TypeError(f"{made.__name__} has other fields than the table says")
    known = tuple(Field(name, kind, defaults[name]) for name, kind in fields)
    return Layout(code, word, made, known, sum(field.default is NOTHING for field in known))


SPAN_FINGERPRINT, SPAN_LISTING, SPAN_WANTED = 0, 1, 2


def _put_span(value: m.Span, state: LinkState) -> list[Any]:
    if isinstance(value, m.SpanFingerprint):
        return [SPAN_FINGERPRINT, value.low, value.high, value.count, value.fingerprint]
    if isinstance(value, m.SpanListing):
        if len(value.documents) > MOST_LISTED:
            raise UnsendableError(f"{len(value.documents)} ids in one listing; at most {MOST_LISTED}")
        return [SPAN_LISTING, value.low, value.high, b"".join(value.documents), int(value.complete), value.number]
    return [SPAN_WANTED, value.listing, value.bitmap]


_TAKE_LISTED = joined(6, MOST_LISTED).take
_TAKE_BITMAP = octets_up_to((MOST_LISTED + 7) // 8).take


def _take_span(item: Any, state: LinkState) -> m.Span | None:
    code = take_number(take_items(item, 1, "a span")[0])
    if code > SPAN_WANTED:
        return None
    if code == SPAN_WANTED:
        items = take_items(item, 3, "a span")
        return m.SpanWanted(take_number(items[1]), _TAKE_BITMAP(items[2], state))
    items = take_items(item, 6 if code == SPAN_LISTING else 5, "a span")
    low, high = take_number(items[1]), take_number(items[2])
    if code == SPAN_LISTING:
        complete, number = bool(take_number(items[4])), take_number(items[5])
        return m.SpanListing(low, high, _TAKE_LISTED(items[3], state), complete, number)
    if type(items[4]) is not bytes or len(items[4]) != 8:
        raise RemoteError("a span: its fingerprint has 8 bytes")
    return m.SpanFingerprint(low, high, take_number(items[3]), items[4])


def _put_spans(value: tuple[m.Span, ...], state: LinkState) -> list[Any]:
    if len(value) > MOST_SPANS:
        raise UnsendableError(f"{len(value)} spans in one message; at most {MOST_SPANS}")
    return [_put_span(span, state) for span in value]


def _take_spans(item: Any, state: LinkState) -> tuple[m.Span, ...]:
    if len(take_items(item, 0, "spans")) > MOST_SPANS:
        raise RemoteError(f"at most {MOST_SPANS} spans were expected")
    found = [_take_span(part, state) for part in item]
    return tuple([span for span in found if span is not None])


_WANTED = 8, 32


def _put_wanted(value: tuple[bytes, ...], state: LinkState) -> list[bytes]:
    if len(value) > MOST_WANTED:
        raise UnsendableError(f"{len(value)} ids in one WANT; at most {MOST_WANTED}")
    return [b"".join([one for one in value if len(one) == size]) for size in _WANTED]


def _take_wanted(item: Any, state: LinkState) -> tuple[bytes, ...]:
    items = take_items(item, 2, "ids")
    found = tuple([
        one for part, size in zip(items, _WANTED, strict=False) for one in joined(size, MOST_WANTED).take(part, state)
    ])
    if len(found) > MOST_WANTED:
        raise RemoteError(f"at most {MOST_WANTED} ids were expected")
    return found


SPANS = Kind(f"array of span, <= {MOST_SPANS}", _put_spans, _take_spans)
WANTED = Kind(f"[short ids joined, whole ids joined], <= {MOST_WANTED} in all", _put_wanted, _take_wanted)
CONTACTS = many(CONTACT, MOST_CONTACTS)
FEW_CONTACTS = many(CONTACT, 3)

LAYOUTS: tuple[Layout, ...] = (
    _layout(
        1, "LINK_REQ", m.LinkRequest, ("incarnation", NUMBER), ("scope", octets(16)), ("below", optional(CHANNEL)),
        ("since", NUMBER), ("until", NUMBER), ("fingerprint", octets(8)), ("advert", ADVERT), ("priority", FLAG),
        ("contacts_wanted", number(MOST_CONTACTS)),
    ),
    _layout(
        2, "LINK_OK", m.LinkAccept, ("to", NUMBER), ("incarnation", NUMBER), ("proof", octets(16)), ("feeder", FLAG),
        ("since", NUMBER), ("until", NUMBER), ("fingerprint", octets(8)), ("advert", ADVERT), ("contacts", CONTACTS),
    ),
    _layout(3, "LINK_NO", m.LinkRefuse, ("to", NUMBER), ("contacts", FEW_CONTACTS), ("left", FLAG)),
    _layout(4, "BYE", m.Bye, ("to", NUMBER), ("incarnation", NUMBER), ("contacts", FEW_CONTACTS), ("left", FLAG)),
    _layout(5, "BYE_ACK", m.ByeAck, ("to", NUMBER)),
    _layout(
        7, "WALK", m.Walk, ("to", NUMBER), ("origin", CONTACT), ("below", optional(CHANNEL)), ("hops", number(255)),
        ("degree", number(255)),
    ),
    _layout(8, "ADV", m.AdvertMessage, ("to", NUMBER), ("advert", ADVERT)),
    _layout(9, "ADV_ACK", m.AdvertAck, ("to", NUMBER), ("serial", NUMBER)),
    _layout(10, "SEQREQ", m.SequenceRequest, ("to", NUMBER), ("key", KEY), ("seq", NUMBER), ("hops", number(255))),
    _layout(11, "ABDICATE", m.Abdicate, ("to", NUMBER), ("key", KEY)),
    _layout(12, "PUSH", m.Push, ("to", NUMBER), ("document", octets(0, 32)), ("hop", number(255))),
    _layout(13, "IHAVE", m.Offer, ("to", NUMBER), ("documents", joined(8, MOST_OFFERED))),
    _layout(14, "WANT", m.Want, ("to", NUMBER), ("documents", WANTED)),
    _layout(
        15, "GONE", m.Gone, ("to", NUMBER), ("documents", joined(32, MOST_WANTED)),
        ("why", one_of("cancelled", "expired")), ("times", many(NUMBER, MOST_WANTED)),
    ),
    _layout(16, "SYNC", m.Sync, ("to", NUMBER), ("since", NUMBER), ("spans", SPANS)),
    _layout(
        17, "ANNOUNCE", m.Announce, ("to", NUMBER), ("since", NUMBER), ("until", NUMBER), ("fingerprint", octets(8)),
    ),
    _layout(18, "MEET", m.Meet, ("to", NUMBER), ("contact", CONTACT)),
    _layout(
        19, "PROBE", m.Probe, ("scope", octets(16)), ("below", optional(CHANNEL)), ("key", optional(KEY)),
        ("since", NUMBER), ("until", NUMBER), ("fingerprint", octets(8)), ("answer", FLAG),
    ),
)  # fmt: skip
