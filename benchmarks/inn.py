"""INN beside the node: its own spool, history and configuration in a temporary folder, TCP_NODELAY forced.

innd takes articles from peers and from nnrpd; nnrpd, a process a connection, serves newsreaders.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.articles import articles
from benchmarks.processes import Tree
from tests.nntp_client import NewsClient
from tests.real.ports import free_port
from tests.real.sessions import kill_session
from tests.real.waiting import wait_for

_UNPACKED = Path(sys.prefix, "unpacked")
"""where ``make test`` unpacks Debian's packages: installing them wants a host name with a dot and a mail server"""

_PLACE = Path("/") if Path("/usr/lib/news/bin/innd").exists() else _UNPACKED
LIBRARIES = _PLACE / "usr/lib/news"
PROGRAMS = LIBRARIES / "bin"
CONFIGURATION = _PLACE / "etc/news"

HINT = "INN is not installed (as root on Debian: make test-programs): no column for it"

START_SECONDS = 300
"""with 100,000 newsgroups innd works for half a minute before it listens"""

MOST_IDLE = 300
"""a process a connection: each takes what the next does"""

_SETTINGS = {
    "artcutoff": "0",  # articles may have any age
    "maxconnections": "0",
    "doinnwatch": "false",
    "domain": "example.org",
    "pathhost": "inn.example.org",
    "server": "127.0.0.1",
    "bindaddress": "127.0.0.1",
    "bindaddress6": '"::1"',
    "readertrack": "false",
    "nnrpdloadlimit": "0",  # else a busy machine turns readers away
    "logtrash": "false",
    "icdsynccount": "100000",
    "addinjectionpostinghost": "false",
    "pathnews": str(LIBRARIES),
    "pathbin": str(PROGRAMS),
    "pathcontrol": str(PROGRAMS / "control"),
}
_OF_ITS_OWN = (b"control", b"control.cancel", b"junk", b"to")
"""newsgroups without which innd does not start"""

_INCOMING = """
streaming: true
max-connections: 0
peer BENCH { hostname: "127.0.0.1, localhost, ::1" }
"""
_READERS = """
auth "all" { hosts: "*" default: "<bench>" }
access "all" { users: "<bench>" newsgroups: "*" access: RPNA addcanlockuser: none }
"""


def is_installed() -> bool:
    """Tell whether INN can be started here."""
    return (PROGRAMS / "innd").exists() and (CONFIGURATION / "inn.conf").exists()


def version() -> str:
    """Return what the package calls itself."""
    done = subprocess.run([PROGRAMS / "innconfval", "-v"], check=False, capture_output=True, text=True)
    return (done.stdout or done.stderr).strip() or "INN"


