"""Why a document is not taken, where there are two reasons."""

from __future__ import annotations

from cliquenntp.document import Signer, key_text
from cliquenntp.service.network.unwanted import Unwanted, Why
from cliquenntp.store import Store
from tests.service.test_moderation import take
from tests.signed_documents import TIME, forum, signed
from tests.worked_documents import post


def test_what_had_too_little_work_is_wanted_when_that_is_enough_or_its_author_has_to_do_none(store: Store) -> None:
    maker, stranger, other = (Signer(letter * 32) for letter in (b"m", b"s", b"o"))
    tea, talk = forum("tea", author=maker, Clique_Work_Asked="20"), forum("talk")
    take(store, [tea, talk])
    short = post("short", tea, talk, bits=4, author=stranger)
    answer = signed("answer", short, author=other)
    spam = signed("spam", tea, author=other)
    unwanted = Unwanted(lambda document, archive: False)
    refused: list[bytes] = []
    for document in (short, answer, spam):
        assert unwanted.why(document, refused, store.writer) is Why.WORK
        refused.append(document.id)
    roots = [store.writer.find(root.id) for root in (tea, talk)]

    def wanted_when(**laid_down: str) -> list[bytes]:
        take(store, [signed("rule", tea, author=maker, time=TIME + store.writer.newest(), **laid_down)])
        return [*unwanted.wanted_now(roots, store.writer)]

    assert wanted_when(Clique_Work_Asked="5") == []
    assert wanted_when(Clique_Moderator=key_text(maker.key)) == []
    assert wanted_when(Clique_Work_Asked="4") == [short.id, answer.id]
    assert wanted_when(Clique_Moderator=key_text(other.key)) == [short.id, answer.id, spam.id]
    assert unwanted.wanted_now(roots[1:], store.writer) == (), "another forum's rules change nothing"


def test_what_is_blocked_after_it_had_too_little_work_keeps_away_what_answers_it(store: Store) -> None:
    tea, talk = forum("tea", author=Signer(b"m" * 32), Clique_Work_Asked="20"), forum("talk")
    take(store, [tea, talk])
    short = signed("short", tea)
    answer = signed("answer", talk, short)
    blocked: set[bytes] = set()
    unwanted = Unwanted(lambda document, archive: document.id in blocked)
    assert unwanted.why(short, [], store.writer) is Why.WORK
    assert unwanted.why(answer, [short.id], store.writer) is None
    blocked.add(short.id)
    assert unwanted.why(short, [], store.writer) is Why.BLOCKED
    assert unwanted.why(answer, [short.id], store.writer) is Why.BLOCKED
