"""Proofs of work: how many are made at once, for whom first, and what is said where one is not made."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.error import ProcessExitedAlready, ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from cliquenntp.document import DEFAULT_LIMITS, Signer, challenge, find_nonce, is_proof, verify, work_bits
from cliquenntp.service import proving
from cliquenntp.service.proving import MODULE, Proof, Proving
from cliquenntp.store import Store
from tests.service.test_moderation import take
from tests.signed_documents import TIME, forum, signed

OWNER, STRANGER = Signer(b"o" * 32), Signer(b"s" * 32)
BITS = 6
TEA = forum("tea", author=OWNER, Clique_Work_Asked=str(BITS))
SECONDS = 10.0


class Process:
    """A process that ends when the test says so, or is killed."""

    def __init__(self, proof: Proof, command: list[str]) -> None:
        self.proof = proof
        self.command = command
        self.is_running = True

    def signalProcess(self, name: str) -> None:
        if not self.is_running:
            raise ProcessExitedAlready
        assert name == "KILL"
        self.end()

    def end(self, said: bytes = b"") -> None:
        self.is_running = False
        self.proof.outReceived(said)
        self.proof.processEnded(Failure(ProcessTerminated(9)))

    def find(self) -> None:
        """End as the process does that has found the nonce."""
        _, bits, seed = self.command[-3:]
        nonce = find_nonce(bytes.fromhex(seed), int(bits), 0, 1 << 20)
        assert nonce is not None
        self.end(nonce + b"\n")


class Reactor(Clock):
    """A clock that starts no processes."""

    def __init__(self) -> None:
        super().__init__()
        self.processes: list[Process] = []
        self.error: OSError | None = None

    def spawnProcess(self, proof: Proof, program: str, command: list[str], env: None) -> None:
        if self.error is not None:
            raise self.error
        process = Process(proof, command)
        proof.makeConnection(process)
        self.processes.append(process)

    @property
    def running(self) -> list[Process]:
        return [process for process in self.processes if process.is_running]


@pytest.fixture
def reactor() -> Reactor:
    return Reactor()


class Told(list[Any]):
    """What became of a proof: nothing yet, or the document, or why there is none."""

    def __init__(self, proof: Proof) -> None:
        super().__init__()
        self.proof = proof
        proof.document.addCallbacks(self.append, lambda failure: self.append(failure.getErrorMessage()))


Ask = Callable[..., Told]


@pytest.fixture
def making(store: Store, reactor: Reactor) -> Proving:
    """What makes proofs at a node that holds the forum."""
    take(store, [TEA])
    return Proving(reactor, store.writer, SECONDS)


@pytest.fixture
def ask(making: Proving) -> Ask:
    """A function that asks for a proof for an account."""

    def begin(account: str = "mary", making: Proving = making) -> Told:
        proof = making.prove(signed(f"From {account}", TEA, author=STRANGER), STRANGER, account)
        assert proof is not None
        return Told(proof)

    return begin


def test_a_document_gets_the_work_that_was_found(ask: Ask, reactor: Reactor) -> None:
    told = ask()
    [process] = reactor.running
    assert process.command[:4] == [sys.executable, "-P", "-m", MODULE]
    process.find()
    [document] = told
    verify(document)
    assert (work_bits(document), document.time, document.headers.get(b"Subject")) == (BITS, TIME, b"From mary")
    reactor.advance(SECONDS)
    assert told == [document]
    assert reactor.getDelayedCalls() == []


def test_what_takes_no_work_waits_for_none(making: Proving, reactor: Reactor) -> None:
    assert making.prove(signed("Mine", TEA, author=OWNER), OWNER, "owner") is None
    assert making.prove(TEA, OWNER, "owner") is None
    assert reactor.processes == []


def test_so_many_at_once_and_somebodys_second_waits_for_others_first(ask: Ask, reactor: Reactor) -> None:
    for account in ("mary", "mary", "mary", "bob"):
        ask(account)
    assert [process.proof.account for process in reactor.running] == ["mary", "mary"]
    reactor.running[0].find()
    assert [process.proof.account for process in reactor.running] == ["mary", "bob"]
    reactor.running[1].find()
    assert [process.proof.account for process in reactor.running] == ["mary", "mary"]


def test_one_that_is_too_late_is_killed_and_says_what_to_do(ask: Ask, reactor: Reactor) -> None:
    told = [ask(), ask(), ask()]
    reactor.advance(SECONDS - 1)
    fresh = ask("bob")
    assert [*map(len, told)] == [0, 0, 0]
    reactor.advance(1)
    late = (f"the proof of work of {BITS} bits was not made within 10 seconds: post again, each try is as likely to be "
            "quick (setting work_seconds)")
    assert told[0] == told[1] == [late]
    assert fresh == [], "it has had one second"
    assert told[2] in ([late], ["this machine is busy with other posts' proofs of work: post again in a minute"])
    assert [process.proof.account for process in reactor.running] == ["bob"]


def test_no_more_than_so_many_wait(ask: Ask, reactor: Reactor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "MOST_WAITING", 1)
    waiting = [ask(), ask(), ask()]
    assert ask() == ["too many posts wait for their proof of work here: post again in a minute"]
    assert waiting == [[], [], []]


def test_whoever_goes_away_frees_the_process_or_the_place(ask: Ask, reactor: Reactor) -> None:
    told = [ask() for _ in range(4)]
    told[3].proof.stop()
    assert len(reactor.running) == 2
    told[0].proof.stop()
    assert told[0] == told[3] == ["you went away before the proof of work was made"]
    assert [process.proof for process in reactor.running] == [one.proof for one in told[1:3]]
    reactor.running[0].find()
    [document] = told[1]
    told[1].proof.stop()
    assert told[1] == [document]


def test_a_node_that_stops_ends_all(ask: Ask, making: Proving, reactor: Reactor) -> None:
    told = [ask() for _ in range(3)]
    making.stop()
    assert told == [["the node is shutting down: post again later"]] * 3
    assert ask() == ["the node is shutting down: post again later"], "an article that was on its way"
    assert (reactor.running, reactor.getDelayedCalls()) == ([], [])


def test_a_document_that_a_proof_makes_too_large_is_told(making: Proving, reactor: Reactor) -> None:
    room = DEFAULT_LIMITS.document_octets - len(signed("Long", TEA, author=STRANGER, body=b"").raw)
    proof = making.prove(signed("Long", TEA, author=STRANGER, body=b"x" * room), STRANGER, "mary")
    assert proof is not None
    told = Told(proof)
    reactor.running[0].find()
    [text] = told
    assert text.startswith("with its proof of work it breaks a limit: ")
    assert reactor.getDelayedCalls() == []


@pytest.mark.parametrize("said", [b"", b"no nonce at all\n"])
def test_a_process_that_ends_without_a_proof_is_told(ask: Ask, reactor: Reactor, said: bytes) -> None:
    told = ask()
    assert not is_proof(told.proof.seed, BITS, said.strip())
    reactor.running[0].end(said)
    [text] = told
    assert text.startswith("the process that makes the proof of work has ended: A process has ended")
    ask()
    assert len(reactor.running) == 1


def test_where_no_process_can_be_started_it_is_said(ask: Ask, reactor: Reactor) -> None:
    reactor.error = OSError(11, "Resource temporarily unavailable")
    assert ask() == ["the proof of work cannot be made here: Resource temporarily unavailable"]
    reactor.error = None
    ask()
    assert len(reactor.running) == 1


def test_a_node_may_make_none(ask: Ask, store: Store, reactor: Reactor) -> None:
    assert ask(making=Proving(reactor, store.writer, 0)) == [
        f"posts here take a proof of work of {BITS} bits, and this node makes none (work_seconds)"]
    assert reactor.processes == []


def test_the_process_prints_the_nonce_and_ends_without_its_node() -> None:
    seed = challenge(STRANGER.key, TIME, b"text")
    run = [sys.executable, "-m", MODULE]
    done = subprocess.run([*run, str(os.getpid()), "10", seed.hex()], capture_output=True, check=True)
    assert is_proof(seed, 10, done.stdout.strip())
    orphan = subprocess.run([*run, "1", "200", seed.hex()], capture_output=True, check=True, timeout=60)
    assert orphan.stdout == b""
