"""Building, signing, parsing and verifying documents: the form, every limit, and what is refused."""

from base64 import b32encode
from hashlib import sha256

import attrs
import pytest

from cliquenntp.document import (
    AHEAD_SECONDS,
    DEFAULT_LIMITS,
    SOON_SECONDS,
    DocumentAhead,
    DocumentForged,
    DocumentRefused,
    DocumentTooLarge,
    DocumentTooNew,
    Limits,
    Signer,
    address_of,
    build,
    check_time,
    id_from_text,
    id_text,
    key_from_text,
    key_text,
    parse,
    verify,
)

SIGNER = Signer(bytes(range(32)))
OTHER = Signer(bytes(32))
OWN = address_of(SIGNER.key, "reader").encode()
IDS = [bytes([number]) * 32 for number in range(20)]
TEXTS = [id_text(each).encode() for each in IDS]


def signed(*fields, body=b"Text.\r\n", time=1_700_000_000, from_=OWN, signer=SIGNER):
    return signer.sign(build([(b"From", from_), (b"Subject", b"Hello"), *fields], body), time)


def test_a_document_says_what_was_signed():
    raw = signed((b"Clique-Parent", TEXTS[1] + b", " + TEXTS[2]), (b"X-Note", b"one\r\n two"))
    document = parse(raw)
    verify(document)
    assert document.raw == raw
    assert document.author == SIGNER.key
    assert document.time == 1_700_000_000
    assert document.parents == (IDS[1], IDS[2])
    assert document.body == b"Text.\r\n"
    assert document.headers.get(b"x-note") == b"one two"
    assert (document.forum, document.link, document.cancel, document.supersedes, document.approve) == (None,) * 5
    assert (document.moderators, document.importers) == ((), ())
    assert raw.split(b"\r\n")[0].startswith(b"Clique-Signature: 1 " + key_text(SIGNER.key).encode() + b" ")
    assert raw.split(b"\r\n")[1] == b"Clique-Time: 1700000000"


def test_a_forum_root_names_its_people():
    keys = ", ".join([key_text(OTHER.key), key_text(SIGNER.key)]).encode()
    document = parse(
        signed((b"Clique-Forum", b"gardening"), (b"Clique-Moderator", keys), (b"clique-importer", keys[:43]))
    )
    assert (document.forum, document.parents) == ("gardening", ())
    assert (document.moderators, document.importers) == ((OTHER.key, SIGNER.key), (OTHER.key,))


@pytest.mark.parametrize(
    ("name", "attribute", "parents"),
    [
        (b"Clique-Link", "link", TEXTS[2] + b", " + TEXTS[1]),
        (b"Clique-Approve", "approve", TEXTS[1] + b", " + TEXTS[2]),
        (b"Clique-Cancel", "cancel", TEXTS[1] + b", " + TEXTS[2]),
        (b"Clique-Supersedes", "supersedes", TEXTS[2]),
    ],
)
def test_what_a_document_points_to(name, attribute, parents):
    document = parse(signed((b"Clique-Parent", parents), (name, TEXTS[2])))
    assert getattr(document, attribute) == IDS[2]


def test_unknown_clique_headers_are_kept():
    raw = signed((b"Clique-Tomorrow", b"anything; at=all"), (b"Clique-Original-Message-ID", b"<1@example.com>"))
    document = parse(raw)
    assert document.headers.get(b"Clique-Tomorrow") == b"anything; at=all"
    assert document.raw == raw


