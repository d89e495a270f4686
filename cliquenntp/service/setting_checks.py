"""What values the settings may have.

Each check returns the value as the node uses it; ValueError says what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from cliquenntp.control.places import SOCKET_NAME
from cliquenntp.document import DocumentError, check_forum_name
from cliquenntp.interfaces import Listed
from cliquenntp.link.address import BadAddressError, is_loopback, parse_address
from cliquenntp.newsgroup.expiry import Rule
from cliquenntp.newsgroup.follows import DAY
from cliquenntp.newsgroup.outgoing import KEEPABLE_FIELDS
from cliquenntp.nntp.session.wildmat import parse_wildmat
from cliquenntp.service.readers.news_endpoints import I2P, news_endpoint
from cliquenntp.service.readers.news_endpoints import is_loopback as is_endpoint_on_loopback

SOCKET_PATH_BYTES = 107
"""What Linux takes as a Unix socket's path (unix(7): sun_path has 108 bytes, one for the NUL)."""

MOST_PORT = 65535

LEAST_ROOM = 1_000_000
"""octets; below that a forum of a few articles would expire as it comes"""

LEAST_CACHE = 1 << 20
"""octets; with less even the indexes of a small forum are read again and again"""

MOST_LINE_OCTETS = 400
"""of a line that newsreaders show; NNTP has room for 510"""


def data_folder(value: object) -> Path:
    """Return the path of a folder in which the control socket has room."""
    if not isinstance(value, (str, Path)) or not str(value):
        raise ValueError("the path of a folder")
    folder = Path(value).expanduser().absolute()
    if len(str(folder / SOCKET_NAME).encode()) > SOCKET_PATH_BYTES:
        longest = SOCKET_PATH_BYTES - len(SOCKET_NAME) - 1
        raise ValueError(f"a path of at most {longest} octets, as the control socket is in it")
    return folder


NODE, READER = "node", "reader"
"""the roles of a process"""

SHARED_SCHEMES = ("zeo://", "postgresql://", "postgres://")
"""of storages that several processes can open"""


def storage(value: object) -> str:
    """Return a storage's URI, an empty text for the folder in the data folder."""
    if value == "":
        return ""
    if not isinstance(value, str) or not value.startswith(("/", *SHARED_SCHEMES)):
        raise ValueError("empty, /FOLDER, zeo://HOST:PORT, zeo:///SOCKET or postgresql://USER@HOST/DATABASE")
    return value


def role(value: object) -> str:
    """Return what a process is."""
    if value not in (NODE, READER):
        raise ValueError(f"{NODE} or {READER}")
    return str(value)


def desk_client(value: object) -> str:
    """Return Twisted's description of where a node is reached by its readers, on this machine."""
    if value == "":
        return ""
    kind, _, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not rest or not (kind == "unix" or (kind == "tcp" and is_loopback(rest.partition(":")[0]))):
        raise ValueError("unix:PATH or tcp:127.0.0.1:PORT")
    return str(value)


