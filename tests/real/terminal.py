"""A program in a terminal of tmux: keys go in, the screen comes out."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.real.waiting import T, wait_for

TMUX_SECONDS = 60.0


class Terminal:
    """One program in a tmux server of its own; tall, so that whole lists are on the screen."""

    def __init__(
        self, folder: Path, command: Sequence[str], environ: Mapping[str, str], rows: int = 480, columns: int = 150,
    ) -> None:
        settings = folder / "tmux.conf"
        settings.write_text("set-option -g remain-on-exit on\n")  # what a program says at its end can still be read
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", str(settings)]
        assignments = [f"{name}={value}" for name, value in environ.items()]
        # pytest may run with another terminal's size in these two, and programs believe them more than the terminal
        words = shlex.join(["env", "-u", "COLUMNS", "-u", "LINES", *assignments, *command])
        size = ["-x", str(columns), "-y", str(rows)]
        self._run("-u", "new-session", "-d", *size, "-c", str(folder), f"exec {words}")

    def _call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._tmux, *words], capture_output=True, text=True, encoding="utf-8", check=False, timeout=TMUX_SECONDS)

    def _run(self, *words: str) -> str:
        ended = self._call(*words)
        if ended.returncode:
            raise AssertionError(f"tmux {words}: {ended.stderr}")
        return ended.stdout

    @property
    def screen(self) -> str:
        """What is on the screen now."""
        return self._run("capture-pane", "-p", "-t", ":0")

    @property
    def coloured_screen(self) -> str:
        """What is on the screen now, its colours as ANSI sequences."""
        return self._run("capture-pane", "-p", "-e", "-N", "-t", ":0")

    @property
    def cursor_line(self) -> str:
        """The line of the screen on which the cursor stands."""
        row = int(self._run("display-message", "-p", "-t", ":0", "#{cursor_y}"))
        return self.screen.split("\n")[row]

    @property
    def text(self) -> str:
        """The lines of the screen that are not empty."""
        return "\n".join(line for line in self.screen.splitlines() if line.strip())

    @property
    def has_ended(self) -> bool:
        """Whether the program has ended."""
        return self._run("display-message", "-p", "-t", ":0", "#{pane_dead}").strip() == "1"

    def keys(self, *names: str) -> None:
        """Press keys by tmux's names (Enter, Down, C-x, a, ...)."""
        self._run("send-keys", "-t", ":0", *names)

    def type(self, text: str) -> None:
        """Type text as it is."""
        self._run("send-keys", "-t", ":0", "-l", text)

    def wait(self, *texts: str, seconds: float = 30.0) -> str:
        """Wait until all texts are on the screen; return the screen."""

        def look() -> str | None:
            screen = self.screen
            return screen if all(text in screen for text in texts) else None

        return self.wait_until(f"{texts} on the screen", look, seconds)

    def wait_until(self, what: str, look: Callable[[], T | None], seconds: float = 30.0) -> T:
        """Do as ``wait_for``; a failure shows the screen."""
        try:
            return wait_for(what, look, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen shows:\n{self.text}") from None

    def close(self) -> None:
        """End the program and its tmux server."""
        self._call("kill-server")
