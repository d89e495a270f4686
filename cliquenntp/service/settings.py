"""A node's settings: what each means, its default and why, read from a TOML file and from flags; flags win."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from cliquenntp.control.places import SOCKET_NAME, default_data_folder
from cliquenntp.document import DocumentError, check_forum_name
from cliquenntp.interfaces import Listed
from cliquenntp.link.address import BadAddressError, is_loopback, parse_address
from cliquenntp.newsgroup.expiry import Rule
from cliquenntp.newsgroup.follows import DAY, FollowLimits
from cliquenntp.newsgroup.outgoing import KEEPABLE_FIELDS
from cliquenntp.nntp.session.wildmat import parse_wildmat
from cliquenntp.service.news_endpoints import I2P, news_endpoint
from cliquenntp.service.news_endpoints import is_loopback as is_endpoint_on_loopback

SOCKET_PATH_BYTES = 107
"""What Linux takes as a Unix socket's path (unix(7): sun_path has 108 bytes, one for the NUL)."""


MOST_PORT = 65535

LEAST_ROOM = 1_000_000
"""octets; below that a forum of a few articles would expire as it comes"""

MOST_LINE_OCTETS = 400
"""of a line that newsreaders show; NNTP has room for 510"""


class SettingsError(Exception):
    """A setting has a value that is not allowed; the text names file or flag, key and what is allowed."""


def _folder(value: object) -> Path:
    if not isinstance(value, (str, Path)) or not str(value):
        raise ValueError("the path of a folder")
    folder = Path(value).expanduser().absolute()
    if len(str(folder / SOCKET_NAME).encode()) > SOCKET_PATH_BYTES:
        longest = SOCKET_PATH_BYTES - len(SOCKET_NAME) - 1
        raise ValueError(f"a path of at most {longest} octets, as the control socket is in it")
    return folder


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, (list, tuple)) or not all(isinstance(text, str) for text in value):
        raise ValueError("a text or a list of texts")
    return tuple(value)


def _owner_endpoints(value: object) -> tuple[str, ...]:
    allowed = (
        "Twisted endpoints on loopback, as tcp:1119:interface=127.0.0.1 or unix:PATH:mode=600, or systemd:; "
        "whoever reaches this port is the owner, without a password"
    )
    texts = _texts(value)
    for text in texts:
        kind = text.partition(":")[0]
        if not (kind in ("unix", "systemd") or (kind == "tcp" and is_endpoint_on_loopback(text))):
            raise ValueError(allowed)
    return texts


def _strangers_endpoints(value: object) -> tuple[str, ...]:
    texts = _texts(value)
    for text in texts:
        news_endpoint(text)
    if len(set(texts)) != len(texts):
        raise ValueError("each endpoint once")
    return texts


def forum_names(value: object) -> tuple[str, ...]:
    """Return names of forums, or ids of roots as text, checked; ValueError says what is allowed."""
    texts = _texts(value)
    if not all(re.fullmatch(r"clique\.\S+|[a-z2-7]{52}", text) for text in texts):
        raise ValueError("names of forums, as clique.tea, or their roots' ids, as `cliquectl --json forums` shows them")
    return texts


def _line(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value.encode()) > MOST_LINE_OCTETS:
        raise ValueError(f"one line of at most {MOST_LINE_OCTETS} octets")
    return value


def _file(value: object) -> Path | None:
    if value is None:
        return None
    if not isinstance(value, (str, Path)) or not str(value):
        raise ValueError("the path of a file")
    return Path(value).expanduser().absolute()


def _web_endpoints(value: object) -> tuple[str, ...]:
    texts = _texts(value)
    if texts == ("off",):
        return ()
    try:
        return _owner_endpoints(texts)
    except ValueError as error:
        raise ValueError(f"off, or {error}") from None


def _clique_endpoints(value: object) -> tuple[str, ...]:
    allowed = "off, i2p, or addresses: tcp:127.0.0.1:PORT (loopback only), tls:HOST:PORT, unix:/PATH"
    texts = _texts(value)
    if texts == ("off",):
        return ()
    if texts == (I2P,):
        return texts
    for text in texts:
        try:
            scheme = parse_address(text).scheme
        except BadAddressError as error:
            raise ValueError(f"{allowed} ({error})") from None
        if scheme == I2P:
            raise ValueError(f"{allowed}; i2p stands alone and takes its address from keys/i2p")
    return texts


def _sam(value: object) -> str:
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not (is_loopback(host.strip("[]")) and port.isdigit() and 0 < int(port) <= MOST_PORT):
        raise ValueError("ADDRESS:PORT on loopback, as 127.0.0.1:7656; SAM has no password")
    return f"{host.strip('[]')}:{port}"


