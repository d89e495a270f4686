"""The driver of each newsreader."""

from __future__ import annotations

from tests.real.readers.gnus import Gnus
from tests.real.readers.neomutt import Neomutt
from tests.real.readers.newsreader import Newsreader
from tests.real.readers.pan import Pan
from tests.real.readers.slrn import Slrn
from tests.real.readers.thunderbird import ThunderbirdReader
from tests.real.readers.tin import Tin

DRIVERS: dict[str, type[Newsreader]] = {
    "slrn": Slrn, "tin": Tin, "Gnus": Gnus, "neomutt": Neomutt, "Thunderbird": ThunderbirdReader, "Pan": Pan}
"""by the names that ``abilities.py`` has"""
