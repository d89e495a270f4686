"""The picture of deliveries: what stands where, and nothing of what others wrote as markup."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from cliquenntp.web.deliveries_picture import MOST_LANES, MOST_MARKS, NEW_SECONDS, picture

NOW = 1_800_000_000.0
SPACE = "{http://www.w3.org/2000/svg}"


def row(ago: float, way: str, node: str, document: str = "x", age: float = 1.0) -> dict[str, Any]:
    return {"at": NOW - ago, "way": way, "node": node, "id": document, "age": age, "forum": "clique.a", "subject": "s"}


def drawn(*rows: dict[str, Any]) -> ElementTree.Element:
    return ElementTree.fromstring(picture(rows, NOW))


def circles(root: ElementTree.Element) -> list[ElementTree.Element]:
    return list(root.iter(f"{SPACE}circle"))


def texts(root: ElementTree.Element) -> list[str | None]:
    return [one.text for one in root.iter(f"{SPACE}text")]


def test_a_document_that_came_and_was_passed_on_stands_on_both_lanes() -> None:
    root = drawn(row(5, "out", "b" * 43), row(6, "out", "c" * 43), row(7, "in", "a" * 43))
    came, *went = circles(root)
    assert texts(root)[-3:] == ["b" * 8, "c" * 8, "a" * 8]
    assert came.get("fill") == came.get("stroke") != went[0].get("fill")
    assert len({one.get("cy") for one in (came, *went)}) == 3
    joined = [line for line in root.iter(f"{SPACE}line") if line.get("stroke-dasharray")]
    assert {(line.get("y1"), line.get("y2")) for line in joined} == {(came.get("cy"), one.get("cy")) for one in went}


def test_what_is_newer_stands_nearer_to_the_names_and_a_line_leads_to_when_it_was_written() -> None:
    root = drawn(row(0, "in", "a", age=0), row(9, "in", "a", age=90), row(5000, "in", "a", age=1e9))
    places = [float(one.get("cx", "")) for one in circles(root)]
    assert places == sorted(places, reverse=True)
    assert places[-1] == 100
    written = [line for line in root.iter(f"{SPACE}line") if line.get("stroke-width") == "3"]
    begins = [float(line.get("x1", "")) for line in written]
    assert begins[0] == 700  # long before what the axis has room for
    assert begins == sorted(begins, reverse=True)
    assert [line.get("x2") for line in written] == [one.get("cx") for one in circles(root)]


def test_only_what_came_just_now_stands_out_and_only_for_whoever_wants_motion() -> None:
    root = drawn(row(NEW_SECONDS - 1, "in", "a"), row(NEW_SECONDS + 1, "in", "a"))
    assert [one.get("class") for one in circles(root)] == [None, "new"]
    [style] = root.iter(f"{SPACE}style")
    assert (style.text or "").startswith("@media (prefers-reduced-motion: no-preference) {")


def test_no_more_lanes_and_marks_are_drawn_than_can_be_told_apart() -> None:
    root = drawn(*(row(number, "in", f"node{number % 50}") for number in range(1000)))
    assert len([text for text in texts(root) if (text or "").startswith("node")]) == MOST_LANES
    assert 0 < len(circles(root)) <= MOST_MARKS


def test_a_node_where_nothing_came_says_so() -> None:
    assert "Nothing came or went yet." in texts(drawn())


@given(st.text(max_size=12), st.floats(-1e9, 1e10), st.floats(0, 1e10))
def test_whatever_a_name_and_a_clock_say_it_is_a_picture(node: str, ago: float, age: float) -> None:
    node = "".join(character for character in node if character.isprintable())
    root = drawn(row(ago, "in", node, age=age), row(ago, "out", f"{node}<b>", age=age))
    assert all(100 <= float(one.get("cx", "")) <= 700 for one in circles(root))
