from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="Windows cannot fork")

from ganzoo import RequestError
from tests.torture import fuzzing
from tests.torture.fuzzing import KINDS, fuzz
from tests.torture.input_kind import InputKind

# Python from 3.12 on warns of threads, which are idle where the tests fork.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_broken_inputs_are_refused_or_read_correctly(kind: InputKind, tmp_path: Path) -> None:
    (row,) = fuzz([kind], 10, seed=1, keep=tmp_path)
    assert row.failed == []
    assert row.tried == row.refused + row.correct == 10


def test_an_input_that_fails_is_stored_and_does_not_affect_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzzing, "SECONDS", 0.2)
    monkeypatch.setattr(fuzzing, "MEMORY", 2**28)
    original = bytes(100)

    def read(folder: Path, content: bytes) -> None:
        match 0 if content == original else sum(content) % 6:
            case 1:
                raise RequestError("refused")
            case 2:
                raise KeyError("forgotten")
            case 3:
                os.kill(os.getpid(), signal.SIGSEGV)
            case 4 if len(content) % 4 == 0:
                time.sleep(60)
            case 5:
                bytes(2**29)

    kind = InputKind("numbers", lambda: [original], read)
    (row,) = fuzz([kind], 24, seed=0, keep=tmp_path)
    assert row.tried == 24 == row.refused + row.correct + len(row.failed)
    assert row.refused
    assert row.correct
    for reason in ("KeyError", "died of SIGSEGV", "hung", "MemoryError"):
        assert any(reason in line for line in row.failed)
    assert len(list(tmp_path.iterdir())) == len(row.failed)
    monkeypatch.setattr(fuzzing, "_INPUTS_PER_PROCESS", 7)  # the results stay the same
    assert fuzz([kind], 24, seed=0, keep=tmp_path) == [row]
