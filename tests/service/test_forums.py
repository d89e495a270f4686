import pytest

from cliquenntp.document import DocumentRefused, Signer, decode_header, verify
from cliquenntp.service.forums import MOST_DESCRIPTION_OCTETS, ForumRefusedError, root_document

SIGNER = Signer(bytes(range(32)))


def test_a_root_names_its_forum_and_is_signed_by_the_owner() -> None:
    document = root_document("comp.lang.a", "Über alles", SIGNER, 1_700_000_000)
    verify(document)
    assert (document.forum, document.author, document.parents) == ("comp.lang.a", SIGNER.key, ())
    assert document.time == 1_700_000_000
    subject = document.headers.get(b"Subject")
    assert subject is not None
    assert subject.isascii()
    assert decode_header(subject) == "Über alles"
    assert document.headers.get(b"Date") == b"Tue, 14 Nov 2023 22:13:20 +0000"


def test_a_forum_without_description_is_called_by_its_name() -> None:
    assert root_document("x", "", SIGNER, 0).headers.get(b"Subject") == b"x"


@pytest.mark.parametrize("name", ["", "A", "a b", "local.x", "all", "a..b", "a" * 31])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(DocumentRefused):
        root_document(name, "", SIGNER, 0)


@pytest.mark.parametrize("description", ["two\nlines", "\0", "x" * (MOST_DESCRIPTION_OCTETS + 1)])
def test_a_bad_description_is_refused(description: str) -> None:
    with pytest.raises(ForumRefusedError, match=str(MOST_DESCRIPTION_OCTETS)):
        root_document("x", description, SIGNER, 0)
