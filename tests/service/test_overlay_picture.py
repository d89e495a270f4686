from __future__ import annotations

import re
from xml.etree import ElementTree

from cliquenntp.service.network.overlay_picture import Other, Overlay, Role, dot, svg

NASTY = 'a"b\\c<d>&'
OVERLAY = Overlay(
    f"clique.tea, {NASTY}",
    "myself",
    ("this node", "0.3 s from the center"),
    False,
    (
        Other("one", Role.PARENT, (NASTY, "leads to 4 nodes"), is_center=True),
        Other("two", Role.CHILD),
        Other("three", Role.BESIDE),
        Other("four", Role.FOLLOWER),
        Other("five", Role.KNOWN),
    ),
)
STRING = r'"(?:[^"\\]|\\.)*"'


def test_dot_points_arrows_the_way_documents_come() -> None:
    found = re.findall(f"({STRING}) -> ({STRING})", dot(OVERLAY))
    assert found == [('"one"', '"myself"'), ('"myself"', '"two"'), ('"three"', '"myself"'), ('"myself"', '"four"')]


def test_dot_has_only_statements_whatever_a_label_says() -> None:
    value = rf"(?:{STRING}|[a-z]+|\d+)"
    attributes = rf"\[[a-z]+={value}(?:, [a-z]+={value})*\]"
    statement = rf"  (?:label={STRING}|(?:node|{STRING}(?: -> {STRING})?) {attributes});"
    lines = dot(OVERLAY).splitlines()
    assert lines[0] == "digraph overlay {"
    assert lines[-1] == "}"
    assert [line for line in lines[1:-1] if not re.fullmatch(statement, line)] == []


def test_svg_shows_each_node_once_and_a_line_to_each_neighbour() -> None:
    root = ElementTree.fromstring(svg(OVERLAY))
    space = "{http://www.w3.org/2000/svg}"
    texts = [element.text for element in root.iter(f"{space}text")]
    assert texts.count(NASTY) == 1
    assert all(texts.count(name) == 1 for name in ("myself", "one", "two", "three", "four", "five"))
    assert len(list(root.iter(f"{space}line"))) == 4
    assert len([box for box in root.iter(f"{space}rect") if box.get("stroke-width") == "4"]) == 1


def test_a_node_alone_can_be_drawn() -> None:
    alone = Overlay("clique.tea", "myself", ("this node",), True, ())
    assert "peripheries=2" in dot(alone)
    assert len(list(ElementTree.fromstring(svg(alone)).iter("{http://www.w3.org/2000/svg}rect"))) == 1
