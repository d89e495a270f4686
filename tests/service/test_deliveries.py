"""The newest deliveries of a node, and who sees them."""

from __future__ import annotations

from cliquenntp.service.network.deliveries import DELIVERIES_KEPT, Deliveries, Delivery
from tests.link.linkhelp import until
from tests.service.own_nodes import OTHER_ROOT, OwnNodesCase
from tests.service.sides import NOW, ROOT
from tests.signed_documents import signed


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


class WhoSeesThem(OwnNodesCase):
    async def test_an_account_sees_those_of_its_forums_alone(self) -> None:
        self.start()
        for name, root in (("talk", ROOT), ("tea", OTHER_ROOT)):
            side = await self.side(name, root)
            await self.join(side, root)
            document = signed(f"About {name}", root, time=NOW)
            await side.write(document)
            await until(lambda document=document: self.holds(self.node.clique, document))
        await self.run_command("user", action="add", name="mary", password="correct", forums="clique.tea")

        async def seen(**who: str) -> set[str]:
            return {row["forum"] for row in await self.run_command("deliveries", **who)}

        self.assertEqual(await seen(), {"clique.talk", "clique.tea"})
        self.assertEqual(await seen(account="mary"), {"clique.tea"})
