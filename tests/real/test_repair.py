"""cliquectl repair on real nodes: a damaged document is fetched again from a peer, under its number."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.real.node_process import CommandFailedError, NodeProcess
from tests.real.reading import articles_by_number, post, wait_for_subject
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"


def test_a_damaged_document_comes_back_from_a_peer(make_nodes: Callable[..., list[NodeProcess]]) -> None:
    first, second = make_nodes("first", "second")
    first.cliquectl("create-forum", "garden")
    for number in range(12):
        post(first, GROUP, f"Post {number}")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    for number in range(12):
        wait_for_subject(second, GROUP, f"Post {number}")
    # in a commit of its own: a last one that is damaged is cut off at a start, and comes again by that
    for subject in ("One more", "Another one"):
        post(first, GROUP, subject)
        wait_for_subject(second, GROUP, subject)
    whole = articles_by_number(second, GROUP)
    data = second.folder / "data"
    with pytest.raises(CommandFailedError, match="stop the node first"):
        second.cliquectl("repair", "--data", str(data))
    second.stop()
    file = data / "database" / "documents.fs"
    file.write_bytes(file.read_bytes().replace(b"Subject: Post 7", b"Subject: Pest 7"))
    second.start()
    with pytest.raises(CommandFailedError, match="cliquectl repair"):
        second.cliquectl("verify")
    second.stop()
    report = second.cliquectl("repair", "--data", str(data))
    assert len(report["lost"]) == 1
    second.start()
    wait_for("the lost document", lambda: articles_by_number(second, GROUP) == whole or None, 60)
    assert second.cliquectl("verify") == []
