"""Look-ups of names, some of which never end."""

from cliquenntp.link.name_lookups import FewLookups


class Receiver:
    def __init__(self):
        self.told = []

    def resolutionBegan(self, resolution):
        self.told.append(resolution)

    def addressResolved(self, address):
        self.told.append(address)

    def resolutionComplete(self):
        self.told.append("complete")


class Resolver:
    def __init__(self):
        self.asked = {}

    def resolveHostName(self, receiver, name, *rest):
        self.asked[name] = receiver, rest
        receiver.resolutionBegan(name)


def test_only_so_many_names_are_looked_up_at_a_time_and_the_others_in_order():
    resolver = Resolver()
    few = FewLookups(resolver, 2)
    receivers = {name: Receiver() for name in "abcd"}
    for name, receiver in receivers.items():
        few.resolveHostName(receiver, name, 4000, None, "TCP").cancel()
    assert list(resolver.asked) == ["a", "b"]
    assert resolver.asked["a"][1] == (4000, None, "TCP")
    resolver.asked["b"][0].addressResolved("an address")
    resolver.asked["b"][0].resolutionComplete()
    assert receivers["b"].told == ["b", "an address", "complete"]
    assert list(resolver.asked) == ["a", "b", "c"]
    for name in ("a", "c", "d"):
        resolver.asked[name][0].resolutionComplete()
    assert [receiver.told[-1] for receiver in receivers.values()] == ["complete"] * 4
    few.resolveHostName(Receiver(), "e")
    assert "e" in resolver.asked
