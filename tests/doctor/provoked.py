"""What the doctor says of runs that fail in a known way, and of healthy ones.

Each run trains for some seconds to a minute on one core: ``nox -s doctor``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo import RunFolder
from ganzoo_doctor.checks import examine
from ganzoo_doctor.history import History
from tests.doctor.runs import RUNS


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", RUNS)
def test_the_doctor_finds_what_was_provoked(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = RunFolder(RUNS[name].train(tmp_path / name))
    warned = capsys.readouterr().err
    found = examine(History.read(folder, folder.stored_settings()))
    with capsys.disabled():
        print("", name, *(f"  {f.kind}: {f.name}: {f.sentence}" for f in found), sep="\n")
    faults = [finding for finding in found if finding.kind == "fault"]
    if expected := RUNS[name].fault:
        assert expected in [fault.name for fault in faults]
        assert all(fault.command(folder.path) in warned for fault in faults)
    else:
        assert not faults
        assert "try `ganzoo" not in warned
    if expected := RUNS[name].trend:
        assert expected in [finding.name for finding in found]
