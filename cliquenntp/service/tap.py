"""What ``twistd cliquenntp`` runs: flags, settings, then the node as a Twisted service."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from twisted.application.service import IService
from twisted.python import usage

from cliquenntp.service import settings
from cliquenntp.service.setting_checks import READER

FLAGS = (
    "data", "storage", "role", "writer", "workers", "nntp", "public", "accounts", "feed", "clique", "web", "public_web",
)
"""settings that have a flag of their name"""


class Options(usage.Options):
    """The flags of ``twistd cliquenntp``; each overrides the setting of the same name in the TOML file."""

    synopsis = (
        "[--config FILE] [--data DIR] [--nntp ENDPOINT]... [--public ENDPOINT]... [--accounts ENDPOINT]... "
        "[--clique ADDRESS|i2p|off]... [--web ENDPOINT|off] [--public-web ENDPOINT]..."
    )
    longdesc = "A node of the CliqueClique forum network that is read with a newsreader."

    optParameters = [
        ["config", "c", None, "TOML file with settings"],
        ["data", "d", None, "folder of the node's data, keys and control socket"],
        ["storage", None, None, "where the database is, if not in the data folder: zeo://... or postgresql://..."],
        ["role", None, None, "node, or reader: serves newsreaders from the storage of a node"],
        ["workers", None, None, "processes that serve newsreaders beside the node, on its ports", int],
        ["writer", None, None, "where a reader reaches its node: unix:PATH of the node's desk.sock"],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["nntp"] = []
        self["feed"] = []
        self["public"] = []
        self["accounts"] = []
        self["clique"] = []
        self["web"] = []
        self["public_web"] = []

    def opt_nntp(self, endpoint: str) -> None:
        """Where the owner's newsreader connects, on loopback, without a password; may be given several times.
        [default: tcp:1119:interface=127.0.0.1]"""
        self["nntp"].append(endpoint)

    def opt_feed(self, endpoint: str) -> None:
        """Where other news servers hand on articles of the newsgroups in feed_newsgroups, on loopback, without a
        password; may be given several times. [default: nowhere]"""
        self["feed"].append(endpoint)

    def opt_public(self, endpoint: str) -> None:
        """Where anybody reads the forums of the setting public_forums, as i2p, tls:563 or tcp:119; may be given several
        times."""
        self["public"].append(endpoint)

    def opt_accounts(self, endpoint: str) -> None:
        """Where newsreaders log in to accounts, as i2p, tls:563 or tcp:119; may be given several times."""
        self["accounts"].append(endpoint)

    def opt_clique(self, address: str) -> None:
        """Where other nodes connect, as tcp:127.0.0.1:PORT or tls:HOST:PORT, or `off`; may be given several times.
        [default: off]"""
        self["clique"].append(address)

    def opt_web(self, endpoint: str) -> None:
        """Where a browser on this machine finds the status page, or `off`.
        [default: tcp:8119:interface=127.0.0.1]"""
        self["web"].append(endpoint)

    def opt_public_web(self, endpoint: str) -> None:
        """Where anybody reads the forums of the setting public_forums with a browser, as i2p, tls:443 or tcp:80; may be
        given several times. [default: nowhere]"""
        self["public_web"].append(endpoint)

    def postOptions(self) -> None:
        """Read the settings; a bad one becomes a usage error, which twistd prints as one line."""
        flags: dict[str, Any] = {key: self[key] for key in FLAGS if self[key]}
        try:
            self["load"] = partial(settings.load, Path(self["config"]) if self["config"] else None, flags)
            self["settings"] = self["load"]()
        except settings.SettingsError as error:
            raise usage.UsageError(str(error)) from None


def makeService(options: Options) -> IService:
    """Return the node as a service."""
    from twisted.internet import reactor

    # Imported here: a plugin's tap is loaded by `twistd --help` too, which should not wait for the whole node.
    from cliquenntp.service.start import keep_to_owner

    keep_to_owner()
    if options["settings"].role == READER:
        from cliquenntp.service.processes.reader import Reader

        return Reader(reactor, options["settings"])
    from cliquenntp.link.name_lookups import FewLookups
    from cliquenntp.service.node import Node
    from cliquenntp.service.reactor_clock import use_steady_clock
    from cliquenntp.service.reloading import ReloadingNode

    use_steady_clock(reactor)
    resolving: Any = reactor
    resolving.installNameResolver(FewLookups(resolving.nameResolver))
    node = Node(reactor, options["settings"])
    service = ReloadingNode(reactor, node, options["load"])
    if node.settings.metrics:
        from cliquenntp.service.upkeep.metrics import Metrics

        Metrics(reactor, node).setServiceParent(service)
    return service
