"""The address rule: below clique.invalid nobody writes under another's address."""

import pytest

from cliquenntp.document import DocumentRefused, Signer, address_of, build, is_foreign, parse, signer_address

SIGNER = Signer(bytes(range(32)))
OWN = address_of(SIGNER.key, "reader").encode()
THEIRS = address_of(Signer(bytes(32)).key, "reader").encode()


def check(*fields):
    document = parse(SIGNER.sign(build(fields, b""), 1))
    return is_foreign(document.headers, document.author)


@pytest.mark.parametrize(
    "value",
    [
        OWN,
        b"<" + OWN + b">",
        b"A Reader <" + OWN + b">",
        b'"Reader, A. (at home)" <' + OWN + b">",
        b"=?utf-8?b?R3LDvMOfZQ==?= <" + OWN + b">",
        b"R\xe9ader <" + OWN + b">",
        OWN + b" (A Reader)",
        b"A\r\n Reader\r\n <" + OWN + b">",
    ],
)
def test_own_from(value):
    assert check((b"From", value)) is False


@pytest.mark.parametrize(
    "value",
    [
        b"somebody@example.com",
        b"a broken from",
        b"",
        b"a@example.com, b@example.com",
        b"R\xfcdiger <r@example.com>",
        b"not invalid (really) <a@example.com>",
        b"A <a@host.invalid>",
        b"A <a@example.com>, B <" + OWN + b">",
    ],
)
def test_foreign_from_needs_the_signer_in_sender(value):
    assert check((b"From", value), (b"Sender", b"Import <" + OWN + b">")) is True
    for fields in ([(b"From", value)], [(b"From", value), (b"Sender", b"b@example.com")]):
        with pytest.raises(DocumentRefused):
            check(*fields)


@pytest.mark.parametrize(
    "value",
    [
        THEIRS,
        b"A <" + THEIRS + b">",
        b'"' + THEIRS + b'" <' + OWN + b">",
        THEIRS + b" (me) <" + OWN + b">",
        OWN + b" (" + THEIRS + b")",
        OWN + b", " + THEIRS,
        THEIRS.upper(),
        b"A <" + THEIRS.replace(b"clique.", b"clique .") + b">",
        b"A <" + THEIRS.replace(b"clique.", b"clique(x).") + b">",
        b"A <" + THEIRS.replace(b"@", b"@\r\n ") + b">",
        b"=?utf-8?q?" + THEIRS.replace(b"invalid", b"inv=61lid") + b"?= <" + OWN + b">",
        b"=?utf-8?q?" + THEIRS.replace(b"@", b"=40") + b"?= <a@example.com>",
        THEIRS.decode().replace(".invalid", "\uff0einvalid").encode(),
        b"x@clique.invalid",
        b"x@a." + OWN.partition(b"@")[2],
        b"x@a" + OWN.partition(b"@")[2],
    ],
)
@pytest.mark.parametrize("field", [b"From", b"Sender"])
def test_any_other_clique_address_is_refused(value, field):
    rest = (b"Sender" if field == b"From" else b"From", OWN)
    with pytest.raises(DocumentRefused):
        check((field, value), rest)


def test_from_is_needed_once():
    for fields in ([], [(b"Sender", OWN)], [(b"From", OWN), (b"FROM", OWN)]):
        with pytest.raises(DocumentRefused):
            check(*fields)


def test_address_is_of_the_key():
    local_part, _, domain = OWN.decode().partition("@")
    assert local_part == "reader"
    assert domain.endswith(".clique.invalid")
    assert len(domain.partition(".")[0]) == 20
    assert signer_address(b"x <" + OWN + b">", SIGNER.key) == OWN.decode()
    assert signer_address(OWN, bytes(32)) is None
    for local_part in ("", "a b", "a@b", "a..b", ".a", "\N{SNOWMAN}", "a<", "a\r\n"):
        with pytest.raises(DocumentRefused):
            address_of(SIGNER.key, local_part)
