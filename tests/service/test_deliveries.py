from __future__ import annotations

from cliquenntp.service.network.deliveries import DELIVERIES_KEPT, Deliveries, Delivery


def test_the_newest_are_kept_the_newest_first() -> None:
    now = [0.0]
    deliveries = Deliveries(lambda: now[0])
    assert [*deliveries.newest()] == []
    deliveries.came(b"a", b"first")
    now[0] = 2.5
    deliveries.went(b"a", b"second")
    assert [*deliveries.newest()] == [Delivery(b"a", b"second", False, 2.5), Delivery(b"a", b"first", True, 0.0)]
    for number in range(2 * DELIVERIES_KEPT):
        deliveries.came(b"%d" % number, b"first")
    kept = [*deliveries.newest()]
    assert len(kept) == DELIVERIES_KEPT
    assert kept[0].document == b"%d" % (2 * DELIVERIES_KEPT - 1)
