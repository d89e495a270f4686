"""A progress bar with rate and time left, on a terminal only."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


class _RateColumn(ProgressColumn):
    """Units a second."""

    def render(self, task: Task) -> Text:
        """Return the rate as text."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


class ProgressLine:
    """One line on the terminal that tells how far a command is; shows nothing where the output is no terminal."""

    def __init__(self, out: TextIO) -> None:
        self._console = Console(file=out)
        self._progress: Progress | None = None

    def show(self, done: int, total: int | None, note: str) -> None:
        """Show units done, units in all (None: not known), and a few words."""
        if not self._console.is_terminal:
            return
        if self._progress is None:
            columns = (BarColumn(), MofNCompleteColumn(), _RateColumn(), TimeRemainingColumn())
            note_column = TextColumn("{task.description}")
            self._progress = Progress(*columns, note_column, console=self._console, transient=True)
            self._progress.add_task(note, total=total)
            self._progress.start()
        self._progress.update(self._progress.task_ids[0], completed=done, total=total, description=note)

    def close(self) -> None:
        """Take the line away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
