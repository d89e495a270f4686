"""The example configuration tells every setting as it is."""

from __future__ import annotations

import re
from pathlib import Path

import attrs

from cliquenntp.service import settings
from cliquenntp.service.example import example


def test_the_defaults_that_it_tells_are_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "cliquenntp.toml"
    path.write_text(re.sub("^#([a-z_0-9]+ = .+)", r"\1", example(), flags=re.MULTILINE))
    assert settings.load(path, {}) == settings.Settings()


def test_it_names_every_setting_once(tmp_path: Path) -> None:
    named = re.findall("^#([a-z_0-9]+) =", example(), flags=re.MULTILINE)
    assert named == [field.name for field in attrs.fields(settings.Settings)]


def test_as_it_is_it_sets_the_folder_alone(tmp_path: Path) -> None:
    path = tmp_path / "cliquenntp.toml"
    path.write_text(example(str(tmp_path)))
    assert settings.load(path, {}) == settings.Settings(data=tmp_path)
