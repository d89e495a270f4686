"""Proof of work: what counts, and that it binds all of a document."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliquenntp.document import (
    Document,
    DocumentRefused,
    DocumentTooLarge,
    Signer,
    address_of,
    build,
    challenge,
    compose,
    find_nonce,
    id_text,
    is_proof,
    parse,
    work_bits,
    work_field,
)

AUTHOR, OTHER = Signer(b"a" * 32), Signer(b"b" * 32)
BITS = 8
TIME = 1_800_000_000
FIELDS = [(b"Subject", b"Tea"), (b"Clique-Parent", id_text(bytes(32)).encode())]
BODY = b"Words.\r\n"


def sender(author: Signer) -> tuple[bytes, bytes]:
    return b"From", address_of(author.key, "me").encode()


def written(
    fields: list[tuple[bytes, bytes]], author: Signer = AUTHOR, body: bytes = BODY, time: int = TIME
) -> Document:
    return compose(author, [*fields, sender(author)], body, time)


def found(seed: bytes) -> bytes:
    nonce = find_nonce(seed, BITS, 0, 1 << (BITS + 8))
    assert nonce is not None
    return nonce


SEED = challenge(AUTHOR.key, TIME, build([*FIELDS, sender(AUTHOR)], BODY))
NONCE = found(SEED)


def test_a_proof_counts_as_the_bits_that_it_names() -> None:
    document = written([work_field(BITS, NONCE), *FIELDS])
    assert work_bits(document) == work_bits(parse(document.raw)) == BITS
    less = written([work_field(BITS - 3, NONCE), *FIELDS])
    assert work_bits(less) == BITS - 3


@pytest.mark.parametrize(("author", "fields", "body", "time"), [
    (OTHER, FIELDS, BODY, TIME),
    (AUTHOR, FIELDS, BODY, TIME + 1),
    (AUTHOR, FIELDS, b"words.\r\n", TIME),
    (AUTHOR, [FIELDS[0], (b"Clique-Parent", id_text(b"\1" * 32).encode())], BODY, TIME),
    (AUTHOR, [(b"Subject", b"tea"), FIELDS[1]], BODY, TIME),
])
def test_no_work_serves_for_another_author_time_text_or_parent(
    author: Signer, fields: list[tuple[bytes, bytes]], body: bytes, time: int
) -> None:
    seed = challenge(author.key, time, build([*fields, sender(author)], body))
    assert seed != SEED
    document = written([work_field(BITS, NONCE), *fields], author, body, time)
    assert work_bits(document) == (BITS if is_proof(seed, BITS, NONCE) else 0)


def test_a_wrong_nonce_and_a_field_in_another_place_prove_nothing() -> None:
    wrong = next(b"%d" % number for number in range(99)
                 if not is_proof(SEED, BITS, b"%d" % number))
    assert work_bits(written([work_field(BITS, wrong), *FIELDS])) == 0
    assert work_bits(written([*FIELDS, work_field(BITS, NONCE)])) == 0
    folded = (b"Clique-Work", b"%d\r\n %b" % (BITS, NONCE))
    assert work_bits(written([folded, *FIELDS])) == 0
    assert work_bits(written(FIELDS)) == 0
    assert work_bits(written([work_field(999, NONCE), *FIELDS])) == 0


@given(bits=st.integers(1, 40), seed=st.binary(min_size=32, max_size=32), nonce=st.binary(max_size=64))
def test_a_proof_is_a_digest_that_begins_with_so_many_zero_bits(bits: int, seed: bytes, nonce: bytes) -> None:
    digits = f"{int.from_bytes(sha256(seed + nonce).digest(), 'big'):0256b}"
    assert is_proof(seed, bits, nonce) == digits.startswith("0" * bits)


@given(seed=st.binary(min_size=32, max_size=32), first=st.integers(0, 10**12))
def test_what_is_found_proves_it_and_what_is_not_there_is_not_found(seed: bytes, first: int) -> None:
    found = find_nonce(seed, 4, first, 50)
    proofs = [b"%d" % number for number in range(first, first + 50) if is_proof(seed, 4, b"%d" % number)]
    assert found == (proofs[0] if proofs else None)


@pytest.mark.parametrize(("value", "asked"), [(b"0", 0), (b"20", 20), (b"32", 32)])
def test_a_forum_asks_for_a_number_of_bits(value: bytes, asked: int) -> None:
    assert written([(b"Clique-Forum", b"tea"), (b"Clique-Work-Asked", value)]).work_asked == asked


@pytest.mark.parametrize("value", [b"", b"-1", b"020", b"many", b"20 x", b"2.5", b"1000"])
def test_what_is_no_number_of_bits_is_refused(value: bytes) -> None:
    with pytest.raises(DocumentRefused, match="no number of bits"):
        written([(b"Clique-Work-Asked", value)])


def test_no_forum_asks_for_more_than_a_bound() -> None:
    with pytest.raises(DocumentTooLarge, match="33 bits of work; a forum asks for at most 32"):
        written([(b"Clique-Work-Asked", b"33")])
