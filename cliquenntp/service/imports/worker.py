"""A process of its own for reading an archive and signing: reading.ArchiveReading behind a pair of pipes.

Requests and answers are pickles, one after the other; both ends are this program.  The process ends when its input
does, so it does not outlive the node.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

from cliquenntp.service.imports.reading import ArchiveReading


class WorkerLost(Exception):
    """The process ended in the middle of its work: it was killed, or memory ran out."""


class Worker:
    """Starts the process and calls methods of its ArchiveReading; blocking, for one thread at a time."""

    def __init__(self, *arguments: Any) -> None:
        """Start the process and make an ArchiveReading there; raises what that raises."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cliquenntp.service.imports.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C at the terminal is for the node, which then ends this process
        )
        try:
            self.call("", *arguments)
        except BaseException:
            self.close()
            raise

    def call(self, method: str, *arguments: Any) -> Any:
        """Return what the method returns, or raise what it raises; WorkerLost when the process is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pickle.dump((method, arguments), self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
            is_result, value = pickle.load(self._process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise WorkerLost("the process that reads the archive is gone; run the import again") from error
        if is_result:
            return value
        raise value

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass
        self._process.wait()


def main() -> None:
    """Answer requests until there are no more."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    reading: ArchiveReading | None = None
    while True:
        try:
            method, arguments = pickle.load(requests)
        except EOFError:
            break
        answer: tuple[bool, Any]
        try:
            if reading is None:
                reading = ArchiveReading(*arguments)
                answer = True, None
            else:
                answer = True, getattr(reading, method)(*arguments)
        except Exception as error:
            answer = False, error
        try:
            pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()
        except BrokenPipeError:
            break
    if reading is not None:
        reading.close()


if __name__ == "__main__":
    main()
