"""A node's settings: what each means, its default and why, read from a TOML file and from flags; flags win."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from cliquenntp.control.places import SOCKET_NAME, default_data_folder
from cliquenntp.interfaces import Listed
from cliquenntp.newsgroup.expiry import Rule
from cliquenntp.newsgroup.follows import DAY, FollowLimits
from cliquenntp.service import setting_checks as checks

NO_PATH_IDENTITY = "not-for-mail"
"""tells nothing about the machine; RFC 5537 section 3.2 reserves it for that"""


class SettingsError(Exception):
    """A setting has a value that is not allowed; the text names file or flag, key and what is allowed."""


def _setting(default: Any, check: Callable[[object], Any], meaning: str) -> Any:
    return attrs.field(
        default=attrs.Factory(default) if callable(default) else default,
        metadata={"check": check, "meaning": meaning},
        kw_only=True,
    )


@attrs.frozen
class Settings:
    """A node's settings; ``docs/operating.md`` tells when to change them."""

    data: Path = _setting(
        default_data_folder,
        checks.data_folder,
        "folder of the node's data, keys and control socket",
    )

    nntp: tuple[str, ...] = _setting(
        ("tcp:1119:interface=127.0.0.1",),  # 119 needs root; 1119 is easy to remember
        checks.owner_endpoints,
        "where the owner's newsreader connects, without a password",
    )

    feed: tuple[str, ...] = _setting(
        (),
        checks.owner_endpoints,
        "where other news servers hand on articles (IHAVE, CHECK, TAKETHIS), without a password",
    )

    feed_newsgroups: tuple[tuple[str, str], ...] = _setting(
        (),
        checks.newsgroups,
        "newsgroups that are taken from other news servers beside those of bridges, as NEWSGROUP (into the forum of "
        "that name) or NEWSGROUP=FORUM",
    )

    public: tuple[str, ...] = _setting(
        (),
        checks.strangers_endpoints,
        "where anybody's newsreader connects, to read the public forums and nothing else",
    )

    public_forums: tuple[str, ...] = _setting((), checks.forum_names, "the forums that the public listeners show")

    accounts: tuple[str, ...] = _setting(
        (), checks.strangers_endpoints, "where newsreaders connect that log in to an account of `cliquectl user`"
    )

    connections_per_minute: int = _setting(
        60,  # a newsreader opens five, some again for each newsgroup
        checks.number(1, 100_000, "connections", whole=True),
        "connections that one address may open in a minute to a public listener or one for accounts",
    )

    certificate: Path | None = _setting(
        None,
        checks.file_path,
        "PEM file with private key and certificate chain for TLS; without it the node makes its own",
    )

    contact: str = _setting(
        "", checks.one_line, "whom the users of public listeners and of those for accounts can write to"
    )

    clique: tuple[str, ...] = _setting((), checks.clique_endpoints, "where other nodes connect, or i2p, or off")

    web: tuple[str, ...] = _setting(
        ("tcp:8119:interface=127.0.0.1",),
        checks.web_endpoints,
        "where the status page is shown to a browser on this machine, or off",
    )

    public_web: tuple[str, ...] = _setting(
        (), checks.strangers_endpoints, "where anybody's browser reads the public forums, as pages without any control"
    )

    metrics: tuple[str, ...] = _setting(
        (), checks.owner_endpoints, "where Prometheus asks for figures about the node, on loopback"
    )

    i2p_sam: str = _setting(
        "127.0.0.1:7656",  # both i2pd's and Java I2P's
        checks.sam,
        "the I2P router's SAM port, on loopback",
    )

    i2p_tunnel_length: int = _setting(
        3, checks.number(0, 7, "hops", whole=True), "hops of an I2P tunnel; 3 is recommended"
    )

    i2p_tunnel_quantity: int = _setting(3, checks.number(1, 16, "tunnels", whole=True), "I2P tunnels in each direction")

    i2p_options: tuple[str, ...] = _setting((), checks.i2p_options, "more I2CP options for the router, as NAME=VALUE")

    max_rate: float = _setting(
        0.0,  # what others ask for is what the node is there for
        checks.number(0, 10_000_000_000, "bytes a second"),
        "bytes of documents a second that all links of a node together send; 0: as fast as they go",
    )

    newcomer_documents: int = _setting(
        100,  # a day's talk; whoever is answered by somebody known is no newcomer any more
        checks.number(1, 1_000_000, "documents", whole=True),
        "documents a day that are taken from other nodes of one author whom nobody known here has answered yet",
    )

    forum_newcomers: int = _setting(
        2000,  # a forum that is new has none but newcomers; 1,000 posts a day is a busy one
        checks.number(10, 1_000_000, "documents", whole=True),
        "documents a day that are taken of all such authors of a forum together",
    )

    known_after_articles: int = _setting(
        0,  # an author who writes more than a newcomer may could see by what the node asks for that somebody reads him
        checks.number(0, 1_000_000, "articles", whole=True),
        "articles of an author that accounts here open until he is a newcomer no more; 0: reading tells nobody",
    )

    path_identity: str = _setting(
        NO_PATH_IDENTITY,
        checks.path_identity,
        "the name in the Path and Xref headers",
    )

    list_scope: Listed = _setting(
        Listed.ALL,
        checks.listed,
        "newsgroups in the owner's lists: all, threads (and forums), or forums",
    )

    newgroups: Listed = _setting(
        Listed.FORUMS,  # newsreaders put each newsgroup named here on top of their list, slrn even subscribes to it
        checks.listed,
        "newsgroups that NEWGROUPS names: forums, threads (and forums), or all",
    )

    follows_by_reading: int = _setting(
        FollowLimits().by_reading,
        checks.number(0, 100_000, "newsgroups", whole=True),
        "newsgroups that an account follows by reading them alone; 0: only what is asked for by name",
    )

    follow_days: int = _setting(
        FollowLimits().lapse_seconds // DAY,
        checks.number(1, 36_500, "days", whole=True),
        "how long a newsgroup is followed after it was read last",
    )

    first_look_seconds: float = _setting(
        3.0,  # on loopback a thread comes within one; over I2P a newsreader's next look finds it
        checks.number(0, 60, "seconds"),
        "how long a first look into a newsgroup may wait for what other nodes have of it",
    )

    work_seconds: float = _setting(
        10.0,  # newsreaders wait for longer, and people hardly
        checks.number(0, 600, "seconds"),
        "how long a newsreader waits for the proof of work that a forum asks for; 0: none is made",
    )

    keep_headers: tuple[bytes, ...] = _setting(
        (),  # each tells something about the author
        checks.keep_headers,
        "headers of your posts, as Organization, that others shall see beside those that every post needs",
    )

    quota: int = _setting(
        4 * 1024**3,  # years of a busy forum, and little on any disk sold today
        partial(checks.size, least=checks.LEAST_ROOM),
        "room on the disk, as \"4 GiB\"; where it is full, the oldest documents expire first",
    )

    cache: int = _setting(
        64 * 1024**2,  # store.StoreSettings: the indexes and newest records of some 100,000 documents
        partial(checks.size, least=checks.LEAST_CACHE),
        "memory for what was read and written last, as \"64 MiB\"; a process takes up to five times as much for it",
    )

    expire: tuple[Rule, ...] = _setting(
        (),  # what nobody asked to be rid of stays as long as there is room
        checks.expiry_rules,
        "what else expires: tables with forums (a wildmat), days, unread_days, size",
    )

    commit_delay: float = _setting(
        0.0,  # an SSD commits in a millisecond: nothing to be gained by waiting
        checks.number(0, 0.2, "seconds"),
        "how long pushed documents are gathered before they are committed; for SD cards",
    )

    workers: int = _setting(
        0,  # one process serves a few hundred busy newsreaders (docs/scale.md)
        checks.number(0, 64, "processes", whole=True),
        "processes that serve newsreaders beside the node, on all its TCP ports; 0: the node does it itself",
    )

    storage: str = _setting(
        "",
        checks.storage,
        "where the database is: empty for the folder `database` in the data folder, or /FOLDER, or zeo://HOST:PORT, or "
        "postgresql://USER@HOST/DATABASE",
    )

    role: str = _setting(
        "node",
        checks.role,
        "node, or reader: a process that serves newsreaders from the storage of a node, which does the writing",
    )

    writer: str = _setting("", checks.desk_client, "where a reader reaches the node: unix:PATH of its desk.sock")

    desk: tuple[str, ...] = _setting(
        (),
        checks.owner_endpoints,
        "where readers reach the node beside the socket desk.sock in its data folder; who does may post as anybody",
    )

    @property
    def keys(self) -> Path:
        """The folder of the private keys."""
        return self.data / "keys"

    @property
    def control_socket(self) -> Path:
        """The Unix socket that cliquectl uses."""
        return self.data / SOCKET_NAME


