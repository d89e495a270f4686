"""A real i2pd router that talks to nobody: one floodfill with 0-hop tunnels, bound to loopback, killed for sure."""

from __future__ import annotations

import ctypes
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from tests.real.ports import free_port
from tests.real.waiting import wait_for

PROGRAM = shutil.which("i2pd") or shutil.which("i2pd", path="/usr/sbin:/usr/local/sbin")

_CONFIGURATION = """\
log = file
logfile = {folder}/i2pd.log
loglevel = warn
daemon = false
pidfile = {folder}/i2pd.pid
tunconf = {folder}/tunnels.conf
tunnelsdir = {folder}/tunnels.d
certsdir = {folder}/certificates
ipv4 = true
ipv6 = false
host = 127.0.0.1
address4 = 127.0.0.1
port = {port}
nat = false
netid = 77
reservedrange = false
floodfill = true
notransit = false
bandwidth = X

[ntcp2]
enabled = true
published = true
port = {port}
[ssu2]
enabled = false
published = false
[http]
enabled = false
[httpproxy]
enabled = false
[socksproxy]
enabled = false
[sam]
enabled = true
address = 127.0.0.1
port = {sam_port}
[bob]
enabled = false
[i2cp]
enabled = false
[i2pcontrol]
enabled = false
[upnp]
enabled = false
[nettime]
enabled = false
frompeers = false
[reseed]
verify = true
urls =
yggurls =
threshold = 0
[addressbook]
enabled = true
defaulturl =
subscriptions =
[meshnets]
yggdrasil = false
[exploratory]
inbound.length = 0
outbound.length = 0
inbound.quantity = 2
outbound.quantity = 2
[persist]
profiles = false
"""
# addressbook.enabled=false would crash i2pd 2.45.1 at a NAMING LOOKUP.

SESSION_OPTIONS = {"i2cp.leaseSetType": "1", "i2cp.leaseSetEncType": "0"}
"""What i2pd 2.45.1 needs where it is the only router: else every dial ends in CANT_REACH_PEER."""

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class I2PRouter:
    """The router; ``start`` waits until its SAM port answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sam_port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("tunnels.d", "certificates", "netDb"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "tunnels.conf").write_text("")
        text = _CONFIGURATION.format(folder=folder, port=free_port(), sam_port=self.sam_port)
        (folder / "i2pd.conf").write_text(text)

    def start(self) -> None:
        assert PROGRAM is not None
        self._process = subprocess.Popen(
            [PROGRAM, f"--conf={self.folder}/i2pd.conf", f"--datadir={self.folder}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - no threads here at that time
        )
        wait_for("an answer of i2pd's SAM port", self._answers, 15)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"i2pd ended: {(self.folder / 'i2pd.log').read_text()[-500:]}"
        try:
            with socket.create_connection(("127.0.0.1", self.sam_port), 1) as sam:
                sam.sendall(b"HELLO VERSION MIN=3.0 MAX=3.1\n")
                return sam.recv(200).startswith(b"HELLO REPLY RESULT=OK")
        except OSError:
            return False

    def kill(self) -> None:
        """kill -9: SIGTERM does not end i2pd 2.45.1 while a SAM session is open."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
