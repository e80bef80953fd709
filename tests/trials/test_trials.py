"""Plugins of the kinds that papers propose train exactly, in any number of processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo import LossSpec, Options, Scores, Terms
from ganzoo.registry import Registry
from ganzoo.testing import check_plugin
from tests.sameness import same
from tests.trials.runs import STATEFUL, TRIALS, arguments, files, state

ROOT = Path(__file__).parents[2]
BOUND = 1e-12
"""The largest difference of two runs in float64, with one and with two processes."""


def train(name: str, folder: Path, steps: int = 6, **more: Any) -> dict[str, Any]:
    """The state after some steps of a trial."""
    ganzoo.train(**arguments(name, folder), steps=steps, **more)
    return state(folder, steps)


@pytest.mark.parametrize("name", TRIALS)
def test_the_plugins_pass_the_checks(name: str) -> None:
    for file in files(name):
        assert not Registry.discover(files=[file]).failures
        check_plugin(sys.modules[file.stem])


@pytest.mark.parametrize("name", TRIALS)
def test_three_steps_and_three_after_a_resume_equal_six(name: str, tmp_path: Path) -> None:
    straight = train(name, tmp_path / "straight")
    halved = train(name, tmp_path / "halved", steps=3)
    assert not same(halved, straight)
    ganzoo.resume(tmp_path / "halved", steps=6, quiet=True)
    assert same(state(tmp_path / "halved"), straight)


@pytest.fixture(scope="module")
def double(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs of all trials in float64, in one process and in two."""
    folder = tmp_path_factory.mktemp("double")
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    started = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.trials.double_precision"),
                *(str(folder / str(devices)), str(devices)),
            ],
            env={**environment, "GANZOO_CACHE": str(folder / f"cache-{devices}")},
            stderr=subprocess.PIPE,
            text=True,
        )
        for devices in (1, 2)
    ]
    for process in started:
        _, stderr = process.communicate(timeout=100)
        assert process.returncode == 0, stderr
    return folder


@pytest.mark.parametrize("name", TRIALS)
def test_one_and_two_processes_compute_the_same_up_to_rounding(name: str, double: Path) -> None:
    one, two = (state(double / devices / f"{name}-straight") for devices in "12")
    assert one.keys() == two.keys()
    differences = {
        key: (torch.as_tensor(one[key]) - torch.as_tensor(two[key])).abs().max().item()
        for key, value in one.items()
        if (isinstance(value, Tensor) and value.numel()) or isinstance(value, float)
    }
    assert max(differences.values()) < BOUND, {k: v for k, v in differences.items() if v >= BOUND}
    weights = [v for key, v in one.items() if ".networks." in key and isinstance(v, Tensor)]
    assert {weight.dtype for weight in weights if weight.is_floating_point()} == {torch.float64}


@pytest.mark.parametrize("name", STATEFUL)
def test_two_processes_resume_exactly(name: str, double: Path) -> None:
    straight, halved = (state(double / "2" / f"{name}-{part}") for part in ("straight", "halved"))
    assert same(halved, straight)


@pytest.mark.parametrize("name", TRIALS)
def test_bf16(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True, raising=False)
    full = train(name, tmp_path / "fp32", steps=4)
    reduced = train(name, tmp_path / "bf16", steps=4, precision="bf16")
    assert not same(full, reduced)
    assert all(v.isfinite().all() for v in reduced.values() if isinstance(v, Tensor))


class Nothing:
    """A loss whose gradient is zero."""

    independent_scores = False

    def __init__(self, options: Options) -> None: ...

    def discriminator(self, scores: Scores) -> Terms:
        return {"nothing": 0 * scores.real.mean()}

    def generator(self, scores: Scores) -> Terms:
        return {"nothing": 0 * scores.fake.mean()}


def test_lazy_r1_corrects_learning_rate_and_betas_and_weighs_k_times_as_much(
    tmp_path: Path,
) -> None:
    after = train("lazy_r1", tmp_path / "adam", steps=1)

    def option(network: str, key: str) -> float:
        value: float = after[f"state.optimizers.{network}.optimizer.param_groups.0.{key}"]
        return value

    assert option("discriminator", "lr") == pytest.approx(2e-4 * 4 / 5)
    assert option("discriminator", "betas.0") == pytest.approx(0.5 ** (4 / 5))
    assert option("discriminator", "betas.1") == pytest.approx(0.999 ** (4 / 5))
    assert [option("generator", key) for key in ("lr", "betas.0")] == [2e-4, 0.5]

    def weights(name: str, **settings: Any) -> dict[str, Tensor]:
        loss = LossSpec(name="nothing", summary="Nothing.", factory=Nothing)
        sgd: dict[str, Any] = {"optimizer": "sgd", "betas": [0, 0], "lr": 0.1}
        settings |= {f"train.discriminator.{key}": value for key, value in sgd.items()}
        ganzoo.train(**{**arguments("lazy_r1", tmp_path / name, **settings), "loss": loss}, steps=1)
        found = state(tmp_path / name, 1).items()
        return {k: v for k, v in found if "networks.discriminator" in k and k.endswith("weight")}

    before = weights("none", **{"regularize.r1.gamma": 0})
    each = weights("each", **{"regularize.r1.every": 1})
    fourth = weights("fourth")
    for key, start in before.items():
        change = fourth[key] - start
        assert change.abs().max() > 1e-4
        torch.testing.assert_close(change, (each[key] - start) * 4 * 4 / 5, atol=1e-6, rtol=1e-4)


def test_schedules_set_the_options_of_optimizers_and_components(tmp_path: Path) -> None:
    after = train("schedules", tmp_path / "run")
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    report = json.loads(lines[-1])
    for key, text in arguments("schedules", tmp_path)["settings"].items():
        if isinstance(text, str):
            value = ganzoo.Schedule.parse(text).at(5 * 8, 6 * 8)  # before the sixth step
            assert report[f"schedule/{key}"] == pytest.approx(value)
    group = "state.optimizers.{}.optimizer.param_groups.0.{}"
    rate = report["schedule/train.generator.lr"]
    assert 0 < after[group.format("generator", "lr")] == rate < 2e-4
    beta = report["schedule/train.discriminator.betas.1"]
    assert after[group.format("discriminator", "betas.1")] == pytest.approx(beta ** (2 / 3))
    # The augmentation kept its state whenever its target changed: four of six batches.
    assert after["state.augment.ada.p"].item() == pytest.approx(8 * 4 / 100)
    assert after["state.augment.ada.batches"] == 2


def test_ada_follows_the_signs_of_the_scores(tmp_path: Path) -> None:
    # All signs are above the target -1, then below 1.001: p rises and then stays at 0.
    for target, p in ((-1, 8 * 4 / 40), (1, 0)):
        settings = {"augment.ada.target": target}
        folder = tmp_path / str(target)
        ganzoo.train(**arguments("ada", folder, **settings), steps=5)
        assert state(folder, 5)["state.augment.ada.p"].item() == pytest.approx(p)
        assert state(folder, 5)["state.augment.ada.batches"] == 1


def test_frozen_features_are_not_in_the_checkpoint_but_their_hash_is(tmp_path: Path) -> None:
    after = train("frozen_features", tmp_path / "run", steps=1)
    keys = [key for key in after if "filters" in key]
    assert keys == ["state.networks.discriminator.frozen.filters"]
    assert len(after[keys[0]]) == 64
