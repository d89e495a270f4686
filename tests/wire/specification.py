"""The generated parts of docs/protocol/wire.md: the table of messages and the test vectors.

python -m tests.wire.specification prints them; test_specification checks that the page holds just these.
"""

from __future__ import annotations

import attrs

from cliquenntp.clique import messages as m
from cliquenntp.wire import LinkCodec
from cliquenntp.wire.table import LAYOUTS

DOCUMENT = bytes(range(32))
NODE = bytes(range(32, 64))
SIGNATURE = bytes(range(64))
SCOPE = bytes(range(16))
FINGERPRINT = bytes(range(8))
CONTACT = m.Contact(NODE, "tls:forum.example:7119")
KEY = m.Key(0, True, 2, True, NODE)
ADVERT = m.Advert(1, KEY, 3, SIGNATURE, 45, True, True, False, 12)

SAMPLES: tuple[m.Message, ...] = (
    m.LinkRequest(7, SCOPE, m.Channel(DOCUMENT, True), 0, 1700000000, FINGERPRINT, ADVERT),
    m.LinkAccept(7, 9, SCOPE, False, 0, 1700000000, FINGERPRINT, attrs.evolve(ADVERT, signature=b""), (CONTACT,)),
    m.LinkRefuse(7, (CONTACT,), True),
    m.Bye(9, 7),
    m.ByeAck(7),
    m.Walk(9, CONTACT, None, 6, 2),
    m.AdvertMessage(9, attrs.evolve(ADVERT, serial=2, signature=b"", orphan=True)),
    m.AdvertAck(9, 2),
    m.SequenceRequest(9, KEY, 4, 24),
    m.Abdicate(9, KEY),
    m.Push(9, DOCUMENT, 1),
    m.Offer(9, (DOCUMENT[:8], NODE[:8])),
    m.Want(9, (DOCUMENT[:8], NODE)),
    m.Gone(9, (DOCUMENT,), "expired", (1600000000,)),
    m.Sync(9, 0, (
        m.SpanFingerprint(0, 1600000000, 300, FINGERPRINT),
        m.SpanListing(1600000000, 1700000000, (DOCUMENT[:6], NODE[:6]), True, 1),
        m.SpanWanted(1, b"\x05"),
    )),
    m.Announce(9, 0, 1700000000, FINGERPRINT),
    m.Meet(9, CONTACT),
    m.Probe(SCOPE, None, KEY, 0, 1700000000, FINGERPRINT, True),
)  # fmt: skip
"""one of each message, in the order in which one codec encodes them: aliases are defined on the way"""


def layout_lines() -> list[str]:
    """Return the table of messages."""
    lines = ["| no. | message | fields in order | bytes of the sample |", "|---|---|---|---|"]
    sizes = {type(sample): len(LinkCodec().encode([sample])[0]) for sample in SAMPLES}
    for layout in LAYOUTS:
        fields = "; ".join(
            f"`{field.name}` {field.kind.name}" + ("" if field.default is attrs.NOTHING else f" = {field.default!r}")
            for field in layout.fields
        )
        lines.append(f"| {layout.code} | {layout.word} | {fields} | {sizes[layout.made]} |")
    return lines


def vector_lines() -> list[str]:
    """Return the test vectors: every sample's frame content as one codec sends them in this order."""
    codec = LinkCodec()
    lines = []
    for layout, sample in zip(LAYOUTS, SAMPLES, strict=True):
        (content,) = codec.encode([sample])
        lines.append(f"{layout.word:10}{content.hex()}")
    return lines


if __name__ == "__main__":
    print("\n".join([*layout_lines(), "", *vector_lines()]))