def test_another_version_is_too_new_not_refused():
    raw = signed().replace(b"Clique-Signature: 1 ", b"Clique-Signature: 2 hybrid:", 1)
    with pytest.raises(DocumentTooNew):
        parse(raw)
    assert not issubclass(DocumentTooNew, DocumentRefused)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"From: a@example.com\r\n\r\n",
        signed()[1:],
        b"\r\n" + signed(),
        signed().replace(b"Clique-Signature", b"clique-signature", 1),
        signed().replace(b"Clique-Signature: 1", b"Clique-Signature: 01", 1),
        signed().replace(b"Clique-Time: ", b"Clique-Time: 0", 1),
        signed().replace(b"Clique-Time: ", b"Clique-Time: -", 1),
        signed().replace(b"Clique-Time: ", b"Clique-Time:", 1),
        signed().replace(b"Clique-Time: ", b"Clique-Time: 999999999", 1),
        signed(body=b"a\nb\r\n"),
        signed(body=b"a\rb\r\n"),
        signed(body=b"a\0b\r\n"),
        signed(body=b"a\r"),
        signed().replace(b"\r\n\r\n", b"\r\n"),
        signed().replace(b"Subject: ", b"Subject "),
        signed().replace(b"Subject: ", b"Sub ject: "),
        signed().replace(b"Subject: ", b"Subj\xe9ct: "),
        signed().replace(b"Subject: ", b": "),
        signed().replace(b"From: ", b" From: "),
    ],
)
def test_what_breaks_the_form_is_refused(broken):
    with pytest.raises(DocumentRefused):
        parse(broken)


@pytest.mark.parametrize(
    "fields",
    [
        [(b"Clique-Parent", b"")],
        [(b"Clique-Link", TEXTS[1])],
        [(b"Clique-Parent", TEXTS[1] + b", " + TEXTS[2]), (b"Clique-Link", TEXTS[2])],
        [(b"Clique-Parent", TEXTS[1].upper())],
        [(b"Clique-Parent", TEXTS[1][:-1] + b"b")],
        [(b"Clique-Parent", TEXTS[1][:-1])],
        [(b"Clique-Parent", TEXTS[1] + b",")],
        [(b"Clique-Parent", TEXTS[1] + b", " + TEXTS[1])],
        [(b"Clique-Parent", "\N{KELVIN SIGN}".encode() + TEXTS[1][1:])],
        [(b"Clique-Parent", TEXTS[1]), (b"clique-PARENT", TEXTS[2])],
        [(b"Clique-Parent", TEXTS[1]), (b"Clique-Forum", b"gardening")],
        [(b"Clique-Forum", b"")],
        [(b"Clique-Forum", b"Gardening")],
        [(b"Clique-Forum", b"garden..ing")],
        [(b"Clique-Forum", b".garden")],
        [(b"Clique-Forum", b"garden ing")],
        [(b"Clique-Forum", "g\N{LATIN SMALL LETTER A WITH DIAERESIS}rten".encode())],
        [(b"Clique-Forum", b"local.garden")],
        [(b"Clique-Forum", b"garden.all")],
        [(b"Clique-Forum", b"ctl")],
        [(b"Clique-Link", b"x")],
        [(b"Clique-Parent", TEXTS[1]), (b"Clique-Cancel", TEXTS[2])],
        [(b"Clique-Parent", TEXTS[1]), (b"Clique-Supersedes", TEXTS[2])],
        [(b"Clique-Supersedes", TEXTS[2])],
        [(b"Clique-Parent", TEXTS[1]), (b"Clique-Cancel", TEXTS[1]), (b"Clique-Link", TEXTS[2])],
        [(b"Clique-Moderator", b"me")],
        [(b"Clique-Work", b"many")],
        [(b"Clique-Work", b"20")],
        [(b"From", OWN)],
        [(b"Sender", OWN), (b"Sender", OWN)],
    ],
)
def test_what_its_headers_may_not_say(fields):
    with pytest.raises(DocumentRefused):
        parse(signed(*fields))


def test_the_work_header_is_taken():
    assert parse(signed((b"Clique-Work", b"20 abc-_123"))).headers.get(b"clique-work") == b"20 abc-_123"


