"""`make install` into folders of its own: program, manuals, units and settings, and the node that they start."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import needs_program
from tests.documented import REPOSITORY
from tests.real.node_process import ENVIRONMENT

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that stands for the system's."""
    root = tmp_path_factory.mktemp("install")
    folders = {"PREFIX": root / "usr", "SYSCONFDIR": root / "etc", "UNITDIR": root / "units"}
    words = [f"{name}={path}" for name, path in folders.items()]
    done = subprocess.run(
        ["make", "-s", "install", *words], cwd=REPOSITORY, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def test_everything_is_in_its_place(root: Path) -> None:
    manuals = {path.name for path in (root / "usr" / "share" / "man").rglob("*.?")}
    assert manuals == {"cliquenntp.8", "cliquectl.1", "cliquenntp.toml.5", "cliquenntp-protocol.7"}
    cliquectl = root / "usr" / "bin" / "cliquectl"
    told = subprocess.run([str(cliquectl), "--help"], capture_output=True, text=True, check=True, cwd=root).stdout
    assert "create-forum" in told
    unit = (root / "units" / "cliquenntp.service").read_text()
    assert "@" not in unit.replace("@service", "").replace("@system", "").replace("@privileged", "").replace(
        "@resources", "")
    assert f"{root}/usr/lib/cliquenntp/bin/twistd" in unit
    assert not (root / "usr" / "lib" / "cliquenntp" / "sphinx").exists()


def test_the_settings_that_come_with_it_are_in_order(root: Path) -> None:
    settings = root / "etc" / "cliquenntp" / "cliquenntp.toml"
    assert 'nntp = ["systemd:domain=INET:index=0"' in settings.read_text()
    cliquectl = root / "usr" / "bin" / "cliquectl"
    done = subprocess.run(
        [str(cliquectl), "--json", "check", "--config", str(settings), "--data", str(root / "data")],
        capture_output=True, text=True, check=False, cwd=root)
    assert '"what": "the settings", "problem": ""' in done.stdout, done.stdout + done.stderr


@needs_program("systemd-sysusers", "systemd")
def test_the_user_and_the_folder_can_be_made(root: Path, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for name, words in (("sysusers", []), ("tmpfiles", ["--create"])):
        rules = root / "etc" / f"{name}.d" / "cliquenntp.conf"
        done = subprocess.run(
            [f"systemd-{name}", f"--root={tmp_path}", *words, str(rules)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert "cliquenntp" in (tmp_path / "etc" / "passwd").read_text()
    assert (tmp_path / "var" / "lib" / "cliquenntp").stat().st_mode & 0o777 == 0o700
