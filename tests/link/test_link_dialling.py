"""Dialling with a clock of memory: when an address is tried, and when it is given up."""

from itertools import pairwise

from twisted.internet import defer
from twisted.internet.task import Clock

from cliquenntp.link.address import parse_address
from cliquenntp.link.dialling import Dialling
from cliquenntp.link.refusal import Refusal
from cliquenntp.link.settings import LinkSettings

A = parse_address("tls:a.example:4000")
B = parse_address("tls:b.example:4000")


class Bench:
    """Dialling with connections that the test answers."""

    def __init__(self, dice=lambda: 0.5, **settings):
        self.clock = Clock()
        self.attempts = []
        self.given_up = []
        self.obstacles = {}
        self.dialling = Dialling(
            self.clock, LinkSettings(**settings), dice, self.connect, self.given_up.append,
            lambda address: self.obstacles.get(address, ""),
        )

    def connect(self, dial):
        attempt = defer.Deferred()
        self.attempts.append((self.clock.seconds(), dial, attempt))
        return attempt

    def advance(self, seconds):
        for _ in range(int(seconds * 10)):
            self.clock.advance(0.1)


def test_waits_double_from_one_second():
    bench = Bench(give_up=1000)
    bench.dialling.want(A, None, 1000)
    while len(bench.attempts) < 6:
        bench.clock.advance(0.1)
        if bench.attempts[-1][2].called is False:
            bench.attempts[-1][2].errback(ConnectionRefusedError("closed"))
    times = [time for time, _, _ in bench.attempts]
    gaps = [round(later - earlier) for earlier, later in pairwise(times)]
    assert gaps == [1, 2, 4, 8, 16]
    assert bench.dialling.reasons() == {str(A): "closed"}


def test_a_rested_address_waits_whoever_asks_and_is_fresh_after_a_link():
    bench = Bench()
    bench.dialling.want(A, None, 0)
    bench.advance(0.1)
    bench.attempts[0][2].errback(ConnectionRefusedError("closed"))
    assert [dial.address for dial in bench.given_up] == [A] and A not in bench.dialling
    bench.dialling.want(A, None, 100)
    bench.advance(0.5)
    assert len(bench.attempts) == 1
    bench.advance(1)
    assert len(bench.attempts) == 2
    dial = bench.attempts[1][1]
    bench.attempts[1][2].callback(None)
    bench.dialling.opened(dial)
    bench.dialling.want(A, None, 100)
    bench.advance(0.1)
    assert len(bench.attempts) == 3


def test_an_attempt_has_a_time_limit():
    bench = Bench(connect_time=5, give_up=1000)
    bench.dialling.want(A, None, 1000)
    bench.advance(5.5)
    assert "no answer for 5 s" in bench.dialling.reasons()[str(A)]
    bench.advance(2)
    assert len(bench.attempts) == 2


def test_only_so_many_at_a_time():
    bench = Bench(max_dialling=3)
    for number in range(10):
        bench.dialling.want(parse_address(f"tls:a.example:{number}"), None, 100)
    bench.advance(0.1)
    assert len(bench.attempts) == 3
    bench.dialling.opened(bench.attempts[0][1])
    assert len(bench.attempts) == 4
    bench.dialling.failed(bench.attempts[1][1], "no")
    assert len(bench.attempts) == 5
    bench.dialling.forget(bench.attempts[2][1].address)
    assert len(bench.attempts) == 6


def test_what_another_try_will_not_change_is_given_up_at_once():
    for refusal in (Refusal.ITSELF, Refusal.KEY, Refusal.VERSION):
        bench = Bench()
        bench.dialling.want(A, None, 1000)
        bench.advance(0.1)
        bench.attempts[0][2].callback(None)
        bench.dialling.failed(bench.attempts[0][1], refusal.reason, refusal)
        assert len(bench.given_up) == 1


def test_forgetting_cancels_the_attempt_and_the_next_one():
    bench = Bench()
    bench.dialling.want(A, None, 1000)
    bench.advance(0.1)
    bench.dialling.forget(A)
    bench.advance(100)
    assert len(bench.attempts) == 1 and not bench.given_up and not bench.clock.getDelayedCalls()
    bench.dialling.want(A, None, 1000)
    bench.dialling.stop()
    assert not bench.clock.getDelayedCalls()


def test_a_dial_waits_while_something_on_this_machine_is_in_its_way():
    bench = Bench()
    bench.obstacles[A] = "no router"
    bench.dialling.want(A, None, 150)
    bench.dialling.want(B, None, 150)
    bench.advance(0.1)
    bench.dialling.opened(bench.attempts[0][1])
    bench.advance(1000)
    assert [dial.address for _, dial, _ in bench.attempts] == [B]
    assert bench.dialling.reasons()[str(A)] == "no router" and not bench.given_up
    bench.obstacles.clear()
    bench.dialling.way_opened()
    assert [dial.address for _, dial, _ in bench.attempts] == [B, A]
    assert bench.dialling.reasons()[str(A)] == "not tried yet"
    bench.attempts[1][2].errback(ConnectionRefusedError("closed"))
    bench.advance(100)
    assert not bench.given_up, "the seconds of waiting are not seconds of failing"


def test_once_the_way_is_open_everything_is_tried_at_once_as_if_nothing_had_failed():
    bench = Bench(max_dialling=1)
    for address in (A, B):
        bench.dialling.want(address, None, 10_000)
    while len(bench.attempts) < 12:
        bench.clock.advance(0.1)
        if not bench.attempts[-1][2].called:
            bench.attempts[-1][2].errback(ConnectionRefusedError("closed"))
    bench.clock.advance(0.1)
    assert len(bench.attempts) == 12 and bench.attempts[-1][2].called, "both rest"
    bench.dialling.way_opened()
    bench.dialling.way_opened()
    assert len(bench.attempts) == 13
    bench.attempts[12][2].errback(ConnectionRefusedError("closed"))
    assert len(bench.attempts) == 14
    bench.attempts[13][2].errback(ConnectionRefusedError("closed"))
    bench.advance(1.4)
    assert len(bench.attempts) == 15, "after the first second of a new back-off"


def test_what_waits_can_be_forgotten():
    bench = Bench()
    bench.obstacles[A] = "no router"
    bench.dialling.want(A, None, 150)
    bench.advance(1)
    bench.dialling.forget(A)
    bench.obstacles.clear()
    bench.dialling.way_opened()
    bench.advance(1000)
    assert not bench.attempts and not bench.given_up and not bench.clock.getDelayedCalls()


def test_wanting_twice_is_one_dial():
    bench = Bench()
    bench.dialling.want(A, None, 1000)
    bench.dialling.want(A, b"k" * 32, 1000)
    bench.advance(1)
    assert len(bench.attempts) == 1