def test_first_lines_stand_nowhere_else():
    with pytest.raises(DocumentRefused):
        build([(b"Clique-Time", b"1")], b"")
    for line in (b"Clique-Time: 1", b"Clique-Signature: 1 x y"):
        unsigned = build([(b"From", OWN)], b"").replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n\r\n")
        with pytest.raises(DocumentRefused):
            parse(SIGNER.sign(unsigned, 1))


@pytest.mark.parametrize(
    ("name", "value"),
    [(b"", b"x"), (b"a b", b"x"), (b"a:", b"x"), (b"X", b"a\r\nb: c"), (b"X", b"a\nb"), (b"X", b"a\rb"), (b"X", b"\0")],
)
def test_build_refuses_what_would_end_a_field(name, value):
    with pytest.raises(DocumentRefused):
        build([(name, value)], b"")


def test_long_lines_and_raw_octets_are_data():
    body = b"x" * 100_000 + b"\r\n" + bytes(octet for octet in range(1, 256) if octet not in b"\r\n") + b"\r\n"
    document = parse(signed((b"Summary", bytes(range(128, 256))), (b"Comments", b"y" * 5000), body=body))
    verify(document)
    assert document.body == body
    assert document.headers.get(b"summary") == bytes(range(128, 256))


def test_body_without_final_line_end_and_no_body():
    assert parse(signed(body=b"no end")).body == b"no end"
    assert parse(signed(body=b"")).body == b""
    assert parse(signed(body=b"\r\n\r\n.\r\n")).body == b"\r\n\r\n.\r\n"


def test_a_mebibyte_is_taken_and_one_octet_more_is_too_large():
    room = DEFAULT_LIMITS.document_octets - len(signed(body=b""))
    whole = parse(signed(body=b"x" * room))
    assert len(whole.raw) == 1 << 20
    verify(whole)
    with pytest.raises(DocumentTooLarge):
        parse(signed(body=b"x" * (room + 1)))
    assert len(parse(signed(body=b"x" * (room + 1)), Limits(document_octets=1 << 21)).raw) == (1 << 20) + 1


def test_limit_of_header_octets():
    without = len(signed((b"Comments", b""), body=b""))
    limit = DEFAULT_LIMITS.header_octets
    assert len(parse(signed((b"Comments", b"x" * (limit - without)))).raw) > limit
    with pytest.raises(DocumentTooLarge):
        parse(signed((b"Comments", b"x" * (limit - without + 1))))


def test_limit_of_header_fields():
    limit = DEFAULT_LIMITS.header_fields
    rest = len(parse(signed()).headers)
    assert len(parse(signed(*[(b"X", b"1")] * (limit - rest))).headers) == limit
    with pytest.raises(DocumentTooLarge):
        parse(signed(*[(b"X", b"1")] * (limit - rest + 1)))


def test_limit_of_parents():
    limit = DEFAULT_LIMITS.parents
    assert len(parse(signed((b"Clique-Parent", b",".join(TEXTS[:limit])))).parents) == limit
    with pytest.raises(DocumentTooLarge):
        parse(signed((b"Clique-Parent", b",".join(TEXTS[: limit + 1]))))


def test_a_cancel_names_its_target_besides():
    limit = DEFAULT_LIMITS.parents
    cancel = parse(signed((b"Clique-Parent", b" ".join(TEXTS[: limit + 1])), (b"Clique-Cancel", TEXTS[limit])))
    assert len(cancel.parents) == limit + 1
    with pytest.raises(DocumentTooLarge):
        parse(signed((b"Clique-Parent", b" ".join(TEXTS[: limit + 2])), (b"Clique-Cancel", TEXTS[limit])))


def test_limit_of_keys():
    keys = [key_text(bytes([number]) * 32).encode() for number in range(DEFAULT_LIMITS.keys + 1)]
    assert len(parse(signed((b"Clique-Importer", b", ".join(keys[:-1])))).importers) == DEFAULT_LIMITS.keys
    with pytest.raises(DocumentTooLarge):
        parse(signed((b"Clique-Importer", b", ".join(keys))))


