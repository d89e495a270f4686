"""Why a document is not taken, where there are two reasons."""

from __future__ import annotations

from cliquenntp.document import Signer
from cliquenntp.service.network.unwanted import Unwanted, Why
from cliquenntp.store import Store
from tests.service.test_moderation import take
from tests.signed_documents import forum, signed


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
