"""The supervised I2P session against a SAM port that misbehaves on command."""

import gc
import os
from pathlib import Path

import pytest
from twisted.internet import defer, reactor, task
from twisted.internet.protocol import Factory, Protocol
from twisted.trial import unittest

from cliquenntp.link import i2p, i2p_keys
from cliquenntp.link.address import BadAddressError, parse_address
from cliquenntp.link.i2p_settings import I2PSettings
from cliquenntp.link.settings import LinkSettings
from tests.link.fake_sam import FakeSAM, new_private_key
from tests.link.linkhelp import Node, until


class Collector(Protocol):
    """Keeps what comes and says it back."""

    def connectionMade(self):
        self.data = []
        self.factory.made.append(self)

    def dataReceived(self, data):
        self.data.append(data)
        if self.factory.echo:
            self.transport.write(data)

    def connectionLost(self, reason):
        self.factory.lost += 1


class Collectors(Factory):
    noisy = False
    protocol = Collector

    def __init__(self, echo=False):
        self.echo, self.made, self.lost = echo, [], 0


class I2PTests(unittest.TestCase):
    timeout = 60

    @pytest.fixture(autouse=True)
    def _take_folder(self, tmp_path):
        self.folder = tmp_path

    def setUp(self):
        self.sam = FakeSAM()
        self.sam_port = self.sam.open()
        self.networks, self.nodes = [], []

    @defer.inlineCallbacks
    def tearDown(self):
        for node in self.nodes:
            yield node.manager.shutdown()
        for network in self.networks:
            yield network.stop()
        yield self.sam.close()
        yield until(lambda: not self.sam.clients)
        gc.collect()  # a Deferred that nobody heard failing says so when it goes

    def settings(self, name, **changes):
        quick = {"rest": 0.05, "retry": 0.05, "session_time": 10.0, "answer_time": 10.0, "longest_retry": 0.2}
        return I2PSettings(self.folder / name / "key", sam_port=self.sam_port, **{**quick, **changes})

    def network(self, name="one", key=True, **changes):
        if key and not (self.folder / name / "key").exists():
            i2p_keys.save_key(self.folder / name / "key", i2p_keys.parse_key(new_private_key()))
        network = i2p.I2PNetwork(reactor, self.settings(name, **changes))
        self.networks.append(network)
        return network

    @defer.inlineCallbacks
    def pair(self, **changes):
        """A network that echoes, its address, and a network that dials."""
        server, client = self.network("server", **changes), self.network("client", **changes)
        factory = Collectors(echo=True)
        address = yield server.listen(factory)
        client.start()
        yield until(lambda: client.is_up)
        return server, parse_address(address), client, factory

    @defer.inlineCallbacks
    def echo(self, client, address, what=b"hello"):
        factory = Collectors()
        protocol = yield client.connect(address, factory)
        protocol.transport.write(what)
        yield until(lambda: b"".join(protocol.data) == what)
        protocol.transport.loseConnection()
        yield until(lambda: factory.lost)

    @defer.inlineCallbacks
    def test_one_destination_listens_and_dials(self):
        _, address, client, factory = yield self.pair()
        yield self.echo(client, address)
        assert f"i2p:{factory.made[0].transport.getPeer().host}" == client.address
        created = self.sam.commands("SESSION CREATE")
        assert len(created) == 2 and all("inbound.length=3" in line and "outbound.length=3" in line for line in created)
        assert all("MAX=3.1" in line for line in self.sam.commands("HELLO"))

    @defer.inlineCallbacks
    def test_two_nodes_link(self):
        one, other = Node(i2p=self.network("one")), Node(i2p=self.network("other"))
        self.nodes += [one, other]
        (address,) = yield one.manager.listen(["i2p"])
        (own,) = yield other.manager.listen(["i2p"])
        other.manager.dial(address)
        yield until(lambda: one.recorder.links and other.recorder.links)
        assert one.recorder.links[one.link] == (other.identity.node_key, own)
        one.send(b"document", b"x" * 100_000)
        yield until(lambda: other.recorder.messages)

    @defer.inlineCallbacks
    def test_thirty_dials_at_once_are_all_answered(self):
        _, address, client, _ = yield self.pair()
        yield defer.gatherResults([self.echo(client, address, b"dial %d" % number) for number in range(30)])

    @defer.inlineCallbacks
    def test_data_in_the_segment_of_the_answer_comes_as_bytes(self):
        _, address, client, _ = yield self.pair()
        self.sam.greeting = b"\xffgreeting\nand more"
        protocol = yield client.connect(address, Collectors())
        yield until(lambda: b"".join(protocol.data) == self.sam.greeting)
        assert protocol.data == [self.sam.greeting]
        protocol.transport.loseConnection()

    @defer.inlineCallbacks
    def test_a_dead_control_connection_is_noticed_and_replaced(self):
        server, address, client, _ = yield self.pair()
        for sessions in (2, 3):
            self.sam.drop_sessions()
            yield until(lambda sessions=sessions: server.sessions == client.sessions == sessions)
            assert server.address == str(address)
            yield self.echo(client, address)

    @defer.inlineCallbacks
    def test_a_killed_router_that_comes_back(self):
        server, address, client, factory = yield self.pair()
        protocol = yield client.connect(address, Collectors())
        yield self.sam.close()
        yield until(lambda: not server.is_up and not client.is_up and factory.lost)
        assert protocol.factory.lost == 1
        self.failureResultOf(client.connect(address, Collectors()), i2p.NoSessionError)
        self.sam.open(self.sam_port)
        yield until(lambda: server.is_up and client.is_up)
        yield self.echo(client, address)

    @defer.inlineCallbacks
    def test_dials_wait_for_a_killed_router_and_do_not_rest_after_its_return(self):
        settings = LinkSettings(first_redial=1000.0, give_up=10_000.0)
        one, other = (Node(settings, i2p=self.network(name)) for name in ("one", "other"))
        self.nodes += [one, other]
        (address,) = yield one.manager.listen(["i2p"])
        (other_address,) = yield other.manager.listen(["i2p"])
        self.sam.refuse = {"STREAM CONNECT": "CANT_REACH_PEER"}
        other.manager.dial(address)
        one.manager.dial(other_address)  # whose session comes last finds the other's

        def reasons():
            return [*one.manager.dials().values(), *other.manager.dials().values()]

        yield until(lambda: all("No route" in reason for reason in reasons()))
        yield self.sam.close()
        yield until(lambda: all("no I2P router answers" in reason for reason in reasons()))
        self.sam.refuse = {}
        self.sam.open(self.sam_port)
        yield until(lambda: one.recorder.links and other.recorder.links)

    @defer.inlineCallbacks
    def test_a_router_that_dies_again_and_again_before_there_is_a_session_is_tried_again_as_soon(self):
        self.sam.silent = {"SESSION CREATE"}
        network = self.network(longest_retry=1000.0)
        listening = network.listen(Collectors())
        for _ in range(15):
            asked = len(self.sam.commands("SESSION CREATE"))
            yield until(lambda asked=asked: len(self.sam.commands("SESSION CREATE")) > asked)
            yield self.sam.close()
            self.sam.open(self.sam_port)
        self.sam.silent = set()
        yield listening

    @defer.inlineCallbacks
    def test_a_session_that_the_router_no_longer_knows(self):
        server, address, client, _ = yield self.pair()
        yield self.echo(client, address)
        self.sam.sessions.clear()
        yield self.assertFailure(client.connect(address, Collectors()), Exception)
        yield until(lambda: client.sessions == 2)
        for acceptors in self.sam.acceptors.values():
            for acceptor in acceptors:
                acceptor.transport.abortConnection()
        yield until(lambda: server.sessions == 2)
        yield self.echo(client, address)

    @defer.inlineCallbacks
    def test_every_refusal_of_a_session_is_survived(self):
        results = ["DUPLICATED_DEST", "INVALID_KEY", "UNHEARD_OF"]
        for number, result in enumerate(results):
            self.sam.refuse = {"SESSION CREATE": result}
            network = self.network(f"network {number}")
            listening = network.listen(Collectors())
            yield until(lambda network=network: "next try" in network.state)
            self.sam.refuse = {}
            yield listening
            yield network.stop()

    @defer.inlineCallbacks
    def test_every_refusal_of_a_stream_leaves_the_next_one_alone(self):
        _, address, client, _ = yield self.pair()
        for result in ("CANT_REACH_PEER", "TIMEOUT", "UNHEARD_OF"):
            self.sam.refuse = {"STREAM CONNECT": result}
            yield self.assertFailure(client.connect(address, Collectors()), Exception)
            self.sam.refuse = {}
            yield self.echo(client, address)

    @defer.inlineCallbacks
    def test_refused_and_dying_acceptors_are_replaced(self):
        self.sam.refuse = {"STREAM ACCEPT": "I2P_ERROR"}
        _, address, client, _ = yield self.pair()
        yield until(lambda: len(self.sam.commands("STREAM ACCEPT")) >= 3)
        self.sam.refuse = {}
        yield self.echo(client, address)
        for _ in range(5):
            yield until(lambda: any(self.sam.acceptors.values()))
            for acceptors in self.sam.acceptors.values():
                for acceptor in acceptors:
                    acceptor.transport.abortConnection()
            yield until(lambda: not any(self.sam.acceptors.values()))
        yield self.echo(client, address)

    @defer.inlineCallbacks
    def test_silence_at_every_step_has_a_time_limit(self):
        for number, command in enumerate(("HELLO VERSION", "DEST GENERATE", "SESSION CREATE", "NAMING LOOKUP")):
            self.sam.silent = {command}
            network = self.network(f"network {number}", key=False, session_time=0.7, answer_time=0.7)
            listening = network.listen(Collectors())
            yield until(lambda network=network: "did not answer" in network.state)
            self.sam.silent = set()
            yield listening
            yield network.stop()

    @defer.inlineCallbacks
    def test_silence_to_an_acceptor_has_a_time_limit(self):
        self.sam.silent = {"STREAM ACCEPT"}
        _, address, client, _ = yield self.pair(answer_time=1.0)
        yield until(lambda: len(self.sam.commands("STREAM ACCEPT")) >= 2)
        self.sam.silent = set()
        yield self.echo(client, address)

    @defer.inlineCallbacks
    def test_a_dial_that_nobody_answers_can_be_cancelled(self):
        _, address, client, _ = yield self.pair()
        self.sam.silent = {"STREAM CONNECT"}
        dialled = client.connect(address, Collectors())
        yield task.deferLater(reactor, 0.05, lambda: None)
        dialled.cancel()
        yield self.assertFailure(dialled, defer.CancelledError)
        self.sam.silent = set()
        yield self.echo(client, address)

    @defer.inlineCallbacks
    def test_a_closed_sam_port_says_how_to_open_it_and_is_tried_again(self):
        yield self.sam.close()
        network = self.network()
        listening = network.listen(Collectors())
        yield until(lambda: "no I2P router answers" in network.state)
        for words in (
            f"127.0.0.1:{self.sam_port}",
            "[sam]",
            "i2pd.conf",
            "7657/configclients",
            "SAM application",
        ):
            assert words in network.state
        self.sam.open(self.sam_port)
        yield listening

    @defer.inlineCallbacks
    def test_a_deaf_destination_is_noticed(self):
        server = self.network("server", check_after=0.3, session_time=1.0)
        yield server.listen(Collectors())
        yield until(lambda: len(self.sam.commands("STREAM CONNECT")) >= 2)
        assert server.sessions == 1, "its own address answers"
        self.sam.deaf = True
        yield until(lambda: server.sessions == 2)

    @defer.inlineCallbacks
    def test_a_router_that_gives_another_destination_is_not_believed(self):
        self.sam.other_destination = i2p_keys.parse_key(new_private_key()).destination
        network = self.network()
        listening = network.listen(Collectors())
        yield until(lambda: "instead of the key file's" in network.state)
        assert not network.is_up
        self.sam.other_destination = ""
        yield listening

    @defer.inlineCallbacks
    def test_a_bad_key_file_stops_the_start_and_gives_no_other_identity(self):
        key = self.folder / "one" / "key"
        key.parent.mkdir(mode=0o700, parents=True)
        for text in ("", "\n", "garbage", new_private_key()[:-60], "*" * 908):
            key.write_text(text)
            key.chmod(0o600)
            with pytest.raises(i2p_keys.KeyFileError, match="no I2P key"):
                self.network().start()
        key.write_text(new_private_key())
        key.chmod(0o644)
        with pytest.raises(i2p_keys.KeyFileError, match="chmod 600"):
            self.network().start()
        yield task.deferLater(reactor, 0.1, lambda: None)
        assert self.sam.lines == []
        self.networks.clear()

    @defer.inlineCallbacks
    def test_the_key_is_kept_in_private_and_stays_the_same(self):
        first = self.network(key=False)
        address = yield first.listen(Collectors())
        key = self.folder / "one" / "key"
        assert key.stat().st_mode & 0o777 == 0o600 and key.parent.stat().st_mode & 0o777 == 0o700
        with pytest.raises(i2p_keys.KeyFileError, match="another process uses this I2P key"):
            i2p.I2PNetwork(reactor, self.settings("one")).start()
        yield first.stop()
        again = yield self.network().listen(Collectors())
        assert again == address and len(self.sam.commands("DEST GENERATE")) == 1

    @defer.inlineCallbacks
    def test_nothing_goes_by_another_way(self):
        node = Node(i2p=self.network())
        self.nodes.append(node)
        other = Node()
        self.nodes.append(other)
        (address,) = yield other.manager.listen(["tcp:127.0.0.1:0"])
        for where in (address, "tls:example.org:4000", "unix:/tmp/socket"):
            with pytest.raises(BadAddressError, match="nothing of it goes by any other way"):
                node.manager.dial(where)
            self.failureResultOf(node.manager.listen([where]), BadAddressError)
        with pytest.raises(BadAddressError, match="no I2P router configured"):
            other.manager.dial("i2p:" + "a" * 52 + ".b32.i2p")

    @defer.inlineCallbacks
    def test_stopping_at_any_moment_leaves_nothing(self):
        for command in ("HELLO VERSION", "DEST GENERATE", "SESSION CREATE", "STREAM ACCEPT", None):
            self.sam.silent = {command}
            network = self.network(f"network {command}", key=command != "DEST GENERATE")
            listening = network.listen(Collectors())
            listening.addErrback(lambda failure: failure.trap(defer.CancelledError))
            yield task.deferLater(reactor, 0.1, lambda: None)
            yield network.stop()
            yield until(lambda: not self.sam.clients)


