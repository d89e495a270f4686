"""A post to two forums is one document below both."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.real.node_process import NodeProcess
from tests.real.reading import count, message_id, post, wait_for_subject

pytestmark = pytest.mark.real


def test_a_node_that_has_only_the_second_forum_gets_what_was_posted_to_both(
    make_nodes: Callable[..., list[NodeProcess]],
) -> None:
    first, second = make_nodes("first", "second")
    for name in ("tea", "garden"):
        first.ask("create-forum", name=name, description="")
    second.ask("join", invitation=first.ask("invite", name="garden")["invitation"])
    post(first, "clique.tea,clique.garden", "to both")
    wait_for_subject(second, "clique.garden", "to both", 15.0)
    post(first, "clique.tea", "tea alone")
    starter = message_id(first, "clique.tea", "tea alone")
    post(first, "clique.tea,clique.garden", "deeper", f"References: {starter}")
    wait_for_subject(second, "clique.garden", "deeper", 15.0)
    assert count(second, "clique.garden") == 3
    post(second, "clique.garden", "back")
    wait_for_subject(first, "clique.garden", "back")


def test_a_node_that_joins_the_second_forum_later_finds_there_what_was_posted_to_both(
    make_nodes: Callable[..., list[NodeProcess]],
) -> None:
    first, second = make_nodes("first", "second")
    for name in ("tea", "garden"):
        first.ask("create-forum", name=name, description="")
    post(first, "clique.tea,clique.garden", "to both")
    starter = message_id(first, "clique.tea", "to both")
    post(first, "clique.tea,clique.garden", "Re: to both", f"References: {starter}")
    second.ask("join", invitation=first.ask("invite", name="tea")["invitation"])
    wait_for_subject(second, "clique.tea", "Re: to both", 15.0)
    second.ask("join", invitation=first.ask("invite", name="garden")["invitation"])
    for subject in ("to both", "Re: to both"):
        wait_for_subject(second, "clique.garden", subject, 15.0)
    post(second, "clique.garden", "back", f"References: {starter}")
    wait_for_subject(first, "clique.garden", "back")
    assert count(second, "clique.garden") == count(first, "clique.garden") == 4
