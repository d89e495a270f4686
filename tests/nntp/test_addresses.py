import pytest

from cliquenntp.nntp.addresses import MOST_COUNTED, Addresses, network_of
from cliquenntp.nntp.session import replies


@pytest.mark.parametrize(("address", "network"), [
    ("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("::ffff:192.0.2.7", "192.0.2.7"),
    ("aaaa.b32.i2p", "aaaa.b32.i2p"), ("", ""),
])
def test_what_one_client_controls(address: str, network: str) -> None:
    assert network_of(address) == network


def test_so_many_at_the_same_time() -> None:
    addresses = Addresses(2, None)
    assert [addresses.enter("a", 0.0) for _ in range(3)] == [None, None, replies.TOO_MANY_FROM_ADDRESS]
    assert addresses.enter("b", 0.0) is None
    addresses.leave("a")
    assert addresses.enter("a", 0.0) is None


def test_so_many_in_a_minute() -> None:
    addresses = Addresses(None, 6)
    for _ in range(6):
        assert addresses.enter("2001:db8::1", 0.0) is None
    assert addresses.enter("2001:db8::2", 0.0) == replies.TOO_OFTEN_FROM_ADDRESS
    assert addresses.enter("2001:db8::2", 9.0) == replies.TOO_OFTEN_FROM_ADDRESS
    assert addresses.enter("2001:db8::2", 19.0) is None
    assert addresses.enter("2001:db9::", 0.0) is None
    assert [addresses.enter("2001:db8::2", 3600.0) for _ in range(7)].count(None) == 6


def test_a_bounded_number_is_remembered() -> None:
    addresses = Addresses(None, 6)
    for number in range(MOST_COUNTED + 5):
        addresses.enter(str(number), 0.0)
    assert len(addresses._buckets) == MOST_COUNTED
