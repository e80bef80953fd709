from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ganzoo import RequestError
from ganzoo.sections import TrainOptions
from ganzoo.training.checkpoint import read
from ganzoo.training.engine import Engine


def test_an_engine_of_one_process_on_the_cpu() -> None:
    engine = Engine(TrainOptions(device="cpu"))
    assert engine.device == torch.device("cpu")
    assert (engine.rank, engine.processes, engine.is_main) == (0, 1, True)
    assert engine.any(True)
    assert not engine.any(False)
    assert engine.broadcast("x") == "x"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("device", ["cuda", "cuda:0", "mps"])
def test_a_device_that_is_not_available_is_refused(device: str) -> None:
    with pytest.raises(RequestError, match=f"train.device={device}"):
        Engine(TrainOptions(device=device))


def test_a_batch_that_cannot_be_split_into_equal_parts_is_refused() -> None:
    with pytest.raises(RequestError, match=r"train\.batch_size=7 cannot be split into"):
        Engine(TrainOptions(device="cpu", batch_size=7, devices=2))


def test_slow_bf16_gives_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False, raising=False)
    with pytest.warns(UserWarning, match="no native bf16"):
        Engine(TrainOptions(device="cpu", precision="bf16"))


def test_two_processes_train_the_same_weights_as_one(tmp_path: Path) -> None:
    # The networks have no batch statistics, so only the order of sums differs.
    states = []
    for devices in (1, 2):
        folder = tmp_path / f"run{devices}"
        command = [
            *(sys.executable, "-m", "ganzoo", "train", "blossoms", "mlp", "lsgan"),
            *("--resolution", "8", "--steps", "3", "--batch-size", "8", "--device", "cpu"),
            *("--augment", "rotate", "dataset.count=20", "architecture.width=8"),
            *("--devices", str(devices), "--run-dir", str(folder), "train.generator.optimizer=sgd"),
            *("train.discriminator.optimizer=sgd", "train.generator.lr=0.1"),
        ]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        states.append(read(folder / "checkpoints" / "step-0000003.pt"))
        sessions = json.loads((folder / "environment.json").read_text())["sessions"]
        assert [session["processes"] for session in sessions] == [devices]
    for network in ("networks.generator", "networks.discriminator", "generator_ema"):
        weights, others = (state["state"][network]["weights"] for state in states)
        for name, value in weights.items():
            torch.testing.assert_close(others[name], value, atol=1e-6, rtol=1e-5)