def text_list(value: object) -> tuple[str, ...]:
    """Return texts, of which one may stand alone."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, (list, tuple)) or not all(isinstance(text, str) for text in value):
        raise ValueError("a text or a list of texts")
    return tuple(value)


def owner_endpoints(value: object) -> tuple[str, ...]:
    """Return Twisted endpoints that only users of this machine reach."""
    allowed = (
        "Twisted endpoints on loopback, as tcp:1119:interface=127.0.0.1 or unix:PATH:mode=600, or systemd:; "
        "whoever reaches this port is the owner, without a password"
    )
    texts = text_list(value)
    for text in texts:
        kind = text.partition(":")[0]
        if not (kind in ("unix", "systemd") or (kind == "tcp" and is_endpoint_on_loopback(text))):
            raise ValueError(allowed)
    return texts


def strangers_endpoints(value: object) -> tuple[str, ...]:
    """Return endpoints that anybody may reach (news_endpoints)."""
    texts = text_list(value)
    for text in texts:
        news_endpoint(text)
    if len(set(texts)) != len(texts):
        raise ValueError("each endpoint once")
    return texts


def forum_names(value: object) -> tuple[str, ...]:
    """Return names of forums, or ids of roots as text, checked; ValueError says what is allowed."""
    texts = text_list(value)
    if not all(re.fullmatch(r"clique\.\S+|[a-z2-7]{52}", text) for text in texts):
        raise ValueError("names of forums, as clique.tea, or their roots' ids, as `cliquectl --json forums` shows them")
    return texts


def one_line(value: object) -> str:
    """Return a line that newsreaders can show."""
    if not isinstance(value, str) or not value.isprintable() or len(value.encode()) > MOST_LINE_OCTETS:
        raise ValueError(f"one line of at most {MOST_LINE_OCTETS} octets")
    return value


def file_path(value: object) -> Path | None:
    """Return the path of a file, None where there is none."""
    if value is None:
        return None
    if not isinstance(value, (str, Path)) or not str(value):
        raise ValueError("the path of a file")
    return Path(value).expanduser().absolute()


def web_endpoints(value: object) -> tuple[str, ...]:
    """Return Twisted endpoints on loopback, none for ``off``."""
    texts = text_list(value)
    if texts == ("off",):
        return ()
    try:
        return owner_endpoints(texts)
    except ValueError as error:
        raise ValueError(f"off, or {error}") from None


def clique_endpoints(value: object) -> tuple[str, ...]:
    """Return where other nodes connect, nowhere for ``off``."""
    allowed = "off, i2p, or addresses: tcp:127.0.0.1:PORT (loopback only), tls:HOST:PORT, unix:/PATH"
    texts = text_list(value)
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


def sam(value: object) -> str:
    """Return the address of a SAM port on loopback."""
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not (is_loopback(host.strip("[]")) and port.isdigit() and 0 < int(port) <= MOST_PORT):
        raise ValueError("ADDRESS:PORT on loopback, as 127.0.0.1:7656; SAM has no password")
    return f"{host.strip('[]')}:{port}"


def i2p_options(value: object) -> tuple[str, ...]:
    """Return I2CP options."""
    texts = text_list(value)
    if not all(re.fullmatch(r"[A-Za-z0-9._]+=[!-~]+", text) for text in texts):
        raise ValueError("texts of the form NAME=VALUE, without spaces")
    return texts


def path_identity(value: object) -> str:
    """Return a path identity (RFC 5536 section 3.1.5)."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,126}", value):
        raise ValueError("letters, digits, dots, hyphens and underscores, at most 127 (RFC 5536 section 3.1.5)")
    return value


def keep_headers(value: object) -> tuple[bytes, ...]:
    """Return names of headers that may leave the machine."""
    by_name = {name.lower(): name for name in KEEPABLE_FIELDS}
    names = [text.lower().encode() for text in text_list(value)]
    if not all(name in by_name for name in names):
        raise ValueError("names of headers out of: " + ", ".join(name.decode() for name in KEEPABLE_FIELDS))
    return tuple(by_name[name] for name in names)


def newsgroups(value: object) -> tuple[tuple[str, str], ...]:
    """Return (newsgroup, forum) of what other news servers hand on."""
    pairs = []
    for text in text_list(value):
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


def listed(value: object) -> Listed:
    """Return which newsgroups a list has."""
    try:
        return Listed(value)
    except ValueError:
        raise ValueError(", ".join(listed.value for listed in Listed)) from None


def number(low: float, high: float, unit: str, whole: bool = False) -> Callable[[object], Any]:
    """Return a check for numbers between two bounds."""

    def check(value: object) -> float:
        is_number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:  # type: ignore[operator]
            raise ValueError(f"a {'whole ' if whole else ''}number from {low} to {high} ({unit})")
        return value  # type: ignore[return-value]

    return check


def size(value: object, least: int) -> int:
    """Return a size in octets."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([kMGT]i?)?B?", value) if isinstance(value, str) else None
    octets = value if isinstance(value, int) and not isinstance(value, bool) else None
    if match is not None:
        prefix = match[2] or ""
        base = 1024 if prefix.endswith("i") else 1000
        octets = int(float(match[1]) * base ** " kMGT".index(prefix[:1] or " "))
    if octets is None or octets < least:
        raise ValueError(f'a size such as "500 MB" or "4 GiB", at least {least} octets')
    return octets


def duration(value: object) -> int:
    """Return a number of days in seconds."""
    return round(number(0, 36_500, "days")(value) * DAY)


_RULE_KEYS: Mapping[str, Callable[[object], int]] = {
    "days": duration, "unread_days": duration, "size": partial(size, least=1),
}


def expiry_rules(value: object) -> tuple[Rule, ...]:
    """Return the rules by which forums expire."""
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
