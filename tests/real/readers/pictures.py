"""Pictures of what newsreaders show, small enough to keep."""

from __future__ import annotations

import io
import os
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

MOST_OCTETS = 150_000
COLOURS = 128
FONTS = Path(matplotlib.get_data_path(), "fonts", "ttf")
REGULAR, BOLD = (ImageFont.truetype(FONTS / f"DejaVuSansMono{weight}.ttf", 14) for weight in ("", "-Bold"))
CELL = (round(REGULAR.getlength("M")), 18)
MARGIN = 8

TANGO = TerminalTheme(
    (0, 0, 0), (211, 215, 207),
    [(0, 0, 0), (204, 0, 0), (78, 154, 6), (196, 160, 0), (52, 101, 164), (117, 80, 123), (6, 152, 154),
     (211, 215, 207)],
    [(85, 87, 83), (239, 41, 41), (138, 226, 52), (252, 233, 79), (114, 159, 207), (173, 127, 168), (52, 226, 226),
     (238, 238, 236)])
"""the colours of many terminals: background, foreground, the eight, the eight bright ones"""


def folder(default: Path) -> Path:
    """Return where pictures are kept: the folder that CLIQUENNTP_PICTURES names, else the default."""
    return Path(os.environ.get("CLIQUENNTP_PICTURES", default))


def draw(screen: str, columns: int, file: Path) -> None:
    """Write a picture of a terminal's screen, whose colours are ANSI sequences: each character in its own cell.

    A line's last background goes on to the terminal's edge, as where a program has cleared the rest of a line.
    """
    lines = Text.from_ansi(screen).split("\n")
    size = (columns * CELL[0] + 2 * MARGIN, len(lines) * CELL[1] + 2 * MARGIN)
    image = Image.new("RGB", size, TANGO.background_color)
    pen = ImageDraw.Draw(image)
    console = Console(width=columns)
    for row, line in enumerate(lines):
        column, top = 0, MARGIN + row * CELL[1]
        for text, style, _ in line.render(console):
            ink, paper = colours_of(style or Style())
            for character in text:
                left = MARGIN + column * CELL[0]
                pen.rectangle((left, top, left + CELL[0] - 1, top + CELL[1] - 1), fill=paper)
                pen.text((left, top), character, fill=ink, font=BOLD if style and style.bold else REGULAR)
                column += 1
            if column < columns and style and not style.reverse:
                left = MARGIN + column * CELL[0]
                pen.rectangle((left, top, size[0] - MARGIN - 1, top + CELL[1] - 1), fill=paper)
    save(image, file)


def colours_of(style: Style) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the colours of a character and of what is behind it."""
    ink = (style.color or Color.default()).get_truecolor(TANGO)
    paper = (style.bgcolor or Color.default()).get_truecolor(TANGO, foreground=False)
    return (paper, ink) if style.reverse else (ink, paper)


def keep(png: bytes, file: Path) -> None:
    """Write a picture with fewer colours."""
    save(Image.open(io.BytesIO(png)).convert("RGB"), file)


def save(image: Image.Image, file: Path) -> None:
    """Write a picture.  Raises AssertionError where it is larger than ``MOST_OCTETS``."""
    image.quantize(COLOURS).save(file, optimize=True)
    assert file.stat().st_size <= MOST_OCTETS, file
