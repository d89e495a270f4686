"""Properties: a changed octet is refused, another spelling is refused, and parsing raises nothing else."""

import base64

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliquenntp.document import (
    DocumentError,
    DocumentRefused,
    Limits,
    Signer,
    address_of,
    build,
    canonical,
    compose,
    decode_header,
    id_text,
    is_canonical,
    key_text,
    parse,
    verify,
)

SIGNER = Signer(bytes(range(32)))
OWN = address_of(SIGNER.key, "reader").encode()
RAW = SIGNER.sign(
    build(
        [
            (b"From", b"Reader <" + OWN + b">"),
            (b"Subject", b"=?utf-8?q?Gr=C3=BC=C3=9Fe?="),
            (b"Clique-Parent", id_text(b"1" * 32).encode()),
        ],
        b"Some text.\r\n.\r\nMore.\r\n",
    ),
    1_700_000_000,
)
KEY = RAW.split(b"\r\n")[0].split(b" ")[2]
SIGNATURE = RAW.split(b"\r\n")[0].split(b" ")[3]
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/="


def taken(raw):
    try:
        verify(parse(raw))
    except DocumentError:
        return False
    return True


def test_the_document_itself_is_taken():
    assert taken(RAW)


@pytest.mark.parametrize("change", [lambda o: o ^ 1, lambda o: o ^ 0x20, lambda o: o ^ 0x80, lambda o: 0x20])
def test_any_octet_changed_is_refused(change):
    survivors = []
    for index, octet in enumerate(RAW):
        changed = RAW[:index] + bytes([change(octet)]) + RAW[index + 1 :]
        if changed != RAW and taken(changed):
            survivors.append(changed)
    assert survivors == []


def test_any_octet_removed_or_doubled_is_refused():
    for index in range(len(RAW)):
        assert not taken(RAW[:index] + RAW[index + 1 :])
        assert not taken(RAW[:index] + RAW[index : index + 1] + RAW[index:])


@given(st.integers(0, len(RAW)), st.binary(max_size=4), st.integers(0, 4))
def test_any_splice_is_refused(index, octets, removed):
    changed = RAW[:index] + octets + RAW[index + removed :]
    assert changed == RAW or not taken(changed)


@pytest.mark.parametrize("text", [KEY, SIGNATURE])
def test_every_other_last_character_is_refused(text):
    for character in ALPHABET:
        other = text[:-1] + bytes([character])
        if other != text:
            assert not taken(RAW.replace(text, other, 1))


@pytest.mark.parametrize("text", [KEY, SIGNATURE])
def test_every_other_spelling_of_the_same_octets_is_refused(text):
    octets = base64.urlsafe_b64decode(text + b"==")
    spellings = {
        base64.urlsafe_b64encode(octets),
        base64.b64encode(octets),
        base64.b64encode(octets).rstrip(b"="),
        text + b"=",
        text + b"A",
        b" " + text,
        text + b" ",
        text[:10] + b"\r\n " + text[10:],
        octets.hex().encode(),
    } - {text}
    for other in spellings:
        with pytest.raises(DocumentRefused):
            parse(RAW.replace(text, other, 1))


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_only_one_text_of_a_key_decodes_to_it(key, signature):
    first = b"Clique-Signature: 1 " + KEY + b" " + SIGNATURE
    spelled = b"Clique-Signature: 1 " + key_text(key).encode() + b" " + key_text(signature).encode()
    foreign = RAW.replace(first, spelled, 1).replace(OWN, address_of(key, "reader").encode())
    document = parse(foreign)
    assert (document.author, document.signature) == (key, signature)


