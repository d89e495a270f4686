"""What every plan of a day keeps to, whatever its seed."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.soak.plan import Arrive, Cut, Heal, Join, Kill, Leave, Plan, Post, Return, Shape, newcomers, plan

LARGE = Shape(20, 5000, 1800.0)
SMALL = Shape(5, 150, 45.0)
SEEDS = range(20)


def kinds(made: Plan) -> Counter[str]:
    return Counter(type(action).__name__ for action in made.actions)


def test_a_seed_is_a_day() -> None:
    assert plan(SMALL, 3) == plan(SMALL, 3)
    assert plan(SMALL, 3) != plan(SMALL, 4)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_large_day_has_everything(seed: int) -> None:
    found = kinds(plan(LARGE, seed))
    assert (found["Post"], found["Cut"], found["Heal"], found["Arrive"]) == (5000, 3, 3, newcomers(LARGE))
    assert found["Kill"] == found["Return"] >= 15
    assert found["Leave"] >= 3
    assert found["Join"] >= newcomers(LARGE) * 2


@pytest.mark.parametrize("shape", [SMALL, LARGE])
@pytest.mark.parametrize("seed", SEEDS)
def test_everything_can_be_carried_out(shape: Shape, seed: int) -> None:
    made = plan(shape, seed)
    up, follows = set(made.first), [set(nodes) for nodes in made.members]
    born, cut = set(up), False
    assert list(made.actions) == sorted(made.actions, key=lambda action: action.at)
    assert [action.number for action in made.actions if isinstance(action, Post)] == list(range(shape.posts))
    for action in made.actions:
        assert 0 <= action.at <= shape.seconds
        if isinstance(action, Post | Kill):
            assert action.node in up & follows[action.forum]
        if isinstance(action, Arrive):
            assert action.node not in born
            born.add(action.node)
            up.add(action.node)
        elif isinstance(action, Return):
            assert action.node in born - up
            up.add(action.node)
        elif isinstance(action, Kill):
            up.remove(action.node)
        elif isinstance(action, Join):
            assert action.node in up - follows[action.forum]
            assert action.inviter in up & follows[action.forum]
            follows[action.forum].add(action.node)
        elif isinstance(action, Leave):
            assert action.node in up and not cut, "what it alone holds would be lost"
            follows[action.forum].remove(action.node)
        elif isinstance(action, Cut | Heal):
            assert cut is isinstance(action, Heal)
            cut = isinstance(action, Cut)
    assert not cut and up == set(range(shape.nodes)), "who dies comes back, and what was cut heals"
    assert tuple(map(frozenset, follows)) == made.followers
    assert all(len(nodes) >= 2 for nodes in made.followers), "there is somebody to compare with"