def _options(value: object) -> tuple[str, ...]:
    texts = _texts(value)
    if not all(re.fullmatch(r"[A-Za-z0-9._]+=[!-~]+", text) for text in texts):
        raise ValueError("texts of the form NAME=VALUE, without spaces")
    return texts


def _path_identity(value: object) -> str:
    # RFC 5536 section 3.1.5: path-identity, at least one of alphanumerics, dot, hyphen, underscore
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,126}", value):
        raise ValueError("letters, digits, dots, hyphens and underscores, at most 127 (RFC 5536 section 3.1.5)")
    return value


def _keep_headers(value: object) -> tuple[bytes, ...]:
    by_name = {name.lower(): name for name in KEEPABLE_FIELDS}
    names = [text.lower().encode() for text in _texts(value)]
    if not all(name in by_name for name in names):
        raise ValueError("names of headers out of: " + ", ".join(name.decode() for name in KEEPABLE_FIELDS))
    return tuple(by_name[name] for name in names)


def _newsgroups(value: object) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in _texts(value):
        newsgroup, equals, forum = text.partition("=")
        forum = forum if equals else newsgroup
        try:
            check_forum_name(forum)
        except DocumentError as error:
            raise ValueError(f"NEWSGROUP or NEWSGROUP=FORUM ({error.reason})") from None
        if not re.fullmatch(r"[^\s,!*?]+", newsgroup):
            raise ValueError("NEWSGROUP or NEWSGROUP=FORUM")
        pairs.append((newsgroup.lower(), forum))
    return tuple(pairs)


def _listed(value: object) -> Listed:
    try:
        return Listed(value)
    except ValueError:
        raise ValueError(", ".join(listed.value for listed in Listed)) from None


def _number(low: float, high: float, unit: str, whole: bool = False) -> Callable[[object], Any]:
    def check(value: object) -> float:
        is_number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:  # type: ignore[operator]
            raise ValueError(f"a {'whole ' if whole else ''}number from {low} to {high} ({unit})")
        return value  # type: ignore[return-value]

    return check


def _octets(value: object, least: int) -> int:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([kMGT]i?)?B?", value) if isinstance(value, str) else None
    octets = value if isinstance(value, int) and not isinstance(value, bool) else None
    if match is not None:
        prefix = match[2] or ""
        base = 1024 if prefix.endswith("i") else 1000
        octets = int(float(match[1]) * base ** " kMGT".index(prefix[:1] or " "))
    if octets is None or octets < least:
        raise ValueError(f'a size such as "500 MB" or "4 GiB", at least {least} octets')
    return octets


def _days(value: object) -> int:
    return round(_number(0, 36_500, "days")(value) * DAY)


_RULE_KEYS: Mapping[str, Callable[[object], int]] = {
    "days": _days, "unread_days": _days, "size": partial(_octets, least=1),
}


