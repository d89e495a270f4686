"""Fuzzes one target in this process with atheris, until the time is over; says every second how far it is.

What fails is kept and told; the search goes on, so that one fault does not hide others.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import resource
import time
import traceback
from collections.abc import Iterable
from contextlib import redirect_stderr
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import atheris
import attrs
from twisted.logger import globalLogBeginner

from tests.fuzzing.target import Target

MOST_SECONDS = 1.0
"""of the processor that one input may take; more is a hang"""

STUCK_SECONDS = 60
"""of the clock, after which an input that does not end stops the run"""

WARM_UP = 0.2
"""part of the time after which memory is looked at for the first time"""

TOLD_EVERY = 1.0
"""seconds"""

INSTRUMENTED = ["cliquenntp", "email", "tomllib", "scramp"]


@attrs.define
class Figures:
    """What is told of a run."""

    inputs: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    """seconds of the processor that an input took"""
    warm_octets: int = 0
    """of memory after the warm-up"""
    octets: int = 0
    failures: list[str] = attrs.field(factory=list)
    """files with inputs, each with what went wrong beside it as .txt"""


def resident_octets() -> int:
    """Return what this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


class Run:
    """Gives a target input after input."""

    def __init__(self, target: Target, seconds: float, folder: Path) -> None:
        self.figures = Figures()
        self._target = target
        self._seconds = seconds
        self._folder = folder
        self._began = self._told = time.monotonic()
        self._known: set[str] = set()

    def take(self, data: bytes) -> None:
        """Try an input."""
        before = time.process_time()
        try:
            self._target.run(data)
        except Exception as error:
            self._keep("crash", _where(error), traceback.format_exc(), data)
        spent = time.process_time() - before
        self.figures.inputs += 1
        if spent > self.figures.longest:
            self.figures.longest = spent
            if spent > MOST_SECONDS:
                self._keep("slow", f"{spent:.0f}", f"{spent:.1f} seconds of the processor", data)
        if time.monotonic() - self._told > TOLD_EVERY:
            self.tell()

    def _keep(self, kind: str, what: str, text: str, data: bytes) -> None:
        if (key := kind + what) in self._known:
            return
        self._known.add(key)
        path = self._folder / f"{self._target.name}-{kind}-{sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        path.with_suffix(".txt").write_text(text)
        self.figures.failures.append(str(path))

    def tell(self) -> None:
        """Write the figures."""
        figures, self._told = self.figures, time.monotonic()
        figures.seconds = self._told - self._began
        if not figures.warm_octets and figures.seconds > WARM_UP * self._seconds:
            gc.collect()
            figures.warm_octets = resident_octets()
        figures.octets = resident_octets()
        written = self._folder / "figures.new"
        written.write_text(json.dumps(attrs.asdict(figures)))
        written.replace(self._folder / "figures.json")


def _where(error: BaseException) -> str:
    """Return what makes a fault the same as another: its kind, and the line that raised it."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} {frame.filename}:{frame.lineno}"


def load() -> ModuleType:
    """Return ``tests.fuzzing.table``, all that it leads to prepared for telling which code an input reaches."""
    with redirect_stderr(io.StringIO()), atheris.instrument_imports(include=INSTRUMENTED):  # it names each module
        return importlib.import_module("tests.fuzzing.table")


def fuzz(target: Target, found: Iterable[bytes], seconds: float, folder: Path) -> NoReturn:
    """Fuzz a target for so long, then end the process: atheris cannot be left in another way.

    ``found`` are inputs with which it once failed; ``folder`` is for corpus, figures and what fails.
    """
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for data in (*target.seeds, *found):
        (corpus / sha256(data).hexdigest()).write_bytes(data)
    words = folder / "words"
    words.write_text("".join(f'"{"".join(f"{chr(92)}x{octet:02x}" for octet in word)}"\n' for word in target.words))
    # until somebody listens, Twisted keeps what is logged
    globalLogBeginner.beginLoggingTo([], redirectStandardIO=False, discardBuffer=True)
    run = Run(target, seconds, folder)
    atexit.register(run.tell)
    atheris.Setup(
        ["fuzz", f"-max_total_time={seconds:.0f}", f"-max_len={target.most_octets}", f"-dict={words}",
         f"-timeout={STUCK_SECONDS}", f"-artifact_prefix={folder}/{target.name}-stuck-", "-verbosity=0", "-reload=0",
         str(corpus)],
        run.take)
    atheris.Fuzz()
    raise AssertionError("atheris ends the process")
