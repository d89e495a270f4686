"""The simulator's own parts: the clock, streams, scenario files, measurements and baselines."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.simulation.engine import Engine
from tests.simulation.network import Network, NetworkModel
from tests.simulation.run import Run
from tests.simulation.scenario import ScenarioError, load, names
from tests.simulation.table import table
from tests.simulation.worlds import inviters


class Listener:
    """Notes what the network tells a node."""

    def __init__(self, engine: Engine) -> None:
        self.heard: list[tuple[Any, ...]] = []
        self._engine = engine

    def opened(self, peer: int, outbound: bool) -> None:
        self.heard.append(("opened", peer))

    def failed(self, peer: int) -> None:
        self.heard.append(("failed", peer))

    def closed(self, peer: int) -> None:
        self.heard.append(("closed", peer, self._engine.now))

    def received(self, peer: int, payload: Any) -> None:
        self.heard.append((payload, peer))


def linked_pair() -> tuple[Engine, Network, Listener, Listener]:
    engine = Engine()
    network = Network(engine, Random(1), NetworkModel(tail_share=0.3))
    first, second = Listener(engine), Listener(engine)
    network.attach(1, first)
    network.attach(2, second)
    network.connect(1, 2)
    engine.run_until(20)
    assert first.heard == [("opened", 2)]
    assert second.heard == [("opened", 1)]
    return engine, network, first, second


def test_events_run_in_order_of_time_and_then_of_scheduling() -> None:
    engine, seen = Engine(), []
    for when, name in ((2.0, "c"), (1.0, "a"), (1.0, "b"), (9.0, "never")):
        engine.at(when, seen.append, name)
    engine.run_until(5)
    assert (seen, engine.now, engine.next_time()) == (["a", "b", "c"], 5, 9.0)


def test_a_stream_keeps_the_order_in_each_direction() -> None:
    engine, network, first, second = linked_pair()
    for number in range(100):
        assert network.send(1, 2, number, 50)
        assert network.send(2, 1, -number, 50)
    engine.run_until(200)
    assert [payload for payload, _ in second.heard[1:]] == list(range(100))
    assert [payload for payload, _ in first.heard[1:]] == [-number for number in range(100)]


def test_a_dead_peer_is_noticed_late_and_what_it_had_sent_still_comes() -> None:
    engine, network, _, second = linked_pair()
    network.send(1, 2, "last words", 50)
    died = engine.now
    network.detach(1)
    engine.run_until(200)
    assert second.heard[1] == ("last words", 1)
    assert 15 <= second.heard[2][2] - died <= 60
    assert not network.linked(2, 1)


def test_a_peer_that_returns_first_resets_the_old_stream() -> None:
    engine, network, _, second = linked_pair()
    network.detach(1)
    again = Listener(engine)
    network.attach(1, again)
    network.connect(1, 2)
    engine.run_until(engine.now + 10)
    assert [heard[0] for heard in second.heard] == ["opened", "closed", "opened"]
    assert again.heard == [("opened", 2)]
    network.send(2, 1, "new", 50)
    engine.run_until(engine.now + 60)
    assert again.heard[1:] == [("new", 2)]


def test_a_cut_loses_frames_and_a_healed_one_lets_them_connect_again() -> None:
    engine, network, first, second = linked_pair()
    network.cut(lambda node: node)
    network.send(1, 2, "lost", 50)
    network.connect(1, 2)
    engine.run_until(engine.now + 70)
    assert [heard[0] for heard in first.heard] == ["opened", "closed"]
    network.connect(1, 2)
    engine.run_until(engine.now + 70)
    assert first.heard[-1] == ("failed", 2)
    network.cut(None)
    network.connect(1, 2)
    engine.run_until(engine.now + 20)
    assert (first.heard[-1], second.heard[-1]) == (("opened", 2), ("opened", 1))


def test_bandwidth_spaces_frames_out() -> None:
    engine, _, first, second = linked_pair()
    slow = Network(engine, Random(1), NetworkModel(tail_share=0.0, bandwidth=1000.0))
    slow.attach(1, first)
    slow.attach(2, second)
    slow.connect(1, 2)
    engine.run_until(engine.now + 20)
    began = engine.now
    for _ in range(10):
        slow.send(1, 2, "kilobyte", 1000)
    engine.run_until(began + 9)
    assert sum(heard[0] == "kilobyte" for heard in second.heard) < 9
    engine.run_until(began + 20)
    assert sum(heard[0] == "kilobyte" for heard in second.heard) == 10


@pytest.mark.parametrize(("topology", "most"), [("line", 1), ("star", 99), ("tree", 7)])
def test_invitations_form_the_topology(topology: str, most: int) -> None:
    chosen = inviters(topology, 100, Random(1))
    assert chosen[0] is None
    assert all(inviter is not None and inviter < number for number, inviter in enumerate(chosen) if number)
    assert max(chosen.count(number) for number in range(100)) <= most


@pytest.mark.parametrize("name", names())
def test_every_scenario_file_can_be_read(name: str) -> None:
    assert load(name, 7).nodes == 7


def test_what_a_scenario_file_cannot_say_is_one_clear_error(tmp_path: Any) -> None:
    dance = "title = 'x'\n[[steps]]\nat = 1.0\ndo = 'dance'"
    for text, reason in (("title = 1\nx = 2", "'x'"), (dance, "no such step: dance"), ("=", "line 1")):
        path = tmp_path / "bad.toml"
        path.write_text(text)
        with pytest.raises(ScenarioError, match=reason):
            load(str(path))
    with pytest.raises(ScenarioError, match="no scenario nowhere; there are"):
        load("nowhere")


@pytest.mark.parametrize(("name", "most_redundant"), [
    ("flood", 5.0), ("plumtree", 0.5), ("calm", 0.2), ("young_forum", 0.2)])
def test_each_protocol_delivers_everything_on_a_small_network(name: str, most_redundant: float) -> None:
    result = Run(load(name, 40), 3).go()
    assert (result.delivered, result.missing, result.unwanted) == (1.0, 0, 0)
    assert 0 < result.p50 < result.p99 < 60
    assert result.redundancy < most_redundant
    assert f"| {name} " in table([result])


def test_one_seed_gives_one_run() -> None:
    first, second = (Run(load("calm", 20), 5).go() for _ in range(2))
    for result in (first, second):
        result.seconds = result.processor = result.core_seconds = 0.0
    assert first == second



@pytest.mark.long
def test_followers_get_what_they_follow_and_carry_nothing_else() -> None:
    result = Run(load("mixed", 40), 1).go()
    assert (result.delivered, result.unwanted) == (1.0, 0)
