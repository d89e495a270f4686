"""Servers that keep a database, started for a test: ZEO, and PostgreSQL of Debian's package."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.real.ports import free_port
from tests.real.sessions import kill_session
from tests.real.waiting import wait_for

POSTGRESQL = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
"""where Debian has the newest version's programs"""


class StorageServer:
    """A server in a folder; ``start`` and ``kill`` it as often as a test likes."""

    location: str
    """for the setting ``storage``"""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._process: subprocess.Popen[bytes] | None = None

    def _spawn(self, command: list[str], **options: object) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # type: ignore[call-overload]
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                **options)

    def kill(self) -> None:
        """End it without warning (SIGKILL), and with it all that it started."""
        if self._process is not None:
            kill_session(self._process)
            self._process = None

    def close(self) -> None:
        """End it for good."""
        self.kill()


class ZeoServer(StorageServer):
    """ZEO over a FileStorage."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._port = free_port()
        self.location = f"zeo://127.0.0.1:{self._port}"
        (folder / "zeo.conf").write_text(
            f"<zeo>\naddress 127.0.0.1:{self._port}\n</zeo>\n"
            f"<filestorage 1>\npath {folder}/documents.fs\nblob-dir {folder}/blobs\n</filestorage>\n")

    def start(self) -> ZeoServer:
        """Start it; clients wait until it is up."""
        self._spawn([sys.executable, "-m", "ZEO.runzeo", "-C", str(self.folder / "zeo.conf")])
        return self


class PostgresServer(StorageServer):
    """A cluster of its own with one database; as another user than root, who may not run it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        # not in the test's own folder: those are root's alone
        self._data = Path(tempfile.mkdtemp(prefix="postgres-")) / "data"
        self._port = free_port()
        self.location = f"postgresql://clique@127.0.0.1:{self._port}/clique"
        self._user = "postgres" if os.getuid() == 0 else None
        if self._user is not None:
            shutil.chown(self._data.parent, self._user)
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-U", "clique", "-E", "UTF8", "--no-sync")
        self.start()
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self._port), "-U", "clique", "clique")

    def _as_user(self) -> dict[str, object]:
        if self._user is None:
            return {}
        entry = pwd.getpwnam(self._user)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def _program(self, name: str) -> str:
        assert POSTGRESQL is not None
        return str(POSTGRESQL / name)

    def _run(self, name: str, *words: str) -> None:
        subprocess.run(  # type: ignore[call-overload]
            [self._program(name), *words], check=True, cwd="/", stdout=subprocess.DEVNULL, **self._as_user())

    def close(self) -> None:
        """End it and remove its data."""
        super().close()
        shutil.rmtree(self._data.parent)

    def start(self) -> PostgresServer:
        """Start it, after a kill too, and wait until it takes connections."""
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        flags = ["-D", str(self._data), "-p", str(self._port), "-c", "listen_addresses=127.0.0.1",
                 "-c", f"unix_socket_directories={self._data.parent}"]
        self._spawn([self._program("postgres"), *flags], cwd="/", **self._as_user())
        ready = [self._program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        wait_for("PostgreSQL takes connections", lambda: subprocess.run(ready, check=False).returncode == 0)
        return self
