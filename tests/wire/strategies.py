"""Every message as a hypothesis strategy, within the limits that the protocol sets."""

from __future__ import annotations

from hypothesis import strategies as st

from cliquenntp.clique import messages as m

numbers = st.integers(0, 2**53 - 1)
small = st.integers(0, 255)
flags = st.booleans()
ids = st.binary(min_size=32, max_size=32)
short_ids = st.binary(min_size=8, max_size=8)
fingerprints = st.binary(min_size=8, max_size=8)
scopes = st.binary(min_size=16, max_size=16)
# few distinct ones, so that aliases are used
centers = st.integers(0, 3).map(lambda n: bytes([n]) * 32)
channels = st.builds(m.Channel, centers, flags)
keys = st.builds(m.Key, st.integers(0, 2), flags, st.integers(0, 2), flags, centers)
addresses = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80)
contacts = st.builds(m.Contact, ids, addresses)
adverts = st.builds(
    m.Advert, serial=numbers, key=st.none() | keys, seq=numbers,
    signature=st.just(b"") | st.binary(min_size=64, max_size=64), distance=numbers, is_parent=flags, wants=flags,
    offer=flags, count=numbers, orphan=flags,
)  # fmt: skip
few_contacts = st.lists(contacts, max_size=3).map(tuple)
spans = st.one_of(
    st.builds(m.SpanFingerprint, numbers, numbers, numbers, fingerprints),
    st.builds(
        m.SpanListing, numbers, numbers, st.lists(st.binary(min_size=6, max_size=6), max_size=20).map(tuple), flags
    ),
    st.builds(m.SpanWanted, numbers, st.binary(max_size=20)),
)
wanted = st.tuples(st.lists(short_ids, max_size=20), st.lists(ids, max_size=20)).map(lambda both: (*both[0], *both[1]))

messages: st.SearchStrategy[m.Message] = st.one_of(
    st.builds(
        m.LinkRequest, numbers, scopes, st.none() | channels, numbers, numbers, fingerprints, adverts, flags
    ),
    st.builds(
        m.LinkAccept, numbers, numbers, scopes, flags, numbers, numbers, fingerprints, adverts,
        st.lists(contacts, max_size=8).map(tuple),
    ),
    st.builds(m.LinkRefuse, numbers, few_contacts, flags),
    st.builds(m.Bye, numbers, numbers, few_contacts, flags),
    st.builds(m.ByeAck, numbers),
    st.builds(m.Walk, numbers, contacts, st.none() | channels, small, small),
    st.builds(m.AdvertMessage, numbers, adverts),
    st.builds(m.AdvertAck, numbers, numbers),
    st.builds(m.SequenceRequest, numbers, keys, numbers, small),
    st.builds(m.Abdicate, numbers, keys),
    st.builds(m.Push, numbers, ids, small),
    st.builds(m.Offer, numbers, st.lists(short_ids, max_size=50).map(tuple)),
    st.builds(m.Want, numbers, wanted),
    st.builds(m.Gone, numbers, st.lists(ids, max_size=20).map(tuple), st.sampled_from(["cancelled", "expired"]),
              st.lists(numbers, max_size=20).map(tuple)),
    st.builds(m.Sync, numbers, numbers, st.lists(spans, max_size=6).map(tuple)),
    st.builds(m.Announce, numbers, numbers, numbers, fingerprints),
    st.builds(m.Meet, numbers, contacts),
    st.builds(m.Probe, scopes, st.none() | channels, st.none() | keys, numbers, numbers, fingerprints, flags),
)  # fmt: skip
