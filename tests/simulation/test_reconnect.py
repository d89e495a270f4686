"""Two nodes that lost their stream for a while: what differs comes once, and nothing else is said for it."""

from __future__ import annotations

from tests.simulation.reconnect import reconnect


def test_equal_stores_send_no_comparison() -> None:
    cost = reconnect(500, 0)
    assert cost.bodies == 0
    assert cost.kinds.keys().isdisjoint({"SYNC", "ANNOUNCE", "IHAVE", "PUSH"})


def test_few_differences_in_a_long_history_cost_little() -> None:
    one, many = (reconnect(2000, differences) for differences in (1, 100))
    assert (one.bodies, many.bodies) == (1, 100)
    assert one.kinds["SYNC"] < 1000
    assert many.kinds["SYNC"] < 3000
