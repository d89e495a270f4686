"""``cliquectl check``: looks at what a node needs before it starts, or while it runs, and says how to mend it.

It asks no node, so that it helps when none starts: settings, folders and their modes, keys, ports, the I2P router, room
on the disk, the clock.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

from cliquenntp.service.settings import Settings, SettingsError, load

EARLIEST = 1_767_225_600
"""1 January 2026: this program did not exist before, so a clock that says so is wrong"""

SAM_SECONDS = 5.0
"""a router on this machine answers a greeting at once"""

MOST_UNPACKED = 2
"""times the quota: a pack writes the database anew beside the old one"""


@attrs.frozen
class Finding:
    """What was looked at, and what is wrong with it."""

    what: str
    problem: str = ""
    """empty: nothing"""
    mend: str = ""


def check(settings: Settings, now: float) -> Iterator[Finding]:
    """Look at everything; ``now`` is the time of day in seconds since 1970 UTC."""
    yield from _folders(settings)
    yield from _keys(settings)
    yield _disk(settings)
    yield _clock(now)
    running = _is_running(settings)
    yield Finding("a node runs on this folder" if running else "no node runs on this folder")
    if not running:
        for text in (*settings.nntp, *settings.web):
            yield _port(text)
    if settings.clique == ("i2p",):
        yield _router(settings)


def _folders(settings: Settings) -> Iterator[Finding]:
    data = settings.data
    if not data.exists():
        parent = next(path for path in data.parents if path.exists())
        writable = os.access(parent, os.W_OK)
        yield Finding(
            f"the data folder {data} is made at the first start", "" if writable else f"{parent} cannot be written",
            f"chown or chmod {parent}, or name another folder with --data")
        return
    problem = "" if os.access(data, os.R_OK | os.W_OK | os.X_OK) else "this user may not read and write it"
    if not problem and data.stat().st_mode & 0o077:
        problem = "other users of this machine may look into it"
    yield Finding(f"the data folder {data}", problem, f"chmod 0700 {data}, as the user that runs the node")


def _keys(settings: Settings) -> Iterator[Finding]:
    for path in sorted(settings.keys.iterdir()) if os.access(settings.keys, os.R_OK | os.X_OK) else ():
        readable = os.access(path, os.R_OK)
        problem = "" if readable else "this user may not read it"
        if readable and path.stat().st_mode & 0o077:
            problem = "other users of this machine may read it"
        yield Finding(f"the key {path}", problem, f"chmod 0600 {path}, as the user that runs the node")


def _disk(settings: Settings) -> Finding:
    place = next(path for path in (settings.data, *settings.data.parents) if path.exists())
    free = shutil.disk_usage(place).free
    used = sum(path.stat().st_size for path in settings.data.rglob("*") if path.is_file())
    short = min(MOST_UNPACKED * settings.quota - used, settings.quota) - free
    return Finding(
        f"{free / 1e9:.1f} GB are free for a quota of {settings.quota / 1e9:.1f} GB",
        f"{short / 1e9:.1f} GB less than the node may need" if short > 0 else "",
        "make room, or set a smaller quota; when the disk is full nothing is lost, but posts are refused")


def _clock(now: float) -> Finding:
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    return Finding(
        f"the clock says {shown}", "" if now >= EARLIEST else "that has been long ago",
        "set the clock (timedatectl set-ntp true): other nodes refuse documents whose time is a day ahead of theirs")


def _is_running(settings: Settings) -> bool:
    with socket.socket(socket.AF_UNIX) as control:
        try:
            control.connect(str(settings.control_socket))
        except OSError:
            return False
    return True


def _port(text: str) -> Finding:
    what = f"the port {text}"
    parts = dict(part.partition("=")[::2] for part in text.split(":")[2:])
    if not text.startswith("tcp:"):
        return Finding(what)
    host, port = parts.get("interface", "127.0.0.1"), int(text.split(":")[1])
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host.replace("\\", ""), port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            return Finding(
                what, "another program has it" if taken else str(error.strerror),
                "stop that program, or name another port" if taken else "name another port or address")
    return Finding(what)


def _router(settings: Settings) -> Finding:
    host, _, port = settings.i2p_sam.rpartition(":")
    what = f"the I2P router's SAM port {settings.i2p_sam}"
    mend = (
        "i2pd: set enabled = true under [sam] in /etc/i2pd/i2pd.conf and restart it; Java I2P: start the SAM "
        "application bridge at http://127.0.0.1:7657/configclients")
    try:
        with socket.create_connection((host, int(port)), SAM_SECONDS) as router:
            router.sendall(b"HELLO VERSION MIN=3.1 MAX=3.1\n")
            answer = router.recv(1000).decode("utf-8", "replace").strip()
    except OSError as error:
        return Finding(what, f"nobody answers there ({error.strerror or error})", mend)
    return Finding(what, "" if "RESULT=OK" in answer else f"what answers is no SAM 3.1: {answer[:80]!r}", mend)


def main(argv: Sequence[str] | None = None, clock: Callable[[], float] = time.time) -> int:
    """Check as the command line says; return 1 where anything has to be mended."""
    parser = argparse.ArgumentParser(prog="cliquectl check", description="look at what a node needs")
    parser.add_argument("--config", metavar="FILE", type=Path, help="the node's settings")
    parser.add_argument("--data", metavar="DIR", help="the node's data folder")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(argv)
    try:
        settings = load(options.config, {"data": options.data} if options.data else {})
        findings = [Finding("the settings"), *check(settings, clock())]
    except SettingsError as error:
        findings = [Finding("the settings", str(error), "correct that line; docs/operating.md has all settings")]
    problems = sum(1 for finding in findings if finding.problem)
    if options.json:
        print(json.dumps([attrs.asdict(finding) for finding in findings]))
    for finding in () if options.json else findings:
        if finding.problem:
            print(f"PROBLEM  {finding.what}: {finding.problem}\n{'':8} {finding.mend}")
        else:
            print(f"ok       {finding.what}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
