"""Invitations: ``clique:<root id>?peer=<node key>@<address>[&peer=...][&name=...][&below=<id>,...]``.

Whoever has one can join the forum: the root's id says which forum, each peer is a node that holds it.  With ``below``
it invites to one document of the forum and what is below that: these are the ids from the root's child down to it.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, quote

import attrs

from cliquenntp.document import DocumentError, check_forum_name, id_from_text, id_text, key_from_text, key_text
from cliquenntp.link.address import BadAddressError, parse_address

SCHEME = "clique"

MOST_PEERS = 16
"""More than a joining node asks: it needs one that answers (PROTOCOL: two or more contacts where it can)."""

MOST_BELOW = 100
"""ids under the root: 5 kB of text; threads that go deeper are rare, and can be joined further up"""

MOST_CHARACTERS = 16_384
"""Sixteen peers with full I2P destinations of some 700 characters and MOST_BELOW ids, nearly."""


class InvitationError(ValueError):
    """The text is no invitation; the message says why in one line."""


@attrs.frozen
class Peer:
    """A node that holds the forum."""

    node_key: bytes
    """32 bytes"""
    address: str
    """where it is reached (link.address)"""


@attrs.frozen
class Invitation:
    """What is needed to join a forum."""

    root: bytes
    """the root document's id"""
    peers: tuple[Peer, ...]
    name: str = ""
    """the forum's name as the inviter sees it, for people; the root tells the real one"""
    below: tuple[bytes, ...] = ()
    """ids from the root's child down to the document invited to, each the next one's first parent; none: the forum"""

    def __str__(self) -> str:
        fields = [f"peer={key_text(peer.node_key)}@{quote(peer.address, safe=':.[]/')}" for peer in self.peers]
        fields += [f"name={quote(self.name, safe='')}"] if self.name else []
        fields += [f"below={','.join(map(id_text, self.below))}"] if self.below else []
        return f"{SCHEME}:{id_text(self.root)}?{'&'.join(fields)}"


def parse_invitation(text: str) -> Invitation:
    """Return the invitation that a text is.  Raises InvitationError.

    Fields with other names are for newer programs and passed over.
    """
    text = text.strip()
    if len(text) > MOST_CHARACTERS:
        raise InvitationError(f"an invitation has at most {MOST_CHARACTERS} characters")
    scheme, _, rest = text.partition(":")
    root_text, _, query = rest.partition("?")
    if scheme != SCHEME:
        raise InvitationError("an invitation begins with `clique:`; put it in quotes, as it has a & in it")
    fields = parse_qsl(query.replace("+", "%2B"))
    names = [value for key, value in fields if key == "name"]
    below = [text for key, value in fields if key == "below" for text in value.split(",")]
    peers = tuple(_peer(value) for key, value in fields if key == "peer")
    if not 1 <= len(peers) <= MOST_PEERS:
        raise InvitationError(f"an invitation names from 1 to {MOST_PEERS} peers, not {len(peers)}")
    try:
        root = id_from_text(root_text)
        path = tuple(map(id_from_text, below))
        for name in names[:1]:
            check_forum_name(name)
    except DocumentError as error:
        raise InvitationError(f"in the invitation: {error.reason}") from None
    if len(path) > MOST_BELOW or len({root, *path}) != len(path) + 1:
        raise InvitationError(f"an invitation names at most {MOST_BELOW} documents under the root, each once")
    return Invitation(root, peers, "".join(names[:1]), path)


def _peer(text: str) -> Peer:
    key, _, address = text.partition("@")
    try:
        return Peer(key_from_text(key), str(parse_address(address)))
    except DocumentError as error:
        raise InvitationError(f"in the invitation's peer: {error.reason}") from None
    except BadAddressError as error:
        raise InvitationError(f"in the invitation's peer: {error}") from None