def _rules(value: object) -> tuple[Rule, ...]:
    allowed = "tables with forums (a wildmat) and one or more of days, unread_days and size"
    if not isinstance(value, (list, tuple)):
        raise ValueError(allowed)
    rules = []
    for table in value:
        keys = set(table) - {"forums"} if isinstance(table, dict) else set()
        if not keys or keys - set(_RULE_KEYS) or not isinstance(table.get("forums"), str):
            raise ValueError(allowed)
        try:
            limits = {key: _RULE_KEYS[key](table[key]) for key in keys}
            forums = parse_wildmat(table["forums"].encode())
        except ValueError as error:
            raise ValueError(f"{allowed}: {error}") from None
        rules.append(Rule(forums, limits.get("days"), limits.get("unread_days"), limits.get("size")))
    return tuple(rules)


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
        _folder,
        "folder of the node's data, keys and control socket",
    )

    nntp: tuple[str, ...] = _setting(
        ("tcp:1119:interface=127.0.0.1",),  # 119 needs root; 1119 is easy to remember
        _owner_endpoints,
        "where the owner's newsreader connects, without a password",
    )

    feed: tuple[str, ...] = _setting(
        (),
        _owner_endpoints,
        "where other news servers hand on articles (IHAVE, CHECK, TAKETHIS), without a password",
    )

    feed_newsgroups: tuple[tuple[str, str], ...] = _setting(
        (),
        _newsgroups,
        "newsgroups that are taken from other news servers, as NEWSGROUP (into the forum of that name) or "
        "NEWSGROUP=FORUM",
    )

    public: tuple[str, ...] = _setting(
        (), _strangers_endpoints, "where anybody's newsreader connects, to read the public forums and nothing else"
    )

    public_forums: tuple[str, ...] = _setting((), forum_names, "the forums that the public listeners show")

    accounts: tuple[str, ...] = _setting(
        (), _strangers_endpoints, "where newsreaders connect that log in to an account of `cliquectl user`"
    )

    connections_per_minute: int = _setting(
        60,  # a newsreader opens five, some again for each newsgroup
        _number(1, 100_000, "connections", whole=True),
        "connections that one address may open in a minute to a public listener or one for accounts",
    )

    certificate: Path | None = _setting(
        None, _file, "PEM file with private key and certificate chain for TLS; without it the node makes its own"
    )

    contact: str = _setting("", _line, "whom the users of public listeners and of those for accounts can write to")

    clique: tuple[str, ...] = _setting((), _clique_endpoints, "where other nodes connect, or i2p, or off")

    web: tuple[str, ...] = _setting(
        ("tcp:8119:interface=127.0.0.1",),
        _web_endpoints,
        "where the status page is shown to a browser on this machine, or off",
    )

    i2p_sam: str = _setting(
        "127.0.0.1:7656",  # both i2pd's and Java I2P's
        _sam,
        "the I2P router's SAM port, on loopback",
    )

    i2p_tunnel_length: int = _setting(3, _number(0, 7, "hops", whole=True), "hops of an I2P tunnel; 3 is recommended")

    i2p_tunnel_quantity: int = _setting(3, _number(1, 16, "tunnels", whole=True), "I2P tunnels in each direction")

    i2p_options: tuple[str, ...] = _setting((), _options, "more I2CP options for the router, as NAME=VALUE")

    path_identity: str = _setting(
        "not-for-mail",  # tells nothing about the machine; RFC 5537 section 3.2 reserves it for that
        _path_identity,
        "the name in the Path and Xref headers",
    )

    list_scope: Listed = _setting(
        Listed.ALL,
        _listed,
        "newsgroups in the owner's lists: all, threads (and forums), or forums",
    )

    newgroups: Listed = _setting(
        Listed.FORUMS,  # newsreaders put each newsgroup named here on top of their list, slrn even subscribes to it
        _listed,
        "newsgroups that NEWGROUPS names: forums, threads (and forums), or all",
    )

    follows_by_reading: int = _setting(
        FollowLimits().by_reading,
        _number(0, 100_000, "newsgroups", whole=True),
        "newsgroups that an account follows by reading them alone; 0: only what is asked for by name",
    )

    follow_days: int = _setting(
        FollowLimits().lapse_seconds // DAY,
        _number(1, 36_500, "days", whole=True),
        "how long a newsgroup is followed after it was read last",
    )

    first_look_seconds: float = _setting(
        3.0,  # on loopback a thread comes within one; over I2P a newsreader's next look finds it
        _number(0, 60, "seconds"),
        "how long a first look into a newsgroup may wait for what other nodes have of it",
    )

    keep_headers: tuple[bytes, ...] = _setting(
        (),  # each tells something about the author
        _keep_headers,
        "headers of your posts, as Organization, that others shall see beside those that every post needs",
    )

    quota: int = _setting(
        4 * 1024**3,  # years of a busy forum, and little on any disk sold today
        partial(_octets, least=LEAST_ROOM),
        "room on the disk, as \"4 GiB\"; where it is full, the oldest documents expire first",
    )

    expire: tuple[Rule, ...] = _setting(
        (),  # what nobody asked to be rid of stays as long as there is room
        _rules,
        "what else expires: tables with forums (a wildmat), days, unread_days, size",
    )

    commit_delay: float = _setting(
        0.0,  # an SSD commits in a millisecond: nothing to be gained by waiting
        _number(0, 0.2, "seconds"),
        "how long pushed documents are gathered before they are committed; for SD cards",
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
        values[key] = _checked(f"--{key}", key, value)
    settings = Settings(**values)
    _check_together(settings)
    return settings


def _check_together(settings: Settings) -> None:
    if settings.public and not settings.public_forums:
        raise SettingsError("public: without public_forums there is nothing to show: name the forums in the TOML file")
    if not settings.feed:
        return
    if not settings.feed_newsgroups:
        raise SettingsError("feed: it takes the newsgroups that feed_newsgroups names, and that names none")
    if settings.path_identity == attrs.fields(Settings).path_identity.default:
        raise SettingsError("feed: other news servers must know this one by a path_identity of its own (RFC 5537 3.2)")