class Inn:
    """A running innd with an nnrpd in a folder."""

    def __init__(
        self, folder: Path, newsgroups: Iterable[bytes], settings: Mapping[str, str] | None = None, newsfeeds: str = "",
    ) -> None:
        """Make an empty server with these newsgroups in a folder that is not there yet, and start it.

        ``settings`` go into inn.conf, ``newsfeeds`` into that file.
        """
        self.folder = folder
        self.feed_port, self.port = free_port(), free_port()
        # innd runs as its own user where root starts it, else as whoever starts it
        self._user = pwd.getpwnam("news") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self._environment = os.environ | {
            "INNCONF": str(folder / "etc" / "inn.conf"), "HOME": str(folder), "LD_LIBRARY_PATH": str(LIBRARIES),
        }
        self.is_prompt = False
        """whether TCP_NODELAY is forced"""
        self._processes: list[subprocess.Popen[bytes]] = []
        self._configure(newsgroups, settings or {}, newsfeeds)
        self._spawn("makedbz", "-i", "-o", "-s", "500000").wait()
        library = self._prompt_library()
        if library is not None:
            self._environment |= {"LD_PRELOAD": str(library)}
            self.is_prompt = True
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        self.processes = Tree(process.pid for process in self._processes)

    def _configure(self, newsgroups: Iterable[bytes], more: Mapping[str, str], newsfeeds: str) -> None:
        folder = self.folder
        etc = folder / "etc"
        shutil.copytree(CONFIGURATION, etc)
        paths = {
            "patharchive": "archive", "patharticles": "articles", "pathdb": "db", "pathetc": "etc",
            "pathfilter": "etc/filter", "pathhttp": "http", "pathincoming": "incoming", "pathlog": "log",
            "pathoutgoing": "outgoing", "pathoverview": "overview", "pathrun": "run", "pathspool": "spool",
            "pathtmp": "tmp",
        }
        for name in paths.values():
            (folder / name).mkdir(parents=True, exist_ok=True)
        settings = _SETTINGS | {key: str(folder / name) for key, name in paths.items()}
        settings |= {"port": str(self.feed_port), "nnrpdpostport": str(self.feed_port), "runasuser": self._user.pw_name}
        settings |= more
        text = (etc / "inn.conf").read_text()
        for key, value in settings.items():
            text = re.sub(rf"^{key}:.*\n", "", text, flags=re.MULTILINE) + f"{key}: {value}\n"
        (etc / "inn.conf").write_text(text)
        (etc / "incoming.conf").write_text(_INCOMING)
        (etc / "readers.conf").write_text(_READERS)
        (etc / "newsfeeds").write_text(f"ME:*::\n{newsfeeds}")
        (etc / "storage.conf").write_text("method tradspool {\n newsgroups: *\n class: 0\n}\n")
        (folder / "db" / "active").write_bytes(
            b"".join(b"%s 0000000000 0000000001 y\n" % name for name in (*_OF_ITS_OWN, *newsgroups))
        )
        for name in ("active.times", "newsgroups", "history"):
            (folder / "db" / name).touch()
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{self._user.pw_uid}:{self._user.pw_gid}", folder], check=True)
            for above in [folder, *folder.parents]:  # else that user cannot reach it
                if above.stat().st_uid == 0 and above != Path("/"):
                    above.chmod(above.stat().st_mode | 0o055)

    def start(self) -> None:
        """Start its processes, at first or after ``stop``."""
        self._processes.append(self._spawn("innd", "-f"))
        wait_for("innd listens", self._greets(self.feed_port), START_SECONDS)
        self._processes.append(self._spawn("nnrpd", "-D", "-f", "-p", str(self.port)))
        wait_for("nnrpd listens", self._greets(self.port), 60)

    def _greets(self, port: int) -> object:
        def look() -> bool:
            for process in self._processes:
                if process.poll() is not None:
                    raise SystemExit(f"INN ended: {(self.folder / 'log' / 'errlog').read_text()}")
            try:
                with NewsClient("127.0.0.1", port) as client:
                    return client.greeting.startswith("20")
            except OSError:
                return False

        return look

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        as_root = os.geteuid() == 0
        with (self.folder / "output").open("ab") as output:
            return subprocess.Popen(
                [PROGRAMS / program, *arguments], env=self._environment, cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
                user=self._user.pw_uid if as_root else None, group=self._user.pw_gid if as_root else None,
                extra_groups=[] if as_root else None,
            )

    def _prompt_library(self) -> Path | None:
        """Return what forces TCP_NODELAY, compiled; None without a compiler."""
        compiler = shutil.which("cc")
        if compiler is None:
            return None
        library = self.folder / "nodelay.so"
        source = Path(__file__).with_name("nodelay.c")
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        library.chmod(0o755)
        return library

    def stop(self) -> None:
        """End its processes; innd often ignores SIGTERM."""
        for process in reversed(self._processes):
            kill_session(process)
        self._processes.clear()


def main() -> None:
    """Run an INN with a few articles until standard input ends; for ``make conformance``."""
    if not is_installed():
        raise SystemExit(HINT)
    with tempfile.TemporaryDirectory(prefix="cliquenntp-inn-") as folder:
        peer = Inn(Path(folder) / "inn", [b"bench.tea", b"bench.leaf"])
        try:
            with NewsClient("127.0.0.1", peer.feed_port) as client:
                for number, raw in enumerate(articles(6)):
                    head = b"Path: feeder.example.com!not-for-mail\r\nNewsgroups: bench.tea\r\n"
                    client.send(b"TAKETHIS <bench%d@example.com>\r\n%s%s.\r\n" % (number, head, raw))
                    print(client.status(), flush=True)
            print(f"newsreaders: 127.0.0.1:{peer.port}, feeds: 127.0.0.1:{peer.feed_port}", flush=True)
            sys.stdin.read()
        finally:
            peer.stop()


if __name__ == "__main__":
    main()
