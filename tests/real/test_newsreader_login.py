"""Real newsreaders log in to an account: slrn on loopback, Gnus over TLS and by STARTTLS."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import needs_program
from tests.real.node_process import LOOPBACK, NodeProcess
from tests.real.terminal import Terminal

CONFIG = f"""
nntp = "{LOOPBACK}"
accounts = ["{LOOPBACK}", "tcp:0:interface=0.0.0.0", "tls:0:interface=127.0.0.1"]
web = "off"
"""

GNUS = """
(require 'nntp)
(setq network-security-level 'low gnutls-verify-error nil nntp-authinfo-file "{authinfo}" auth-sources '("{authinfo}")
      nntp-connection-timeout 20 nntp-record-commands t)
(unless (nntp-open-server "127.0.0.1" '((nntp-port-number {port})
                                        (nntp-open-connection-function {function})))
  (error "not opened: %s" (nntp-status-message "127.0.0.1")))
(unless (nntp-request-group "clique.tea" "127.0.0.1") (error "no group: %s" (nntp-status-message "127.0.0.1")))
(with-current-buffer nntp-server-buffer (princ (buffer-string)))
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    process = NodeProcess(tmp_path_factory.mktemp("login"), config=CONFIG)
    try:
        process.start()
        process.cliquectl("create-forum", "tea", "--description", "All about tea")
        yield process
    finally:
        process.kill()


def ports(node: NodeProcess) -> list[int]:
    return [int(address.rpartition(":")[2]) for address in node.cliquectl("status")["accounts"]]


@pytest.mark.real
@needs_program("slrn", "slrn")
@needs_program("tmux", "tmux")
def test_slrn(node: NodeProcess, tmp_path: Path, make_terminal: Callable[..., Terminal]) -> None:
    password = node.cliquectl("user", "add", "slrn-user")["password"]
    (tmp_path / ".slrnrc").write_text(
        f'nnrpaccess "127.0.0.1" "slrn-user" "{password}"\nset hostname "example.invalid"\nset username "me"\n'
        "set query_read_group_cutoff 0\n"
    )
    (tmp_path / "newsrc").write_text("clique.tea:\n")
    command = ["slrn", "-h", "127.0.0.1", "-p", str(ports(node)[0]), "-f", str(tmp_path / "newsrc")]
    terminal = make_terminal(*command, HOME=str(tmp_path), LANG="C.UTF-8", TERM="xterm")
    terminal.wait("clique.tea")
    terminal.keys("Enter")
    terminal.wait("All about tea")


@pytest.mark.real
@needs_program("emacs", "emacs-nox")
@pytest.mark.parametrize(("index", "function"), [
    (0, "nntp-open-network-stream"), (1, "nntp-open-network-stream"), (2, "nntp-open-tls-stream"),
])
def test_gnus(node: NodeProcess, tmp_path: Path, index: int, function: str) -> None:
    name = f"gnus-user-{index}"
    password = node.cliquectl("user", "add", name)["password"]
    port = ports(node)[index]
    authinfo = tmp_path / "authinfo"
    authinfo.write_text(f"machine 127.0.0.1 port {port} login {name} password {password} force yes\n")
    authinfo.chmod(0o600)
    (tmp_path / ".emacs.d").mkdir()  # where it keeps that its user confirmed the certificate
    script = GNUS.format(authinfo=authinfo, port=port, function=function)
    (tmp_path / "gnus.el").write_text(script)
    ended = subprocess.run(
        ["emacs", "-Q", "--batch", "-l", str(tmp_path / "gnus.el")], capture_output=True, text=True, timeout=60,
        check=False, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )
    assert ended.returncode == 0, ended.stderr
    assert "211 1 1 1 clique.tea" in ended.stdout
