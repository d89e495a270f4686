"""What people pass on or write into files: invitations, settings, files of documents."""

from __future__ import annotations

import os
import tempfile
from io import BytesIO
from pathlib import Path

import attrs

from cliquenntp.document import Document, DocumentError, id_text
from cliquenntp.interfaces import Place
from cliquenntp.service.imports.documents_file import DamagedFileError, entry, gone_entry, read_entries
from cliquenntp.service.network.invitation import Invitation, InvitationError, Peer, parse_invitation
from cliquenntp.service.network.invitation_file import file_octets, parse_file
from cliquenntp.service.settings import Settings, SettingsError, load
from tests.fuzzing.target import Target
from tests.signed_documents import forum, signed


def invite(data: bytes) -> None:
    """A text is refused in one line, or an invitation that survives its own text."""
    try:
        invitation = parse_invitation(data.decode("utf-8", "replace"))
    except InvitationError as error:
        assert "\n" not in str(error), error
        return
    assert parse_invitation(str(invitation)) == invitation


def join(data: bytes) -> None:
    """An invitation file is refused in one line, or can be written again."""
    try:
        invitation, documents = parse_file(data)
    except InvitationError as error:
        assert "\n" not in str(error), error
        return
    again = parse_file(file_octets(invitation, [document.raw for document in documents]))
    assert again == (invitation, documents)


def _settings_file() -> Path:
    handle, name = tempfile.mkstemp(".toml", dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
    os.close(handle)
    return Path(name)


def configure(data: bytes) -> None:
    """A file gives settings, or one error that names it."""
    path = _settings_file()
    try:
        path.write_bytes(data)
        load(path, {})
    except SettingsError as error:
        assert str(path) in str(error) or error.args, error
    finally:
        path.unlink()


def take_file(data: bytes) -> None:
    """A file of documents gives some, and says of what is wrong what it is."""
    try:
        for found in read_entries(BytesIO(data)):
            assert isinstance(found, (Document, DocumentError))
    except DamagedFileError as error:
        assert "\n" not in str(error), error


_PEER = Peer(b"k" * 32, "tls:news.example:443")
_INVITATIONS = (
    Invitation(bytes(32), (_PEER,), "tea"),
    Invitation(bytes(32), (_PEER, Peer(b"l" * 32, "i2p:" + "a" * 52 + ".b32.i2p")), "", (b"1" * 32, b"2" * 32)),
    Invitation(bytes(32), (Peer(b"k" * 32, "tcp:[::1]:4000"), Peer(b"m" * 32, "unix:/run/a&b/sock"))),
)
_SETTINGS = (
    b'nntp = "tcp:1119:interface=127.0.0.1"\nquota = "4 GiB"\nexpire = [{forums = "clique.*", days = 30}]\n',
    b'clique = ["tls:news.example.net:4443"]\npublic = "tcp:119"\npublic_forums = ["clique.tea"]\nworkers = 2\n',
    b'feed = "tcp:0:interface=127.0.0.1"\npath_identity = "a.example"\nfeed_newsgroups = ["misc.tea=tea"]\n',
    b'clique = "i2p"\ni2p_sam = "127.0.0.1:7656"\ni2p_options = ["inbound.length=1"]\nmax_rate = 1e5\n',
    b'keep_headers = ["Organization"]\nlist_scope = "threads"\nweb = "off"\nfollow_days = 9\nstorage = "/srv/db"\n',
)
_KEYS = tuple(f"\n{name} = ".encode() for name in attrs.fields_dict(Settings))
_FORUM = forum()
_ANSWER = signed("Tea", _FORUM)
_FILE = entry(_FORUM.raw) + entry(_ANSWER.raw) + gone_entry(Place(b"g" * 32, 5, (_FORUM.id,), 100, _FORUM.author))
_INVITATION_FILES = (
    file_octets(Invitation(_FORUM.id, (_PEER,), "tea"), [_FORUM.raw]),
    file_octets(
        Invitation(_FORUM.id, (_PEER,), "", (_ANSWER.id,)), [_FORUM.raw, _ANSWER.raw]),
)  # fmt: skip

TARGETS = (
    Target(
        "invitation", invite, tuple(str(one).encode() for one in _INVITATIONS),
        (b"&peer=", b"&name=", b"&below=", b"%00", b"%2", b"@", b"tcp:", b"[", b"]:", id_text(b"1" * 32).encode()),
        20_000,
    ),
    Target(
        "settings", configure, _SETTINGS,
        (*_KEYS, b"inf", b"nan", b"1979-05-27", b"[[", b"]]", b"'''", b"{", b"}", b"\\U0010FFFF", b"0x", b"true"), 8192,
    ),
    Target("invitation-file", join, _INVITATION_FILES, (b"\n", b"1\n", b"00", b"999999999\n", b"&below="), 16_384),
    Target("file", take_file, (_FILE,), (b"gone ", b"999999999999\n", b"-1\n", b"0\n"), 16_384),
)  # fmt: skip