@pytest.mark.parametrize("smaller", ["document_octets", "header_octets", "header_fields", "parents", "keys"])
def test_every_limit_is_settable(smaller):
    raw = signed((b"Clique-Parent", TEXTS[0]), (b"Clique-Moderator", key_text(OTHER.key).encode()))
    parse(raw)
    with pytest.raises(DocumentTooLarge):
        parse(raw, attrs.evolve(DEFAULT_LIMITS, **{smaller: 0}))


def test_limits_of_a_forum_name():
    parse(signed((b"Clique-Forum", b"a" * 30 + b"." + b"b" * 30 + b".cc")))
    for name in (b"a" * 30 + b"." + b"b" * 30 + b".ccc", b"a" * 31):
        with pytest.raises(DocumentRefused):
            parse(signed((b"Clique-Forum", name)))


def test_time_of_eleven_digits():
    assert parse(signed(time=99_999_999_999)).time == 99_999_999_999
    assert parse(signed(time=0)).time == 0
    with pytest.raises(DocumentRefused):
        parse(signed(time=100_000_000_000))


def test_clock_window():
    now = 1_700_000_000
    check_time(parse(signed(time=now - 10**9)), now)
    check_time(parse(signed(time=now + SOON_SECONDS)), now)
    with pytest.raises(DocumentAhead) as ahead:
        check_time(parse(signed(time=now + SOON_SECONDS + 5)), now)
    assert ahead.value.wait == 5
    with pytest.raises(DocumentAhead):
        check_time(parse(signed(time=now + AHEAD_SECONDS)), now)
    with pytest.raises(DocumentRefused):
        check_time(parse(signed(time=now + AHEAD_SECONDS + 1)), now)


def test_a_signature_by_another_key_is_forged():
    raw = signed(from_=address_of(OTHER.key, "x").encode())
    forged = raw.replace(key_text(SIGNER.key).encode(), key_text(OTHER.key).encode())
    with pytest.raises(DocumentForged):
        verify(parse(forged))


def test_a_signature_for_something_else_does_not_serve():
    unsigned = signed().split(b"\r\n", 1)[1]
    bare = SIGNER._private.sign(unsigned)
    raw = b"Clique-Signature: 1 %b %b\r\n%b" % (key_text(SIGNER.key).encode(), key_text(bare).encode(), unsigned)
    with pytest.raises(DocumentForged):
        verify(parse(raw))


def test_the_format_is_fixed():
    # one known document, so that no change of the code changes what the network has
    raw = signed(time=1_000_000_000)
    assert id_text(parse(raw).id) == "dxyugbx255ax2dmgo4kfwripaom6bmb2of4c4z46upffcihtuh6q"
    assert key_text(SIGNER.key) == "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"


def test_an_id_is_base32_as_rfc_4648_says() -> None:
    for document_id in (bytes(32), b"\xff" * 32, *(sha256(bytes([number])).digest() for number in range(256))):
        assert id_text(document_id) == b32encode(document_id).decode().rstrip("=").lower()


def test_ids_and_keys_as_text():
    assert len(id_text(IDS[3])) == 52
    assert id_from_text(id_text(IDS[3])) == IDS[3]
    assert key_from_text(key_text(SIGNER.key)) == SIGNER.key
    for text in ("", "x", id_text(IDS[3]) + "=", key_text(SIGNER.key) + "=", "\N{SNOWMAN}" * 43):
        with pytest.raises(DocumentRefused):
            id_from_text(text)
        with pytest.raises(DocumentRefused):
            key_from_text(text)


def test_equal_by_id_and_usable_as_key():
    assert parse(signed()) == parse(signed())
    assert len({parse(signed()), parse(signed()), parse(signed(time=1))}) == 2
    assert "SECRET" not in repr(parse(signed(body=b"SECRET")))
