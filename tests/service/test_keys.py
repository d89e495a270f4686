from pathlib import Path

import pytest

from cliquenntp.service.keys import KeyFileError, load_or_create


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "data" / "keys" / "node"
    seed = load_or_create(path)
    assert len(seed) == 32
    assert load_or_create(path) == seed
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["node"]


def test_two_keys_differ(tmp_path: Path) -> None:
    assert load_or_create(tmp_path / "keys" / "a") != load_or_create(tmp_path / "keys" / "b")


@pytest.mark.parametrize(
    "text", ["", "cliquenntp key 1 \n", "cliquenntp key 1 AAAA\n", "cliquenntp key 2 " + "A" * 43, "ä" * 60]
)
def test_a_damaged_key_never_becomes_another_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys" / "node"
    load_or_create(path)
    path.write_text(text, "utf-8")
    with pytest.raises(KeyFileError, match="is no key file"):
        load_or_create(path)
    assert path.read_text("utf-8") == text


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "node"
    load_or_create(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 0600"):
        load_or_create(path)
    path.chmod(0o600)
    path.parent.chmod(0o755)
    with pytest.raises(KeyFileError, match="chmod 0700"):
        load_or_create(path)
