from __future__ import annotations

import json
from pathlib import Path

import pytest

from ganzoo.training.failure import FILE, Failure


def test_the_first_failure_of_a_process_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "failure.json"
    assert Failure.recorded(file) is None
    monkeypatch.setenv(FILE, str(file))
    first = Failure("no memory", 1, traceback="line 1")
    first.record()
    Failure("a consequence").record()
    assert Failure.recorded(file) == first
    torchs = json.loads(file.read_text())["message"]
    assert torchs["message"] == "no memory"
    assert int(torchs["extraInfo"]["timestamp"]) == int(first.time)


def test_without_a_file_nothing_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FILE, raising=False)
    Failure("no memory").record()


@pytest.mark.parametrize(
    ("code", "stderr", "reason", "status"),
    [
        (-9, "", "rank 1 was killed by SIGKILL", 1),
        (1, "Traceback\nMemoryError: too large\n", "rank 1 failed with MemoryError: too large", 1),
        (3, "", "rank 1 ended with status 3", 3),
    ],
)
def test_a_process_that_recorded_nothing_is_described_by_its_end(
    code: int, stderr: str, reason: str, status: int
) -> None:
    failure = Failure.of_exit(1, code, stderr)
    assert f"({reason})" in failure.message
    assert failure.message.endswith("resume from the newest checkpoint with `ganzoo resume`")
    assert failure.status == status
