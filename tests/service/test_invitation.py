import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliquenntp.document import id_text
from cliquenntp.service.network.invitation import MOST_PEERS, Invitation, InvitationError, Peer, parse_invitation

keys = st.binary(min_size=32, max_size=32)
addresses = st.sampled_from(
    ["tcp:127.0.0.1:4000", "tcp:[::1]:4000", "tls:news.example:443", "unix:/run/a&b/sock", f"i2p:{'a' * 52}.b32.i2p"]
)
peers = st.builds(Peer, keys, addresses)
invitations = st.builds(
    Invitation,
    keys,
    st.lists(peers, min_size=1, max_size=MOST_PEERS).map(tuple),
    st.sampled_from(["", "welcome", "comp.lang.c++", "a-b_c"]),
    st.lists(st.binary(min_size=32, max_size=32), max_size=3, unique=True).map(tuple),
).filter(lambda invitation: invitation.root not in invitation.below)


@given(invitations)
def test_an_invitation_survives_its_text(invitation: Invitation) -> None:
    text = str(invitation)
    assert text.isascii()
    assert " " not in text
    assert parse_invitation(f" {text}\n") == invitation


GOOD = str(Invitation(bytes(32), (Peer(bytes(32), "tcp:127.0.0.1:4000"),), "x"))


def test_fields_of_newer_programs_are_passed_over() -> None:
    assert parse_invitation(GOOD + "&since=5") == parse_invitation(GOOD)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "begins with"),
        ("http://example.invalid/", "begins with"),
        (GOOD.partition("?")[0], "peers, not 0"),
        (GOOD.partition("&")[0], "peers, not 0"),
        (GOOD.replace("clique:a", "clique:b!"), "not a document's id"),
        (GOOD.replace("peer=A", "peer="), "not 32 octets"),
        (GOOD.replace("127.0.0.1", "192.0.2.1"), "loopback only"),
        (GOOD.replace("tcp:", "http:"), "an address begins with"),
        (GOOD.replace("name=x", "name=.."), "not a forum's name"),
        (GOOD + "&" + "&".join([GOOD.partition("?")[2].partition("&name")[0]] * MOST_PEERS), "not 17"),
        (GOOD + "&x=" + "y" * 20_000, "at most"),
        (GOOD + "&below=x", "not a document's id"),
        (GOOD + "&below=" + GOOD[7:59], "each once"),
        (GOOD + "&below=" + ",".join(id_text(bytes([number]) * 32) for number in range(1, 102)), "at most 100"),
    ],
)
def test_other_texts_are_refused_with_the_reason(text: str, reason: str) -> None:
    if text == GOOD.partition("&")[0]:
        text = text.partition("?")[0] + "?name=x"
    with pytest.raises(InvitationError, match=reason) as caught:
        parse_invitation(text)
    assert "\n" not in str(caught.value)
