"""Workers on one machine: readers that serve the node's listening ports, and the ZEO server through which all read.

The node is started with ``workers = N``.  It starts ZEO on its database's folder, opens the database through that, and
hands each connection of a newsreader to the next worker.  What ends is started again; when the node ends, so do they.
"""

from __future__ import annotations

import importlib.util
import pickle
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from cliquenntp.service.processes.desk import DESK_SOCKET
from cliquenntp.service.processes.front import Front
from cliquenntp.service.readers.listeners import ACCOUNTS, NNTP, PUBLIC
from cliquenntp.service.readers.news_endpoints import NewsEndpoint, tcp_address
from cliquenntp.service.setting_checks import READER
from cliquenntp.service.settings import Settings
from cliquenntp.service.start import StartError

ZEO_SOCKET = "zeo.sock"
"""in the data folder"""

LOOK_SECONDS = 0.5
"""between two looks whether a process has ended"""

START_SECONDS = 30.0
"""that the ZEO server may take until it is up: after a crash it reads the end of the database file again"""


class ZeoProcess:
    """The ZEO server of a database folder."""

    log = Logger()

    def __init__(self, data: Path, database: Path, blobs: Path) -> None:
        """``data`` is the node's folder, ``database`` the FileStorage's file, ``blobs`` its folder of blobs."""
        self._data = data
        self._database = database
        self._blobs = blobs
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def location(self) -> str:
        """The location of the database through it."""
        return f"zeo://{self._data / ZEO_SOCKET}"

    def start(self) -> None:
        """Start it and wait until it is up.  Raises StartError."""
        if importlib.util.find_spec("ZEO") is None:
            raise StartError("workers need ZEO: pip install 'cliquenntp[zeo]'")
        self._database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            self.launch()
            if self._is_up(until):
                return
        raise StartError(f"ZEO did not start on {self._database}: {self._data / 'zeo.log'} says why")

    def launch(self) -> None:
        """Start it."""
        socket_path = self._data / ZEO_SOCKET
        socket_path.unlink(missing_ok=True)
        configuration = self._data / "zeo.conf"
        configuration.write_text(
            f"<zeo>\naddress {socket_path}\n</zeo>\n<filestorage 1>\npath {self._database}\n"
            f"blob-dir {self._blobs}\npack-keep-old false\n</filestorage>\n")
        with (self._data / "zeo.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "cliquenntp.store.zeo_server", "-C", str(configuration)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _is_up(self, until: float) -> bool:
        """Wait until it listens; False where it ended, as it does while its predecessor still has the file."""
        while self.is_running and time.monotonic() < until:
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(str(self._data / ZEO_SOCKET)) == 0:
                    return True
            time.sleep(0.05)  # the reactor does not run yet, and nothing tells
        return False

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process's id."""
        return None if self._process is None else self._process.pid

    def stop(self) -> None:
        """End it; what was committed is on disk."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None


@attrs.define(eq=False)
class _Running:
    process: subprocess.Popen[bytes]
    handing: socket.socket


class Workers:
    """The worker processes of a node, and its listening ports."""

    log = Logger()

    def __init__(self, reactor: Any, settings: Settings, location: str, zeo: ZeoProcess | None) -> None:
        """``location`` is where the workers find the database, ``zeo`` the server of it that the node has started."""
        self._reactor = reactor
        self._settings = settings
        self._location = location
        self._zeo = zeo
        self._fronts: list[Front] = []
        self._shared: dict[str, list[str]] = {}
        self._running: list[_Running] = []
        self._next = 0
        self._certificate: Path | None = None
        self._watching = LoopingCall(self._look)
        self._watching.clock = reactor

    @staticmethod
    def serve(endpoint: NewsEndpoint) -> bool:
        """Tell whether workers serve an endpoint: Unix sockets, I2P and what systemd opens stay with the node."""
        return endpoint.twisted.startswith("tcp:")

    def listen(self, kind: str, endpoint: NewsEndpoint) -> Front:
        """Open a listening port for the workers; ``kind`` is the setting that names it.  Raises StartError."""
        number = len(self._fronts)
        try:
            front = Front(self._reactor, tcp_address(endpoint.twisted), partial(self._hand_on, number))
        except OSError as error:
            raise StartError(f"the port {endpoint.text} for newsreaders cannot be opened: {error.strerror}") from None
        self._fronts.append(front)
        self._shared.setdefault(kind, []).append(endpoint.text)
        return front

    def start(self, certificate: Path | None) -> None:
        """Start the workers; ``certificate`` is the file for TLS, None where none is used."""
        self._certificate = certificate
        self._running = [self._spawn(number) for number in range(self._settings.workers)]
        for front in self._fronts:
            front.startListening()
        self._watching.start(LOOK_SECONDS, now=False)

    @property
    def pids(self) -> list[int]:
        """The ids of the workers' processes."""
        return [running.process.pid for running in self._running]

    @property
    def zeo_pid(self) -> int | None:
        """The id of the ZEO server's process; None where it is none of this node's."""
        return None if self._zeo is None else self._zeo.pid

    def _spawn(self, number: int) -> _Running:
        settings = attrs.evolve(
            self._settings, role=READER, workers=0, storage=self._location,
            data=self._settings.data / f"worker{number}", writer=f"unix:{self._settings.data / DESK_SOCKET}",
            web=(), public_web=(), clique=(), desk=(), feed=(), certificate=self._certificate,
            nntp=self._shared_at(NNTP), public=self._shared_at(PUBLIC), accounts=self._shared_at(ACCOUNTS))
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-P", "-m", "cliquenntp.service.processes.worker"]
            process = subprocess.Popen(command, stdin=theirs.fileno())
        pickled = pickle.dumps(settings)
        with suppress(OSError):  # it ended at once: the next look tells
            ours.sendall(len(pickled).to_bytes(4, "big") + pickled)
        ours.setblocking(False)
        return _Running(process, ours)

    def _shared_at(self, kind: str) -> tuple[str, ...]:
        return tuple(self._shared.get(kind, ()))

    def _hand_on(self, listener: int, connection: socket.socket) -> bool:
        """Hand a connection to the next worker that takes it."""
        for _ in self._running:
            self._next = (self._next + 1) % len(self._running)
            try:
                socket.send_fds(self._running[self._next].handing, [bytes([listener])], [connection.fileno()])
                return True
            except OSError:  # it has just ended, or has so many waiting that there is no room for more
                continue
        return False

    def _look(self) -> None:
        if self._zeo is not None and not self._zeo.is_running:
            self.log.error("The ZEO server has ended and is started again")
            self._zeo.launch()
        for number, running in enumerate(self._running):
            if running.process.poll() is not None:
                self.log.error("Worker {number} ended with status {status} and is started again", number=number,
                               status=running.process.returncode)
                running.handing.close()
                self._running[number] = self._spawn(number)

    def renew(self) -> None:
        """Let the workers read the certificate again."""
        for running in self._running:
            running.process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """Accept no more and let the workers end: they tell their clients first."""
        if self._watching.running:
            self._watching.stop()
        for running in self._running:
            running.handing.close()

    def wait(self) -> None:
        """Wait until the workers have ended; for a thread."""
        for running in self._running:
            running.process.wait()
