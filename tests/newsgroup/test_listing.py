"""Ready lines: a chunk that is made in slices has what changed and came meanwhile."""

from __future__ import annotations

from cliquenntp.newsgroup.listing import DOCUMENTS_A_CHUNK, DOCUMENTS_A_SLICE, Listing


class Growing:
    """An archive of which only docnos are asked."""

    def __init__(self, newest: int) -> None:
        self.documents = newest
        self.versions = dict.fromkeys(range(1, newest + 2), 1)

    def newest(self) -> int:
        return self.documents

    def since(self, docno: int):
        return iter(range(docno + 1, self.documents + 1))


def lines(chunks) -> list[bytes]:
    return b"".join(chunk.octets for chunk in chunks).splitlines()


def test_others_get_their_turn_and_nothing_is_stale() -> None:
    archive = Growing(2 * DOCUMENTS_A_SLICE)
    listing = Listing(archive, lambda docno: b"%d.%d\r\n" % (docno, archive.versions[docno]))
    answer = listing.chunks()
    other = listing.chunks()
    assert next(answer).octets == b""
    assert next(other).octets == b""
    archive.versions[3] = 2
    listing.changed([3])
    archive.documents += 1
    expected = [b"%d.%d" % (docno, archive.versions[docno]) for docno in range(1, archive.documents + 1)]
    assert lines(answer) == expected
    archive.versions[5] = 2
    listing.changed([5])
    expected[4] = b"5.2"
    assert lines(other) == expected
    assert lines(listing.chunks()) == expected


def test_an_answer_given_up_leaves_nothing_behind() -> None:
    archive = Growing(DOCUMENTS_A_CHUNK)
    listing = Listing(archive, lambda docno: b"%d\r\n" % docno)
    answer = listing.chunks()
    next(answer)
    answer.close()
    assert not listing._made_meanwhile
    assert len(lines(listing.chunks())) == DOCUMENTS_A_CHUNK
