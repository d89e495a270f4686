"""A node killed with -9 at any moment: what it had answered is there, nothing is doubled, numbers never go back."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from cliquenntp.store import Store
from tests.sample_documents import SampleDocument

KILLS = 20


def test_killed_at_random_moments(tmp_path: Path) -> None:
    dice = random.Random()
    answered: dict[bytes, tuple[int, int]] = {}
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.service.storing_program", tmp_path], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
    )
    assert program.stdin is not None
    assert program.stdout is not None
    try:
        for _ in range(KILLS):
            program.stdin.write(b"again\n")
            program.stdin.flush()
            pid = int(program.stdout.readline().split()[1])
            lines_to_live = dice.randint(1, 150)
            while True:
                word, *values = program.stdout.readline().split()
                if word == b"ended":
                    break
                text, docno, number = values
                answered[b"document " + text] = int(docno), int(number)
                lines_to_live -= 1
                if not lines_to_live:
                    os.kill(pid, signal.SIGKILL)
            check(tmp_path, answered)
    finally:
        program.stdin.close()
        program.wait(10)
        program.stdout.close()
    assert len(answered) > KILLS


def check(folder: Path, answered: dict[bytes, tuple[int, int]]) -> None:
    store = Store.open(folder)
    reader = store.reader
    docnos = list(reader.since(0))
    texts = [reader.raw(docno) for docno in docnos]
    assert docnos == list(range(1, len(docnos) + 1))
    assert len(set(texts)) == len(texts)
    forum = list(reader.numbers(1).between(1, len(docnos)))
    assert forum == list(enumerate(docnos, 1))
    assert [line for _, line in reader.overviews(1, 1, len(docnos))] == [b"overview of " + text for text in texts]
    for raw, (docno, number) in answered.items():
        assert reader.find(SampleDocument(raw).id) == docno
        assert reader.numbers(1).at(number) == docno
    for docno in docnos:
        for group, number in reader.record(docno).numbers:
            assert reader.numbers(group).at(number) == docno
    store.close()