def test_a_sam_port_beyond_loopback_is_refused():
    with pytest.raises(BadAddressError, match="must be on loopback"):
        I2PSettings(Path("/nowhere"), sam_host="192.0.2.1")


def test_a_key_rests_after_its_last_session(tmp_path):
    key = tmp_path / "keys" / "key"
    lock = i2p_keys.KeyLock(key)
    assert lock.take(1000.0, 7.0) == 0, "never used"
    lock.release(1010.0, used=True)
    assert lock.take(1012.0, 7.0) == 6.0
    lock.release(1012.0, used=False)
    assert lock.take(1012.0, 7.0) == 0
    os.close(lock._descriptor)  # the process dies
    lock._descriptor = None
    assert lock.take(2000.0, 7.0) == 7.0, "nobody knows when it was killed"
    lock.release(2000.0, used=True)
    assert lock.take(9.0, 7.0) == 7.0, "a clock that was set back"


def test_a_key_file_is_never_written_over(tmp_path):
    path = tmp_path / "keys" / "key"
    key = i2p_keys.parse_key(new_private_key())
    i2p_keys.save_key(path, key)
    with pytest.raises(FileExistsError):
        i2p_keys.save_key(path, i2p_keys.parse_key(new_private_key()))
    assert i2p_keys.load_key(path) == key
    assert [entry.name for entry in path.parent.iterdir()] == ["key"]
