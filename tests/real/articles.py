"""Articles for tests that need many, or some where no corpus is at hand."""

from __future__ import annotations

from pathlib import Path


def write_mbox(path: Path, count: int, name: str = "made") -> None:
    """Write an mbox of so many articles: every tenth begins a thread, the others answer the one before."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write("From maker@example.invalid Mon Jan  1 00:00:00 2024\n")
            file.write(f"Message-ID: <{number}.{name}@example.invalid>\n")
            file.write("From: Article maker <maker@example.invalid>\n")
            file.write("Date: Mon, 01 Jan 2024 00:00:00 +0000\n")
            file.write(f"Subject: article {number} of {name}\n")
            if number % 10:
                file.write(f"References: <{number - 1}.{name}@example.invalid>\n")
            file.write(f"\nThis is article {number}.\n" + "It has some lines.\n" * 10 + "\n")
