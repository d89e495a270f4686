"""What ``make run`` does: start a node, give an empty one the sample forum, say how to read it, wait for Ctrl-C."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cliquenntp
from cliquenntp.control.places import SOCKET_NAME

SAMPLE = Path(cliquenntp.__file__).parent / "sample" / "welcome"
SAMPLE_FORUM = "welcome"
LOG_NAME = "cliquenntp.log"

START_SECONDS = 60.0
"""A start takes a second or two; after an upgrade it may have to change a large database."""

STOP_SECONDS = 30.0
"""What is under way is committed and readers are told; a commit takes well under a second."""

HOW_TO_READ = """
A node is running: {forums} forum(s), {documents} documents.  Its data is in {data}, its log in {log}.
Your address, to be set as the newsreader's identity:

    {address}

Read it, each in another terminal or program:

  slrn         slrn -h {host} -p {port} -f ~/.slrn-cliquenntp --create
               (later without --create; in ~/.slrnrc: set username "{local}", set hostname "{domain}")
  tin          tin -r -g {host} -p {port}
               (in ~/.tin/tinrc: mail_address={address})
  Thunderbird  File > New > Newsgroup Account: the address above, news server {host}; then in the account's
               Server Settings port {port}; then Subscribe.
  Gnus         (setq user-mail-address "{address}"
                     gnus-select-method '(nntp "{host}" (nntp-port-number {port})))

{page}More: {cliquectl} --help.  Ctrl-C stops the node.
"""


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"), help="the node's data folder")
    parser.add_argument("--nntp", default="tcp:1119:interface=127.0.0.1", help="where the newsreader connects")
    return parser.parse_args(argv)


class FirstRun:
    """A node in a child process, and cliquectl for it."""

    def __init__(self, data: Path, nntp: str) -> None:
        self._data = data.absolute()
        self._log = self._data / LOG_NAME
        self._programs = Path(sys.executable).parent
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        twistd = [str(self._programs / "twistd"), "-n", "--pidfile=", f"--logfile={self._log}"]
        # A session of its own: Ctrl-C reaches this program alone, which then ends the node in good order.
        self._node = subprocess.Popen(
            [*twistd, "cliquenntp", "--data", str(self._data), "--nntp", nntp],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _cliquectl(self, *words: str) -> list[str]:
        return [
            sys.executable, "-P", "-m", "cliquenntp.control.cliquectl", "--socket",
            str(self._data / SOCKET_NAME), *words,
        ]

    def status(self) -> dict[str, Any]:
        """Return the node's status as soon as it answers.  Raises SystemExit with the reason where it does not."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._node.poll() is None:
            asked = subprocess.run(self._cliquectl("--json", "status"), capture_output=True, text=True, check=False)
            if asked.returncode == 0:
                status: dict[str, Any] = json.loads(asked.stdout)
                return status
        if self._node.poll() is None:
            raise SystemExit(f"the node does not answer after {START_SECONDS:.0f} s; see {self._log}")
        assert self._node.stderr is not None
        reason = self._node.stderr.read().strip()
        raise SystemExit(reason or f"the node could not start; see {self._log}")

    def import_sample(self) -> None:
        """Take the sample forum in.  Raises SystemExit."""
        words = ("import", str(SAMPLE), "--forum", SAMPLE_FORUM)
        if subprocess.run(self._cliquectl(*words), stdout=subprocess.DEVNULL, check=False).returncode:
            raise SystemExit(1)

    def explain(self, status: dict[str, Any]) -> None:
        """Print how to read the node's forums."""
        _, host, port = status["nntp"][0].split(":")
        local, _, domain = status["address"].partition("@")
        page = "".join(
            f"Its page: http://{place.removeprefix('tcp:')}/\n" for place in status["web"] if place.startswith("tcp:"))
        values = {"page": page, "log": self._log, "host": host, "port": port, "local": local, "domain": domain}
        print(HOW_TO_READ.format(**status, **values, cliquectl=self._programs / "cliquectl"), flush=True)

    def wait(self) -> None:
        """Wait until the node ends, or a signal asks for it."""
        self._node.wait()

    def stop(self) -> None:
        """End the node in good order."""
        if self._node.poll() is None:
            self._node.terminate()
            try:
                self._node.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._node.kill()
                self._node.wait()


def main(argv: Sequence[str] | None = None) -> int:
    """Run until the node ends or Ctrl-C."""
    options = arguments(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run = FirstRun(options.data, options.nntp)
    try:
        status = run.status()
        if not status["forums"]:
            run.import_sample()
            status = run.status()
        run.explain(status)
        run.wait()
    except KeyboardInterrupt:
        print("stopping", flush=True)
    finally:
        run.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