HEADER_LINES = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from(
            [
                b"From: " + OWN,
                b"From: x@example.com",
                b"Sender: " + OWN,
                b"Subject: x",
                b" folded",
                b"\t",
                b"",
                b":",
                b"Clique-Parent: " + id_text(b"1" * 32).encode(),
                b"Clique-Cancel: " + id_text(b"1" * 32).encode(),
                b"Clique-Moderator: ,",
                b"Clique-Forum: a.b",
                b"Clique-Time: 5",
                b"Clique-Work: 1 x",
            ]
        ),
        st.binary(max_size=60).map(b"Clique-Parent: ".__add__),
        st.binary(max_size=60).map(b"Clique-Importer: ".__add__),
        st.binary(max_size=60).map(b"Clique-Forum: ".__add__),
        st.binary(max_size=60).map(b"From: ".__add__),
        st.text(max_size=30).map(lambda text: b"Sender: " + text.encode("utf-8", "replace")),
    ),
    max_size=8,
)


@given(HEADER_LINES, st.binary(max_size=50))
def test_parsing_signed_rubbish_raises_only_document_errors(lines, body):
    raw = SIGNER.sign(b"\r\n".join([*lines, b"", body]), 1)
    try:
        document = parse(raw)
    except DocumentError as error:
        assert error.reason
    else:
        verify(document)
        assert document.body == raw[document.body_start :]
        # nothing of the header is lost in reading it
        lines = raw[: document.body_start - 2].count(b"\r\n")
        folds = sum(value.count(b"\r\n") for _name, value in document.headers)
        assert len(document.headers) + folds == lines


@given(st.binary(max_size=300))
def test_parsing_rubbish_raises_only_document_errors(raw):
    with pytest.raises(DocumentError):
        parse(raw)


@given(st.binary(max_size=120))
def test_canonical_form_is_reached_in_one_step(raw):
    once = canonical(raw)
    assert is_canonical(once)
    assert canonical(once) == once


WORD_PIECES = [
    b"=?", b"?=", b"?q?", b"?B?", b"utf-8", b"utf-7", b"iso-2022-jp", b"=", b"_", b" ",
    b"=C3", b"\xc3", b"YWJj", b"hex", b"idna", b"\r\n ", b"\x1b$B", b"+AGE-",
]  # fmt: skip


@given(st.lists(st.sampled_from(WORD_PIECES), max_size=16))
def test_decoding_pieces_of_encoded_words_never_raises(pieces):
    text = decode_header(b"".join(pieces))
    text.encode("utf-8")
    assert text.isprintable() or all(ord(character) >= 32 for character in text)


@given(st.binary(max_size=80))
def test_decoding_any_value_never_raises(value):
    decode_header(value).encode("utf-8")


FIELDS = st.lists(
    st.tuples(
        st.sampled_from([b"Subject", b"from", b"Sender", b"X", b"Clique-Parent", b"Clique-Time", b"Sub ject", b""]),
        st.one_of(
            st.lists(
                st.sampled_from([
                    b"\r\n ", b"\r\n\t", b"\r", b"\n", b"\r\n", b"\0", b" ", b"\t", b":", b"\xe9", b"a",
                    b"=?utf-8?q?=40?=", OWN, id_text(b"1" * 32).encode(),
                ]),
                max_size=6,
            ).map(b"".join),
            st.binary(max_size=10),
        ),
    ),
    max_size=4,
)  # fmt: skip


@given(
    FIELDS, st.one_of(st.binary(max_size=20), st.just(b"Words.\r\n")), st.sampled_from([0, 1, 10**11 - 1, 10**11, -1]),
    st.sampled_from([Limits(), Limits(document_octets=300), Limits(header_octets=290), Limits(header_fields=4)]),
)  # fmt: skip
def test_what_is_composed_is_what_would_be_read(fields, body, time, limits):
    fields = [(b"From", OWN), *fields]

    def outcome(make):
        try:
            document = make()
        except DocumentError as error:
            return type(error)
        return attrs.asdict(document, recurse=False) | {
            "headers": document.headers.fields}

    read = outcome(lambda: parse(SIGNER.sign(build(fields, body), time), limits))
    composed = outcome(lambda: compose(SIGNER, fields, body, time, limits))
    assert composed == read
