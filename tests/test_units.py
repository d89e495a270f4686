import time

import pytest

from cliquenntp.units import clock_text, duration_text, octets_text


@pytest.mark.parametrize(("octets", "text"), [
    (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9_949, "9.9 kB"), (12_345, "12 kB"), (1_234_567, "1.2 MB"),
    (4 * 1024**3, "4.3 GB"), (2_000_000_000_000, "2000 GB"),
])  # fmt: skip
def test_sizes(octets: int, text: str) -> None:
    assert octets_text(octets) == text


@pytest.mark.parametrize(("seconds", "text"), [
    (0.4, "0 seconds"), (1.9, "1 second"),
    (119, "119 seconds"), (120, "2 minutes"), (7199, "119 minutes"), (7200, "2 hours"),
    (172_800, "2 days"),
])  # fmt: skip
def test_spans(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_times_are_those_of_this_machines_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "XYZ-2")
    time.tzset()
    assert clock_text(1_700_000_000.9) == "2023-11-15 00:13:20"
    monkeypatch.undo()
    time.tzset()
