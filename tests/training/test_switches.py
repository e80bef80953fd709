from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
import torch
import torch._functorch.config as functorch

import ganzoo
from ganzoo import RequestError
from ganzoo.sections import TrainOptions
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.switches import switches


def state() -> dict[str, Any]:
    """Everything global that a run sets."""
    return {
        "matmul": torch.get_float32_matmul_precision(),
        "deterministic": torch.backends.cudnn.deterministic,
        "allow_tf32": torch.backends.cudnn.allow_tf32,
        "threads": torch.get_num_threads(),
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


@pytest.mark.parametrize("compile_", ["off", "auto", "on", "cuda-graphs"])
def test_gradients_of_compiled_passes_may_be_computed_twice(compile_: Any) -> None:
    """Simultaneous updates do; torch refuses it if saved tensors become memory of the first."""
    before = functorch.donated_buffer
    assert before
    with switches(TrainOptions(device="cpu", compile=compile_)):
        assert functorch.donated_buffer is (compile_ == "off")
    assert functorch.donated_buffer is before


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


@pytest.mark.parametrize("mode", ["no_grad", "inference_mode", "float64", "autocast"])
def test_the_modes_of_the_calling_program_do_not_change_a_run(
    mode: str, tiny: Callable[..., dict[str, Any]]
) -> None:
    plain = ganzoo.train(**tiny("plain", architecture="mlp")).generate(2)
    modes: dict[str, Any] = {
        "no_grad": torch.no_grad(),
        "inference_mode": torch.inference_mode(),
        "autocast": torch.autocast("cpu", torch.bfloat16),
    }
    torch.set_default_dtype(torch.float64 if mode == "float64" else torch.float32)
    try:
        with modes.get(mode, nullcontext()):
            ganzoo.train(**tiny("run", architecture="mlp"))
            assert torch.get_default_dtype() == (
                torch.float64 if mode == "float64" else torch.float32
            )
    finally:
        torch.set_default_dtype(torch.float32)
    run = ganzoo.load(tiny("run")["run_dir"])
    assert torch.equal(run.generate(2), plain)


def test_evaluating_from_python_changes_nothing_global(
    tiny: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Drawing(Evaluation):
        def __init__(self, *arguments: Any) -> None:
            torch.rand(1)  # as networks of extractors do, before they load their weights
            super().__init__(*arguments)

    monkeypatch.setattr("ganzoo.output.evaluating.Evaluation", Drawing)
    run = ganzoo.train(**tiny(architecture="mlp"))
    before = state()
    ganzoo.evaluate(run, metrics="fd", extractor="random", samples=12, quiet=True)
    assert state() == before


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


@pytest.mark.parametrize(
    ("setting", "variable", "processes", "expected"),
    [
        ("auto", None, 1, 6),
        ("auto", None, 4, 1),
        ("auto", "16", 1, 9),
        (3, "16", 4, 3),
    ],
)
def test_threads_are_the_physical_cores_of_each_process_unless_set(
    setting: Any,
    variable: str | None,
    processes: int,
    expected: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ganzoo.machine.cores", lambda: 6)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if variable:
        monkeypatch.setenv("OMP_NUM_THREADS", variable)
    torch.set_num_threads(9)
    with switches(TrainOptions(device="cpu", threads=setting, devices=processes)):
        assert torch.get_num_threads() == expected
    assert torch.get_num_threads() == 9


def test_auto_does_not_raise_the_number_of_threads_that_a_program_has_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ganzoo.machine.cores", lambda: 6)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    torch.set_num_threads(2)
    with switches(TrainOptions(device="cpu")):
        assert torch.get_num_threads() == 2


def test_only_the_processes_of_this_machine_divide_its_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ganzoo.machine.cores", lambda: 6)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for name, value in {"WORLD_SIZE": 8, "RANK": 5, "LOCAL_WORLD_SIZE": 2}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("MASTER_PORT", "29500")
    monkeypatch.setenv("MASTER_ADDR", "first")
    torch.set_num_threads(9)
    with switches(TrainOptions(device="cpu")):
        assert torch.get_num_threads() == 3
