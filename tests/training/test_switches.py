from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo import RequestError
from ganzoo.sections import TrainOptions
from ganzoo.training.switches import switches


def state() -> dict[str, Any]:
    """Everything global that a run sets."""
    return {
        "matmul": torch.get_float32_matmul_precision(),
        "deterministic": torch.backends.cudnn.deterministic,
        "allow_tf32": torch.backends.cudnn.allow_tf32,
        "logger": logging.getLogger("lightning_fabric").level,
        "environment": dict(os.environ),
        "random": torch.get_rng_state().tolist(),
    }


@pytest.mark.parametrize(("precision", "matmul"), [("fp32", "highest"), ("tf32", "high")])
def test_the_switches_of_a_run_are_set_back_after_an_error(
    precision: Any, matmul: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", precision != "tf32")
    before = state()
    found: list[object] = []

    def fail() -> None:
        with switches(TrainOptions(device="cpu", precision=precision)):
            found.append(torch.get_float32_matmul_precision())
            found.append(torch.backends.cudnn.deterministic)
            found.append(torch.backends.cudnn.allow_tf32)
            torch.rand(1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert found == [matmul, True, precision == "tf32"]
    assert state() == before


def test_training_from_python_changes_nothing_global(tiny: Callable[..., dict[str, Any]]) -> None:
    matmul = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        before = state()
        for folder in ("first", "second"):
            ganzoo.train(**tiny(folder, architecture="mlp", precision="tf32"))
            assert state() == before
        with pytest.raises(RequestError, match="cannot be split"):
            ganzoo.train(**tiny("third", architecture="mlp", devices=3))
        assert state() == before
    finally:
        torch.set_float32_matmul_precision(matmul)


def test_importing_the_engine_changes_no_logger() -> None:
    script = (
        "import logging, lightning_fabric\n"
        "logger = logging.getLogger('lightning_fabric'); before = logger.level\n"
        "import ganzoo.training.session\n"
        "assert logger.level == before != logging.WARNING, logger.level"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
