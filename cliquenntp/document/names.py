"""Ids, keys and addresses as text, and the names that a forum may have."""

from __future__ import annotations

import re
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from functools import lru_cache
from hashlib import sha256

from cliquenntp.document.errors import DocumentRefused
from cliquenntp.document.limits import FORUM_COMPONENT_OCTETS, FORUM_NAME_OCTETS

ADDRESS_DOMAIN = "clique.invalid"
"""Below it lie the addresses of all signers; RFC 2606 keeps ``invalid`` free, so nobody can get mail there."""

ID_OCTETS = 32
KEY_OCTETS = 32
SIGNATURE_OCTETS = 64

_ID_TEXT = re.compile(r"[a-z2-7]{51}[aq]")
"""256 bits in characters of 5: the last one holds a single bit"""
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_BASE32_DIGITS = str.maketrans(_BASE32, "0123456789abcdefghijklmnopqrstuv")
_BASE32_PAIRS = [first + second for first in _BASE32 for second in _BASE32]
_PAIR_SHIFTS = range(250, -1, -10)
"""of the 26 pairs of characters in an id's 256 bits and 4 zeros"""
_IDS_CACHED = 1 << 14
"""ids kept as text and back: a thread's articles name the same ancestors again and again (4 MB)"""
_ADDRESS_CHARACTERS = 20
_LOCAL_PART = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
_FORUM_COMPONENT = re.compile(rf"[a-z0-9][a-z0-9_+-]{{0,{FORUM_COMPONENT_OCTETS - 1}}}")
_RESERVED_COMPONENTS = frozenset({"all", "ctl"})


@lru_cache(_IDS_CACHED)
def id_text(document_id: bytes) -> str:
    """Return an id (32 bytes) as 52 lower-case base32 characters."""
    # several times faster than base64.b32encode
    bits = int.from_bytes(document_id, "big") << 4
    return "".join([_BASE32_PAIRS[bits >> shift & 1023] for shift in _PAIR_SHIFTS])


@lru_cache(_IDS_CACHED)
def id_from_text(text: str) -> bytes:
    """Return the 32 bytes of an id's text; DocumentRefused for any other text than ``id_text`` gives."""
    if not _ID_TEXT.fullmatch(text):
        raise DocumentRefused(f"not a document's id: {text[:80]!a}")
    # several times faster than base64.b32decode
    return (int(text.translate(_BASE32_DIGITS), 32) >> 4).to_bytes(ID_OCTETS, "big")


def key_text(octets: bytes) -> str:
    """Return a key or a signature in base64url without padding (RFC 4648 section 5)."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def octets_from_text(text: bytes, octets: int) -> bytes:
    """Return a key or signature of so many octets; DocumentRefused unless re-encoding gives the same text.

    Else anyone could spell the unsigned first line of a document in another way, and so mint twins of it.
    """
    try:
        value = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except (Base64Error, ValueError):
        value = b""
    if len(value) != octets or urlsafe_b64encode(value).rstrip(b"=") != text:
        raise DocumentRefused(f"not {octets} octets in base64url: {text[:90]!a}")
    return value


def key_from_text(text: str) -> bytes:
    """Return the 32 bytes of a public key's text; DocumentRefused for any other spelling."""
    return octets_from_text(text.encode("ascii", "replace"), KEY_OCTETS)


@lru_cache(4096)  # few authors write most documents
def address_domain(key: bytes) -> str:
    """Return what stands right of the @ in the address of a signer's key (32 bytes)."""
    digest = b32encode(sha256(key).digest())[:_ADDRESS_CHARACTERS].decode("ascii").lower()
    return f"{digest}.{ADDRESS_DOMAIN}"


def address_of(key: bytes, local_part: str) -> str:
    """Return the address of a signer; DocumentRefused when the local part is more than letters, digits and ``.-_+``."""
    if not _LOCAL_PART.fullmatch(local_part):
        raise DocumentRefused(f"not the local part of an address: {local_part[:80]!a}")
    return f"{local_part}@{address_domain(key)}"


def check_forum_name(name: str) -> None:
    """Raise DocumentRefused unless ``name`` can follow ``clique.`` in a newsgroup's name (RFC 5536 section 3.1.4)."""
    components = name.split(".")
    if len(name) > FORUM_NAME_OCTETS:
        raise DocumentRefused(f"a forum's name has at most {FORUM_NAME_OCTETS} characters, not {len(name)}")
    if not all(map(_FORUM_COMPONENT.fullmatch, components)):
        raise DocumentRefused(
            f"not a forum's name: {name!a} (components of at most {FORUM_COMPONENT_OCTETS} characters: "
            "a-z, 0-9, +, - and _, the first a letter or digit)"
        )
    if components[0] == "local" or not _RESERVED_COMPONENTS.isdisjoint(components):
        raise DocumentRefused(f"a reserved forum name: {name!a}")
