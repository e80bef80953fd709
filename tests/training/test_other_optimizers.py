"""The optimizers and the EMA of networks beside generator and discriminator."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo import RequestError
from ganzoo.training import checkpoint_file
from tests.trials.runs import arguments, state

BIGAN = Path(__file__).parents[2] / "examples" / "one_file" / "bigan.py"
GROUPS = "state.optimizers.generator+{}.optimizer.param_groups.{}.{}"


def bigan(folder: Path, **settings: Any) -> dict[str, Any]:
    """The arguments of a short run with the networks generator, discriminator and encoder."""
    small = {"dataset.count": 20, "train.batch_size": 4, "sample.count": 4}
    return {
        **{"dataset": "blossoms", "architecture": "pairs", "loss": "bigan", "plugins": [BIGAN]},
        **{"resolution": 8, "steps": 2, "device": "cpu", "quiet": True, "run_dir": folder},
        "settings": {**small, **settings},
    }


def test_a_network_that_is_updated_with_the_generator_has_values_of_its_own(
    tmp_path: Path,
) -> None:
    settings = {
        "train.generator.betas": [0.1, 0.9],
        "train.others.encoder.lr": 1e-5,
        "train.others.encoder.eps": 1e-6,
    }
    ganzoo.train(**bigan(tmp_path / "run", **settings))
    after = state(tmp_path / "run", 2)
    values = [
        [after[GROUPS.format("encoder", n, key)] for key in ("lr", "eps", "betas.0")]
        for n in (0, 1)
    ]
    assert values == [[2e-4, 1e-8, 0.1], [1e-5, 1e-6, 0.1]]


def test_a_learning_rate_of_zero_leaves_the_network_as_it_was(tmp_path: Path) -> None:
    ganzoo.train(**bigan(tmp_path / "run", **{"train.others.encoder.lr": 0, "checkpoint.every": 1}))
    first, second = (state(tmp_path / "run", step) for step in (1, 2))
    changed = {
        key.split(".")[2]
        for key, value in first.items()
        if ".weights." in key and not torch.equal(value, second[key])
    }
    assert changed == {"generator", "discriminator", "weights"}  # the last is the EMA generator's


def test_a_network_with_a_phase_of_its_own_has_its_number_of_updates(tmp_path: Path) -> None:
    plugin = tmp_path / "separate.py"
    text = BIGAN.read_text(encoding="utf-8")
    together = 'networks=("generator", "encoder"),\n                terms=self.generator_terms,\n'
    assert together in text
    apart = (
        'networks=("generator",), terms=self.generator_terms),\n'
        'Phase(name="encoder", networks=("encoder",), terms=self.generator_terms\n'
    )
    plugin.write_text(text.replace(together, apart))
    rule: dict[str, Any] = {"train.others.encoder.steps": 3}
    ganzoo.train(**{**bigan(tmp_path / "run", **rule), "plugins": [plugin]})
    after = state(tmp_path / "run", 2)
    steps = {k.split(".")[2]: int(v) for k, v in after.items() if k.endswith(".state.0.step")}
    assert steps == {"discriminator": 2, "generator": 2, "encoder": 6}
    rule = {"train.others.encoder.optimizer": "sgd"}
    ganzoo.train(**{**bigan(tmp_path / "sgd", **rule), "plugins": [plugin]})
    group = "state.optimizers.{}.optimizer.param_groups.0.momentum"
    after = state(tmp_path / "sgd", 2)
    assert after[group.format("encoder")] == 0.5
    assert group.format("generator") not in after


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "encodr.lr",
            1,
            r"encodr: the architecture bigan/pairs has the networks generator, discriminator and "
            r"encoder; did you mean train\.others\.encoder\?",
        ),
        ("generator.lr", 1, "generator: write train.generator instead"),
        (
            "encoder.optimizer",
            "sgd",
            "encoder.optimizer=sgd: the phase generator updates generator and encoder together, "
            "and the optimizer of generator is adam: choose the same one",
        ),
        (
            "encoder.steps",
            3,
            "encoder.steps=3: the phase generator updates generator and encoder together, as "
            "often as generator: remove it",
        ),
        ("encoder.lrr", 3, r"encoder\.lrr .*; did you mean train\.others\.encoder\.lr"),
        ("lr", 3, r"lr=3: it has settings of its own: write train\.others\.lr\.NAME=VALUE"),
    ],
)
def test_a_section_without_effect_is_refused(
    tmp_path: Path, key: str, value: Any, message: str
) -> None:
    with pytest.raises(RequestError, match=rf"train\.others\.{message}"):
        ganzoo.train(**bigan(tmp_path / "run", **{f"train.others.{key}": value}))
    assert not (tmp_path / "run").exists()


def test_a_section_of_a_network_that_no_phase_updates_is_refused(tmp_path: Path) -> None:
    other = {**bigan(tmp_path / "run", **{"train.others.encoder.lr": 1}), "loss": "hinge"}
    message = r"the loss adversarial/hinge updates discriminator and generator, but not encoder"
    with pytest.raises(RequestError, match=message):
        ganzoo.train(**other)


def test_the_name_of_a_network_as_a_section_of_train_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"did you mean train\.others\.encoder\?"):
        ganzoo.train(**bigan(tmp_path / "run", **{"train.encoder.lr": 1}))


def test_a_checkpoint_with_one_group_of_both_networks_is_continued(tmp_path: Path) -> None:
    run = bigan(tmp_path / "straight", **{"checkpoint.every": 1})
    ganzoo.train(**run)
    ganzoo.train(**{**run, "run_dir": tmp_path / "halved", "steps": 1})
    file = tmp_path / "halved" / "checkpoints" / "step-0000001.pt"
    content = torch.load(file, weights_only=True)
    saved = content["state"]["optimizers"]["generator+encoder"]["optimizer"]
    first, second = saved["param_groups"]
    saved["param_groups"] = [{**first, "params": first["params"] + second["params"]}]
    checkpoint_file.write(file, content, permanent=False)
    ganzoo.resume(tmp_path / "halved", steps=2, quiet=True)
    one, other = (state(tmp_path / name, 2) for name in ("straight", "halved"))
    weights = [key for key in one if ".weights." in key]
    assert weights
    assert all(torch.equal(one[key], other[key]) for key in weights)


def test_a_network_beside_the_generator_has_an_ema_that_a_trained_run_returns(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "run"
    ema = {"train.ema.decay": 0.5, "checkpoint.every": 1}
    run = ganzoo.train(**arguments("cycle_gan", folder, **ema), steps=3)
    expected: dict[str, Any] = {}
    for step in (1, 2, 3):
        after = state(folder, step)
        prefix = "state.networks.back.weights."
        now = {k.removeprefix(prefix): v for k, v in after.items() if k.startswith(prefix)}
        averaged = {k: after[f"state.back_ema.weights.{k}"] for k in now}
        if expected:
            mean = {k: (expected[k] + now[k]) / 2 for k in now}
            for key, value in mean.items():
                torch.testing.assert_close(averaged[key], value)
        expected = copy.deepcopy(averaged)
    for key, value in run.networks["back"].state_dict().items():
        assert torch.equal(value, expected[key])
        assert not torch.equal(value, state(folder, 3)[f"state.networks.back.weights.{key}"])


def test_an_ema_that_a_checkpoint_lacks_starts_from_the_network(tmp_path: Path) -> None:
    still = {"train.ema.decay": 0.5, "train.others.back.lr": 0}
    ganzoo.train(**arguments("cycle_gan", tmp_path / "run", **still), steps=1)
    file = tmp_path / "run" / "checkpoints" / "step-0000001.pt"
    content = torch.load(file, weights_only=True)
    del content["state"]["back_ema"]
    checkpoint_file.write(file, content, permanent=False)
    run = ganzoo.resume(tmp_path / "run", steps=2, quiet=True)
    after = state(tmp_path / "run", 2)
    for key, value in run.networks["back"].state_dict().items():
        torch.testing.assert_close(value, after[f"state.networks.back.weights.{key}"])
