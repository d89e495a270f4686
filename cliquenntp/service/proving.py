"""Proofs of work for what is written here, made in processes of their own while whoever writes waits a little.

A process does nothing else and is killed when it is not needed any more: when the proof is too late, or whoever waits
for it goes away.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from cliquenntp.document import Document, DocumentError, Signer, challenge, is_proof, parse, work_field
from cliquenntp.interfaces import IArchive
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.newsgroup.work import work_needed

MOST_AT_ONCE = 2
"""processes: as many cores as the least machine has that serves others; with a lower priority than all else there"""

MOST_WAITING = 50
"""proofs that wait for a process; at some seconds each, more would be too late anyway"""

MODULE = "cliquenntp.service.proof_process"

SHUTTING_DOWN = "the node is shutting down: post again later"


class WorkFailed(PostRefused):
    """A proof of work was not made; the text says why and what to do."""


class Proof(ProcessProtocol):
    """The proof of work of one document; ``document`` fires with the document that has it.  Fails with WorkFailed."""

    def __init__(
        self, unproved: Document, bits: int, signer: Signer, account: str, ended: Callable[[Proof], None]
    ) -> None:
        """Prove that many bits for a document that ``signer`` has signed; ``ended`` is told when that is over."""
        self.account = account
        self.bits = bits
        self.document: Deferred[Document] = Deferred()
        self.is_over = False
        self._signer = signer
        self._time = unproved.time
        self._unsigned = unproved.raw.split(b"\r\n", 2)[2]
        self.seed = challenge(signer.key, self._time, self._unsigned)
        self._ended = ended
        self._said = b""

    def outReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's name)
        """Take what the process prints."""
        self._said += data

    def processEnded(self, reason: Failure) -> None:  # noqa: N802
        """Sign the document with the nonce that was found."""
        self._ended(self)
        nonce = self._said.strip()
        if self.is_over:
            return
        if not nonce or not is_proof(self.seed, self.bits, nonce):
            self.fail(f"the process that makes the proof of work has ended: {reason.getErrorMessage()}")
            return
        raw = b"%b: %b\r\n%b" % (*work_field(self.bits, nonce), self._unsigned)
        try:
            document = parse(self._signer.sign(raw, self._time))
        except DocumentError as error:  # the proof's line made it longer
            self.fail(f"with its proof of work it breaks a limit: {error.reason}")
            return
        self.is_over = True
        self.document.callback(document)

    def fail(self, why: str) -> None:
        """Let the document go without a proof."""
        if not self.is_over:
            self.is_over = True
            self.kill()
            self.document.errback(WorkFailed(why))

    def stop(self) -> None:
        """End the work, if it is still under way: nobody waits for it."""
        self.fail("you went away before the proof of work was made")

    def kill(self) -> None:
        """End the process, if there is one."""
        if self.transport is not None:
            try:
                self.transport.signalProcess("KILL")
            except ProcessExitedAlready:
                pass


class Proving:
    """Makes proofs of work.  All methods are for the reactor's thread."""

    _log = Logger()

    def __init__(self, reactor: Any, archive: IArchive, seconds: float) -> None:
        """``seconds``: how long somebody waits for a proof; 0: this node makes none."""
        self._reactor = reactor
        self._archive = archive
        self._seconds = seconds
        self._waiting: list[Proof] = []
        self._running: list[Proof] = []
        self._is_stopped = False

    @property
    def running(self) -> int:
        """How many processes are at work."""
        return len(self._running)

    def prove(self, document: Document, signer: Signer, account: str) -> Proof | None:
        """Begin the work that a document takes which ``signer`` has signed for an account; None where it takes none."""
        bits = work_needed(document, self._archive)
        if not bits:
            return None
        proof = Proof(document, bits, signer, account, self._process_ended)
        if self._is_stopped:
            proof.fail(SHUTTING_DOWN)
        elif not self._seconds:
            proof.fail(f"posts here take a proof of work of {bits} bits, and this node makes none (work_seconds)")
        elif len(self._waiting) >= MOST_WAITING:
            proof.fail("too many posts wait for their proof of work here: post again in a minute")
        else:
            timer = self._reactor.callLater(self._seconds, self._too_late, proof)
            proof.document.addBoth(self._over, proof, timer)
            self._waiting.append(proof)
            self._go_on()
        return proof

    def stop(self) -> None:
        """End all work, and begin none: the node stops."""
        self._is_stopped = True
        for proof in [*self._waiting, *self._running]:
            proof.fail(SHUTTING_DOWN)

    def _too_late(self, proof: Proof) -> None:
        if proof in self._waiting:
            proof.fail("this machine is busy with other posts' proofs of work: post again in a minute")
        else:
            proof.fail(
                f"the proof of work of {proof.bits} bits was not made within {self._seconds:g} seconds: post again, "
                "each try is as likely to be quick (setting work_seconds)")

    def _over(self, result: Any, proof: Proof, timer: Any) -> Any:
        if timer.active():
            timer.cancel()
        if proof in self._waiting:
            self._waiting.remove(proof)
        return result

    def _process_ended(self, proof: Proof) -> None:
        self._running.remove(proof)
        self._go_on()

    def _go_on(self) -> None:
        """Start what there is room for; somebody's second proof waits for others' first ones."""
        while self._waiting and len(self._running) < MOST_AT_ONCE:
            served = {proof.account for proof in self._running}
            proof = next((one for one in self._waiting if one.account not in served), self._waiting[0])
            self._waiting.remove(proof)
            self._running.append(proof)
            command = [sys.executable, "-P", "-m", MODULE, str(os.getpid()), str(proof.bits), proof.seed.hex()]
            try:
                self._reactor.spawnProcess(proof, command[0], command, env=None)
            except OSError as error:
                self._log.error("No process for a proof of work: {error}", error=error)
                self._running.remove(proof)
                proof.fail(f"the proof of work cannot be made here: {error.strerror}")
