import pytest

from cliquenntp.service.network.invitation import Invitation, InvitationError, Peer
from cliquenntp.service.network.invitation_file import MOST_OCTETS, file_octets, parse_file
from tests.signed_documents import forum, signed

ROOT = forum("garden")
THREAD = signed("tomatoes", ROOT)
REPLY = signed("Re: tomatoes", THREAD)
PEERS = (Peer(bytes(32), "tcp:127.0.0.1:4000"),)
TO_FORUM = Invitation(ROOT.id, PEERS, "garden")
TO_REPLY = Invitation(ROOT.id, PEERS, "garden", (THREAD.id, REPLY.id))


@pytest.mark.parametrize(("invitation", "documents"), [(TO_FORUM, (ROOT,)), (TO_REPLY, (ROOT, THREAD, REPLY))])
def test_a_file_gives_back_invitation_and_documents(invitation: Invitation, documents: tuple) -> None:
    assert parse_file(file_octets(invitation, [document.raw for document in documents])) == (invitation, documents)


FORGED = ROOT.raw.replace(b"Words", b"Swords")
SKIPPING = Invitation(ROOT.id, PEERS, "garden", (REPLY.id,))


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "begins with"),
        (b"\xff\x00" * 100, "begins with"),
        (file_octets(TO_FORUM, []), "other documents"),
        (file_octets(TO_FORUM, [THREAD.raw]), "other documents"),
        (file_octets(TO_FORUM, [ROOT.raw, THREAD.raw]), "other documents"),
        (file_octets(TO_REPLY, [ROOT.raw, THREAD.raw]), "other documents"),
        (file_octets(SKIPPING, [ROOT.raw, REPLY.raw]), "do not follow one another"),
        (file_octets(Invitation(THREAD.id, PEERS), [THREAD.raw]), "no root"),
        (file_octets(TO_FORUM, [FORGED]), "a document in the invitation file"),
        (file_octets(TO_FORUM, [ROOT.raw])[:-1], "damaged"),
        (file_octets(TO_FORUM, [ROOT.raw]) + b"x", "damaged"),
        (file_octets(TO_FORUM, []) + b"-5\nx", "damaged"),
        (file_octets(TO_FORUM, []) + b"9" * 5000 + b"\nx", "damaged"),
        (b"x" * (MOST_OCTETS + 1), "at most"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_reason(octets: bytes, reason: str) -> None:
    with pytest.raises(InvitationError, match=reason) as caught:
        parse_file(octets)
    assert "\n" not in str(caught.value)


def test_a_file_too_large_to_be_taken_is_not_made() -> None:
    with pytest.raises(InvitationError, match="at most"):
        file_octets(TO_FORUM, [b"x" * MOST_OCTETS])
