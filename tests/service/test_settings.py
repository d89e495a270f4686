from pathlib import Path

import attrs
import pytest

from cliquenntp.service import settings
from cliquenntp.service.settings import Settings, SettingsError
from cliquenntp.store import StoreSettings


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "cliquenntp.toml"
    path.write_text(text, "utf-8")
    return path


def test_defaults_listen_on_loopback_only() -> None:
    found = settings.load(None, {})
    assert found.nntp == ("tcp:1119:interface=127.0.0.1",)
    assert found.data.name == "cliquenntp"


def test_each_default_is_allowed() -> None:
    for field in attrs.fields(Settings):
        default = getattr(Settings(), field.name)
        settings.load(None, {field.name: "off" if field.name == "clique" else default})
        assert field.metadata["meaning"]


def test_flags_win_over_the_file(tmp_path: Path) -> None:
    lines = ('data = "/from/file"', 'nntp = ["tcp:5000:interface=127.0.0.1"]', 'path_identity = "news.example"')
    path = written(tmp_path, "\n".join(lines))
    found = settings.load(path, {"data": "/from/flag"})
    assert found.data == Path("/from/flag")
    assert found.nntp == ("tcp:5000:interface=127.0.0.1",)
    assert found.path_identity == "news.example"


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("data = 3", "folder"),
        (f'data = "/{"x" * 120}"', "octets"),
        ('nntp = "tcp:1119"', "loopback"),
        ('nntp = "tcp:1119:interface=0.0.0.0"', "loopback"),
        ('nntp = "tcp:1119:interface=192.168.1.2"', "loopback"),
        ("nntp = [1]", "texts"),
        ('public = "119"', "tls:PORT"),
        ('public = ["i2p", "i2p"]', "once"),
        ('accounts = "udp:119"', "tls:PORT"),
        ('public_forums = "tea"', "clique.tea"),
        ('contact = "a\\nb"', "one line"),
        ("certificate = 3", "file"),
        ("connections_per_minute = 0", "connections"),
        ('clique = "tcp:7000"', "loopback"),
        ('clique = "tcp:192.0.2.1:7000"', "loopback"),
        ('clique = ["off", "tcp:127.0.0.1:7000"]', "loopback"),
        ('clique = ["i2p", "tcp:127.0.0.1:7000"]', "loopback"),
        ('i2p_sam = "192.0.2.1:7656"', "on loopback"),
        ('i2p_sam = "127.0.0.1"', "on loopback"),
        ("i2p_tunnel_length = 8", "hops"),
        ("i2p_tunnel_quantity = 0", "tunnels"),
        ('i2p_options = ["inbound.length=0 DESTINATION=TRANSIENT"]', "without spaces"),
        ('path_identity = "a b"', "RFC 5536"),
        ("path_identity = 1", "RFC 5536"),
        ('feed = "tcp:433"', "loopback"),
        ('feed_newsgroups = ["a.b=C d"]', "NEWSGROUP=FORUM"),
        ('feed_newsgroups = ["a.*=tea"]', "NEWSGROUP=FORUM"),
        ("max_rate = -1", "bytes a second"),
        ("commit_delay = 0.3", "0.2"),
        ("commit_delay = true", "number"),
        ('commit_delay = "0.1"', "number"),
    ],
)
def test_a_value_that_is_not_allowed_names_file_key_and_what_is(tmp_path: Path, line: str, named: str) -> None:
    path = written(tmp_path, line)
    with pytest.raises(SettingsError) as caught:
        settings.load(path, {})
    text = str(caught.value)
    assert text.startswith(f"{path}: {line.split()[0]}: ")
    assert named in text
    assert "\n" not in text


def test_a_public_listener_needs_forums_to_show() -> None:
    with pytest.raises(SettingsError, match=r"^public: .*public_forums"):
        settings.load(None, {"public": ["i2p"]})
    assert settings.load(None, {"public": ["i2p"], "public_forums": ["clique.tea"]}).public == ("i2p",)


def test_a_bad_flag_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^--nntp: .*loopback"):
        settings.load(None, {"nntp": ["tcp:119"]})


@pytest.mark.parametrize(
    "endpoint", ["tcp:0:interface=127.0.0.1", r"tcp:0:interface=\:\:1", "unix:/run/news.sock:mode=600"]
)
def test_loopback_endpoints_are_taken(endpoint: str) -> None:
    assert settings.load(None, {"nntp": [endpoint]}).nntp == (endpoint,)


def test_a_feed_needs_a_name_of_its_own(tmp_path: Path) -> None:
    feed = 'feed = "tcp:0:interface=127.0.0.1"\n'
    newsgroups = 'feed_newsgroups = ["comp.lang.python", "De.Test=trials"]\n'
    with pytest.raises(SettingsError, match="path_identity"):
        settings.load(written(tmp_path, feed + newsgroups), {})
    found = settings.load(written(tmp_path, feed + newsgroups + 'path_identity = "news.example"'), {})
    assert dict(found.feed_newsgroups) == {"comp.lang.python": "comp.lang.python", "de.test": "trials"}


def test_an_unknown_key_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"wbe: there is no such setting; allowed: data, nntp"):
        settings.load(written(tmp_path, "wbe = 'off'"), {})


def test_a_missing_and_a_broken_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere.toml: cannot be read"):
        settings.load(tmp_path / "nowhere.toml", {})
    with pytest.raises(SettingsError, match="is no TOML file"):
        settings.load(written(tmp_path, "data = "), {})


@pytest.mark.parametrize(
    ("text", "octets"), [("500 MB", 500_000_000), ("4 GiB", 4 << 30), ("1.5GB", 1_500_000_000), (2_000_000, 2_000_000)])
def test_sizes_are_read_as_people_write_them(text: object, octets: int) -> None:
    assert settings.load(None, {"quota": text}).quota == octets


@pytest.mark.parametrize("text", ["much", "-1 GB", "10 B", "4 XB", True, 1.5, ""])
def test_other_sizes_are_refused(text: object) -> None:
    with pytest.raises(SettingsError, match='"4 GiB"'):
        settings.load(None, {"quota": text})


def test_the_usual_cache_is_the_stores_own() -> None:
    usual = settings.load(None, {})
    assert StoreSettings.cached(usual.cache) == StoreSettings()
    small = StoreSettings.cached(settings.load(None, {"cache": "1 MiB"}).cache)
    assert small.cache_octets == 1 << 20
    assert (small.cache_objects, small.raw_cache_octets) == (3125, 1 << 19)


def test_rules_of_expiry_are_read_from_tables(tmp_path: Path) -> None:
    path = written(tmp_path, '[[expire]]\nforums = "clique.a*,!clique.ab"\ndays = 30\nsize = "2 MB"\n')
    [rule] = settings.load(path, {}).expire
    assert (rule.age, rule.unread, rule.octets) == (30 * 86400, None, 2_000_000)
    assert rule.forums.matches(b"clique.ac")
    assert not rule.forums.matches(b"clique.ab")


@pytest.mark.parametrize(
    "table", ['forums = "x"', "days = 3", 'forums = "x"\ndays = -1', 'forums = "x"\nweeks = 3', 'forums = 3\ndays = 3'])
def test_other_rules_are_refused(tmp_path: Path, table: str) -> None:
    with pytest.raises(SettingsError, match="tables with forums"):
        settings.load(written(tmp_path, f"[[expire]]\n{table}\n"), {})
