"""The rule for From and Sender: an address below clique.invalid belongs to the key that signed."""

from __future__ import annotations

import re
import unicodedata

from cliquenntp.document.errors import DocumentRefused
from cliquenntp.document.headers import Headers
from cliquenntp.document.names import ADDRESS_DOMAIN, address_domain
from cliquenntp.document.text import decode_header

_DISPLAY_NAME = rb'(?:"(?:[^"\\]|\\.)*"|[^"<>()@,;:\\])*'
_LOCAL_PART = rb"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*"
_ONE_MAILBOX = re.compile(
    rb"(?:" + _DISPLAY_NAME + rb"<(" + _LOCAL_PART + rb"@[a-z2-7]{20}\.clique\.invalid)>"
    rb"|(" + _LOCAL_PART + rb"@[a-z2-7]{20}\.clique\.invalid))[ \t]*(?:\([^()\\]*\))?"
)
"""``name <address>`` or ``address (name)``, the address below clique.invalid"""

_COMMENT = re.compile(r"\([^()]*\)")
_SQUEEZED = str.maketrans("", "", ' \t"\\()')


def signer_address(value: bytes, author: bytes) -> str | None:
    """Return the signer's address when an unfolded From or Sender is just one mailbox with it, else None."""
    match = _ONE_MAILBOX.fullmatch(value)
    if match is None:
        return None
    address = str(match[1] or match[2], "ascii")
    return address if address.endswith("@" + address_domain(author)) else None


def is_foreign(headers: Headers, author: bytes) -> bool:
    """Tell whether From is another's than the signer's: an article that the signer has imported or bridged."""
    return signer_address(headers.get(b"From") or b"", author) is None


def check_addresses(headers: Headers, author: bytes) -> None:
    """Raise DocumentRefused unless From and Sender keep the address rule.

    One From, at most one Sender; From or Sender is one mailbox with the signer's address; no other address below
    clique.invalid stands in either, however it is folded, quoted, commented or encoded.
    """
    senders = headers.get_all(b"From")
    if len(senders) != 1:
        raise DocumentRefused("no From" if not senders else "more than one From")
    own = signer_address(senders[0], author)
    if b"sender" in headers.names():
        senders += headers.get_all(b"Sender")
        if len(senders) != 2:
            raise DocumentRefused("more than one Sender")
        own = own or signer_address(senders[1], author)
    for value in senders:
        # the usual cases first: nothing of the kind in it, or just the signer's mailbox
        if _may_hide_another(value, 0) and (_may_hide_another(value, 1) or signer_address(value, author) is None):
            _check_domains(value, address_domain(author))
    if own is None:
        raise DocumentRefused("neither From nor Sender is the signer's address")


def _may_hide_another(value: bytes, known: int) -> bool:
    """Tell whether more than ``known`` addresses below clique.invalid might stand in a value."""
    return not value.isascii() or b"=?" in value or value.lower().count(b"invalid") > known


def _check_domains(value: bytes, own_domain: str) -> None:
    shown = unicodedata.normalize("NFKC", decode_header(value)).lower()
    spellings = {shown, value.decode("latin-1").lower()}
    for text in list(spellings):
        # obsolete syntax lets blanks and comments stand around the dots of a domain (RFC 5322 section 4.4)
        spellings |= {text.translate(_SQUEEZED), _COMMENT.sub("", text).translate(_SQUEEZED)}
    for text in spellings:
        if text.count(ADDRESS_DOMAIN) != text.count("@" + own_domain):
            raise DocumentRefused(f"an address below {ADDRESS_DOMAIN} that is not the signer's: {shown[:120]!a}")
