"""A document of one's own: what ``parse`` would read of it is known when it is made."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from cliquenntp.document.addresses import check_addresses
from cliquenntp.document.canonical import is_canonical
from cliquenntp.document.errors import DocumentRefused, DocumentTooLarge
from cliquenntp.document.headers import Headers
from cliquenntp.document.limits import DEFAULT_LIMITS, LATEST_TIME, Limits
from cliquenntp.document.parsing import Document, relations
from cliquenntp.document.signing import Signer, build


def compose(
    signer: Signer, fields: Iterable[tuple[bytes, bytes]], body: bytes, time: int, limits: Limits = DEFAULT_LIMITS
) -> Document:
    """Return the document with these header fields (name, value; folded values allowed) and body, signed.

    The same as ``parse(signer.sign(build(fields, body), time), limits)``, errors included, but nothing that was just
    written is read again.  ``time`` becomes its Clique-Time, seconds since 1970 UTC.
    """
    fields = list(fields)
    unsigned = build(fields, body)
    signature = signer.signature(unsigned, time)
    first_lines = signer.first_fields(signature, time)
    raw = b"%b: %b\r\n%b: %b\r\n%b" % (*first_lines[0], *first_lines[1], unsigned)
    body_start = len(raw) - len(body)
    if len(raw) > limits.document_octets:
        raise DocumentTooLarge(f"{len(raw)} octets; a document has at most {limits.document_octets}")
    if not 0 <= time <= LATEST_TIME:
        raise DocumentRefused(f"not a Clique-Time: {time}")
    if not is_canonical(body):
        raise DocumentRefused("a NUL, or a CR or LF that is not part of a CRLF")
    if body_start > limits.header_octets:
        raise DocumentTooLarge(f"a header of more than {limits.header_octets} octets")
    if len(fields) + len(first_lines) > limits.header_fields:
        raise DocumentTooLarge(f"more than {limits.header_fields} header fields")
    headers = Headers([*first_lines, *((name, value.lstrip(b" \t")) for name, value in fields)])
    check_addresses(headers, signer.key)
    return Document(
        raw=raw, id=sha256(raw).digest(), author=signer.key, signature=signature, time=time, headers=headers,
        body_start=body_start, **relations(headers, limits),
    )  # fmt: skip