def _checked(source: str, key: str, value: object) -> Any:
    field = attrs.fields_dict(Settings)[key]
    try:
        return field.metadata["check"](value)
    except ValueError as error:
        raise SettingsError(f"{source}: {value!r} is not allowed; allowed: {error}") from None


def read_file(path: Path) -> dict[str, Any]:
    """Return the checked settings that a TOML file names.

    Raises SettingsError: no such file, no TOML, an unknown key, a value that is not allowed.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: is no TOML file: {error}") from None
    known = attrs.fields_dict(Settings)
    for key in table:
        if key not in known:
            raise SettingsError(f"{path}: {key}: there is no such setting; allowed: {', '.join(known)}")
    return {key: _checked(f"{path}: {key}", key, value) for key, value in table.items()}


def load(config: Path | None, flags: Mapping[str, object]) -> Settings:
    """Return the settings from a TOML file, if any, and from flags (key and value), which win.

    Raises SettingsError.
    """
    values = read_file(config) if config is not None else {}
    for key, value in flags.items():
        values[key] = _checked(f"--{key.replace('_', '-')}", key, value)
    settings = Settings(**values)
    _check_together(settings)
    return settings


def _check_together(settings: Settings) -> None:
    if settings.role == checks.READER and not (settings.storage and settings.writer):
        raise SettingsError("role: a reader needs --storage, the node's, and --writer, where the node is reached")
    for name in ("public", "public_web"):
        if getattr(settings, name) and not settings.public_forums:
            raise SettingsError(
                f"{name}: without public_forums there is nothing to show: name the forums in the TOML file")
    if settings.feed and settings.path_identity == NO_PATH_IDENTITY:
        raise SettingsError("feed: other news servers must know this one by a path_identity of its own (RFC 5537 3.2)")
