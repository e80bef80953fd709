from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

import ganzoo
from ganzoo.training.checkpoint import Checkpoints, read
from ganzoo.training.migration import FORMAT

FORMER = sorted(Path(__file__).parent.glob("checkpoints-of-format-*"))


def test_each_former_format_has_a_run_that_was_written_in_it() -> None:
    assert [int(run.name.rpartition("-")[2]) for run in FORMER] == list(range(1, FORMAT))


@pytest.mark.parametrize("former", FORMER, ids=lambda run: run.name)
def test_a_run_of_a_former_format_goes_on(former: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(former, run)
    (file,) = (run / "checkpoints").glob("*.pt")
    written = torch.load(file, weights_only=True)
    now = read(file)
    assert now["format"] == FORMAT
    for player in ("generator", "discriminator", "averaged"):
        assert all(torch.equal(now[player][name], w) for name, w in written[player].items())
    assert ganzoo.load(run).generate(2).shape == (2, 3, 8, 8)
    ganzoo.resume(run, steps=written["step"] + 2, quiet=True)
    assert Checkpoints(run / "checkpoints", 3).load()["step"] == written["step"] + 2
