"""RFC 2047 decoding and the canonical form."""

import pytest

from cliquenntp.document import canonical, decode_header, is_canonical, needs_repair


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"plain", "plain"),
        (b"  a\r\n b\tc ", "a b c"),
        (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe_aus?= Ulm", "Gr\u00fc\u00dfe aus Ulm"),
        (b"=?ISO-8859-1?B?R3L832U=?=", "Gr\u00fc\u00dfe"),
        (b"Re: =?utf-8?q?a?= =?utf-8?q?b?= c", "Re: ab c"),
        (b"=?utf-8?q?a?=\r\n =?iso-8859-1?q?=E4?=", "a\u00e4"),
        (b"=?utf-8?q?=C3?= =?utf-8?q?=A4?=", "\u00e4"),  # a character cut in two
        (b"=?utf-8?b?w6Q?=", "\u00e4"),  # no padding
        (b"=?utf-8?b?w6Qx?=x=?utf-8?q?y?=", "\u00e41xy"),  # no blank after a word
        (b"=?koi8-r*ru?q?=D0?=", "\u043f"),
        (b"=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "\u65e5\u672c"),
        (b"=?x-unknown?q?a=C3=A4?=", "a\u00e4"),
        (b"=?hex?q?6161?=", "6161"),
        (b"=?punycode?q?abc-?=", "abc-"),
        (b"=?../../etc?q?a?=", "a"),
        (b"=?us-ascii?q?=80?=", "\ufffd"),
        (b"=?utf-8?q?broken", "=?utf-8?q?broken"),
        (b"=?utf-8?q?a=ZZ?=", "a=ZZ"),
        ("h\u00e4".encode(), "h\u00e4"),
        (b"h\xe4 \x93q\x94", "h\u00e4 \u201cq\u201d"),
        (b"=?utf-8?q?a=0D=0Ab=00c=09d?=", "a b c d"),
        (b"a\xe2\x80\xa8b", "a b"),
        (b"=?utf-7?q?+2AA-?=", "?"),  # a lone surrogate
        (b"", ""),
    ],
)
def test_decoding(value, text):
    assert decode_header(value) == text


def test_long_values_decode_in_linear_time():
    assert decode_header(b"=?utf-8?q?a?= " * 20_000) == "a" * 20_000
    assert len(decode_header(b"=?" * 50_000)) == 100_000
    assert len(decode_header(b"=?utf-8?q?" * 10_000)) == 100_000


@pytest.mark.parametrize(
    ("raw", "result", "repaired"),
    [
        (b"A: b\r\n\r\nc\r\n", b"A: b\r\n\r\nc\r\n", False),
        (b"A: b\n\nc\n", b"A: b\r\n\r\nc\r\n", False),
        (b"A: b\n\r\nc\nd\r\n", b"A: b\r\n\r\nc\r\nd\r\n", False),
        (b"A: b\r\r\n\nc\r\r\n", b"A: b\r\n\r\nc\r\n", True),
        (b"A: b\rX: y\n\nc\rd\n", b"A: b X: y\r\n\r\nc\r\nd\r\n", True),
        (b"A: b\n\nc\0d\n", b"A: b\r\n\r\ncd\r\n", True),
        (b"A: b\n\nc\r", b"A: b\r\n\r\nc\r\n", True),
        (b"A: b\rc", b"A: b c", True),
    ],
)
def test_canonical_form(raw, result, repaired):
    assert canonical(raw) == result
    assert is_canonical(result)
    assert needs_repair(raw) == repaired
