"""What is passed on: immutable signed messages, their ids, parsing, signing and limits. Pure."""

from cliquenntp.document.addresses import is_foreign, signer_address
from cliquenntp.document.canonical import canonical, is_canonical, needs_repair
from cliquenntp.document.composing import compose
from cliquenntp.document.errors import (
    DocumentAhead,
    DocumentError,
    DocumentForged,
    DocumentRefused,
    DocumentTooLarge,
    DocumentTooNew,
    WorkMissing,
)
from cliquenntp.document.headers import Headers, is_field_name, unfold
from cliquenntp.document.limits import AHEAD_SECONDS, DEFAULT_LIMITS, SOON_SECONDS, Limits
from cliquenntp.document.names import (
    ADDRESS_DOMAIN,
    address_domain,
    address_of,
    check_forum_name,
    id_from_text,
    id_text,
    key_from_text,
    key_text,
)
from cliquenntp.document.parsing import Document, parse, stub
from cliquenntp.document.signing import Signer, build, check_time, verify
from cliquenntp.document.text import decode_header
from cliquenntp.document.work import challenge, find_nonce, is_proof, work_bits, work_field

__all__ = [
    "ADDRESS_DOMAIN",
    "AHEAD_SECONDS",
    "DEFAULT_LIMITS",
    "SOON_SECONDS",
    "Document",
    "DocumentAhead",
    "DocumentError",
    "DocumentForged",
    "DocumentRefused",
    "DocumentTooLarge",
    "DocumentTooNew",
    "Headers",
    "Limits",
    "Signer",
    "WorkMissing",
    "address_domain",
    "address_of",
    "build",
    "canonical",
    "challenge",
    "check_forum_name",
    "check_time",
    "compose",
    "decode_header",
    "find_nonce",
    "id_from_text",
    "id_text",
    "is_canonical",
    "is_field_name",
    "is_foreign",
    "is_proof",
    "key_from_text",
    "key_text",
    "needs_repair",
    "parse",
    "signer_address",
    "stub",
    "unfold",
    "verify",
    "work_bits",
    "work_field",
]
