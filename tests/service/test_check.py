"""What `cliquectl check` finds, with real folders, ports and a router's port."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from cliquenntp.service.commands import check
from cliquenntp.service.settings import load

NOW = 1_800_000_000.0

Problems = Callable[..., dict[str, str]]


@pytest.fixture
def problems(tmp_path: Path) -> Problems:
    """A function that returns what is wrong, and how to mend it, with these settings; the folder exists."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)

    def look(now: float = NOW, **settings: object) -> dict[str, str]:
        values = {"data": str(data), "nntp": ["unix:x"], "web": ["off"], "quota": "1 MB"} | settings
        found = check.check(load(None, values), now)
        return {f"{one.what}: {one.problem}": one.mend for one in found if one.problem}

    return look


def test_a_folder_as_it_should_be_has_no_problem(problems: Problems) -> None:
    assert problems() == {}


def test_a_folder_that_others_may_look_into(problems: Problems, tmp_path: Path) -> None:
    (tmp_path / "data").chmod(0o755)
    assert problems() == {
        f"the data folder {tmp_path / 'data'}: other users of this machine may look into it":
        f"chmod 0700 {tmp_path / 'data'}, as the user that runs the node"}


def test_a_key_that_others_may_read(problems: Problems, tmp_path: Path) -> None:
    key = tmp_path / "data" / "keys" / "node"
    key.parent.mkdir()
    key.write_text("x")
    key.chmod(0o644)
    [problem] = problems()
    assert problem == f"the key {key}: other users of this machine may read it"


def test_a_port_that_another_program_has(problems: Problems) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        [problem] = problems(web=f"tcp:{port}:interface=127.0.0.1")
    assert problem == f"the port tcp:{port}:interface=127.0.0.1: another program has it"


def test_a_quota_that_the_disk_has_no_room_for(problems: Problems) -> None:
    [problem] = problems(quota="900000 GB")
    assert "less than the node may need" in problem


def test_a_clock_that_stands_in_the_past(problems: Problems) -> None:
    [problem] = problems(now=1_000_000.0)
    assert problem == "the clock says 1970-01-12 13:46:40 UTC: that has been long ago"


@pytest.mark.parametrize(("answer", "problem"), [
    (b"HELLO REPLY RESULT=OK VERSION=3.1\n", ""),
    (b"HELLO REPLY RESULT=NOVERSION\n", "no SAM 3.1"),
    (b"HTTP/1.1 400 Bad Request\r\n", "no SAM 3.1"),
    (None, "nobody answers"),
])
def test_a_router(problems: Problems, answer: bytes | None, problem: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as router:
        port = router.getsockname()[1]

        def serve() -> None:
            connection, _ = router.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer or b"")

        if answer is not None:
            Thread(target=serve, daemon=True).start()
        else:
            router.close()
        found = problems(clique="i2p", i2p_sam=f"127.0.0.1:{port}")
    assert bool(found) == bool(problem)
    assert all(problem in what and "i2pd.conf" in mend for what, mend in found.items())


def test_the_command_tells_a_bad_setting_and_how_to_mend_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "cliquenntp.toml"
    config.write_text("quota = 3\n")
    assert check.main(["--config", str(config), "--json"], lambda: NOW) == 1
    [finding] = json.loads(capsys.readouterr().out)
    assert "quota" in finding["problem"]
    config.write_text(f'data = "{tmp_path / "new"}"\nnntp = ["unix:x"]\nweb = "off"\nquota = "1 MB"\n')
    assert check.main(["--config", str(config)], lambda: NOW) == 0
    assert "is made at the first start" in capsys.readouterr().out
