"""The pages: they can be made, lead to one another, and name no command that there is not."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from cliquenntp.control import cliquectl
from cliquenntp.control.commands import COMMANDS
from cliquenntp.service.settings import Settings
from cliquenntp.service.tap import FLAGS, Options
from tests.documented import PAGES, REPOSITORY, Command, commands

DOCS = REPOSITORY / "docs"
MAKEFILE = (REPOSITORY / "Makefile").read_text("utf-8")

ELSEWHERE = {
    "apt": "Debian's",
    "apt-get": "Debian's",
    "chmod": "everybody's",
    "eval": "tests/control/test_completion.py",
    "journalctl": "needs systemd as the first process",
    "neomutt": "tests/real/readers/test_abilities.py",
    "pip": "needs the package index; `make test` installs the same extras",
    "slrn": "tests/real/readers/test_abilities.py",
    "systemctl": "needs systemd as the first process",
    "systemd-analyze": "tests/real/test_system_service.py",
    "systemd-sysusers": "tests/real/test_install.py",
    "systemd-tmpfiles": "tests/real/test_install.py",
    "tin": "tests/real/readers/test_abilities.py",
}
"""programs that are not ours, and which test runs them"""

ALL = [command for page in PAGES for command in commands(page)]


def wrong_with(command: Command) -> str:
    """Return what is wrong with a command; empty: nothing."""
    program, *words = command.words
    check = {"cliquectl": _cliquectl, "twistd": _twistd, "make": _make, "python": _python}.get(program)
    if check is None:
        return "" if program in ELSEWHERE else "no test runs it, and ELSEWHERE does not say why"
    return check(words, command)


def _cliquectl(words: Sequence[str], command: Command) -> str:
    if not words or words[0] in ("--help", "COMMAND", "..."):
        return ""
    if command.whole and not command.is_synopsis:
        try:
            cliquectl.parse(cliquectl.parser(), [*words])
        except SystemExit:
            return "its parser does not take it"
        return ""
    known = {line.name: line for line in COMMANDS}
    rest = [*words]
    while (rest and rest[0] in ("--socket", "--json", "PATH")) or (rest and rest[0].endswith(".sock")):
        rest.pop(0)
    if rest and rest[0] not in ("COMMAND", *known):
        return f"there is no command {rest[0]}"
    flags = {name for names, _ in known[rest[0]].arguments for name in names} if rest and rest[0] in known else set()
    if rest and rest[0] in known and known[rest[0]].program:
        return ""
    unknown = [word for word in rest if word.startswith("--") and word not in flags | {"--json"}]
    return f"there is no {unknown[0]}" if unknown else ""


def _twistd(words: Sequence[str], command: Command) -> str:
    if "cliquenntp" not in words:
        return ""
    own = [*words[words.index("cliquenntp") + 1 :]]
    if command.is_synopsis:
        unknown = {word[2:] for word in own if word.startswith("--")} - {
            *(flag.replace("_", "-") for flag in FLAGS), "config"}
        return f"there is no --{unknown.pop()}" if unknown else ""
    try:
        Options().parseOptions(own)
    except Exception as error:
        return str(error)
    return ""


def _make(words: Sequence[str], command: Command) -> str:
    targets = [word for word in words if "=" not in word]
    return "" if all(re.search(rf"^{target}:", MAKEFILE, re.M) for target in targets) else "no such target"


def _python(words: Sequence[str], command: Command) -> str:
    if words[:1] != ["-m"]:
        return "not a module"
    return "" if importlib.util.find_spec(words[1]) else "no such module"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_command_exists(page: Path) -> None:
    found = {command.text: wrong_with(command) for command in ALL if command.page == page}
    assert not {text: wrong for text, wrong in found.items() if wrong}


def test_commands_are_found() -> None:
    assert len(ALL) > 100
    assert {command.words[0] for command in ALL} >= {"cliquectl", "twistd", "make"}
    assert wrong_with(Command(PAGES[0], "cliquectl fly", False))
    assert wrong_with(Command(PAGES[0], "cliquectl join", True))
    assert wrong_with(Command(PAGES[0], "make coffee", False))
    assert wrong_with(Command(PAGES[0], "twistd -n cliquenntp --fly high", False))
    assert wrong_with(Command(PAGES[0], "git push", False))


def test_every_command_is_told_and_every_setting_that_is_told_exists() -> None:
    operating = (DOCS / "operating.md").read_text("utf-8")
    told = " ".join(page.read_text("utf-8") for page in PAGES)
    table = re.findall(r"(?m)^\| `(\w+)` \|", operating.partition("## Settings")[2].partition("\n## ")[0])
    assert table
    assert not [name for name in table if name not in Settings.__annotations__]
    assert not [line.name for line in COMMANDS if f"cliquectl {line.name}" not in told]


NAMED_TEST = re.compile(r"\btests/[\w/]+(?:\.py)?(?:::\w+)*")
"""a folder, a file, or a test in a file, as pages name what shows that they are right"""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_test_that_is_named_exists(page: Path) -> None:
    assert not [name for name in NAMED_TEST.findall(page.read_text("utf-8")) if not _is_there(name)]


def _is_there(name: str) -> bool:
    path, *inside = name.split("::")
    if not (REPOSITORY / path).exists():
        return False
    source = (REPOSITORY / path).read_text("utf-8") if inside else ""
    return all(re.search(rf"(?m)^ *(?:async )?(?:def|class) {one}\b", source) for one in inside)


def test_each_promise_of_security_names_a_test() -> None:
    page = (DOCS / "security.md").read_text("utf-8")
    promised = page.partition("\n## Promised")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in promised.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    assert not [row[1].strip() for row in rows if not any("::" in name for name in NAMED_TEST.findall(row[3]))]
    assert _is_there("tests/test_documentation.py::test_commands_are_found")
    assert not _is_there("tests/test_documentation.py::test_nothing") and not _is_there("tests/nowhere.py")


def test_pages_and_manuals_can_be_made(tmp_path: Path) -> None:
    sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", str(tmp_path / "doctrees")]
    for builder in ("html", "man"):
        done = subprocess.run(
            [*sphinx, "-b", builder, str(DOCS), str(tmp_path / builder)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    for name in ("cliquenntp.8", "cliquectl.1", "cliquenntp.toml.5", "cliquenntp-protocol.7"):
        assert ".SH" in (tmp_path / "man" / name).read_text("utf-8"), name
    settings = (tmp_path / "man" / "cliquenntp.toml.5").read_text("utf-8")
    assert all(name in settings for name in Settings.__annotations__)
    manual = (tmp_path / "man" / "cliquectl.1").read_text("utf-8")
    assert all(line.help[:30].lower().split()[0] in manual.lower() for line in COMMANDS)
    index = (tmp_path / "html" / "index.html").read_text("utf-8")
    reached = set(re.findall(r'href="([\w./-]+)\.html', index))
    pages = {
        str(page.relative_to(DOCS).with_suffix("")) for page in PAGES if page.is_relative_to(DOCS)
    } - {"index"}
    assert pages <= reached | {f"protocol/{one}" for one in ("document", "invitation", "link", "wire", "overlay")}
