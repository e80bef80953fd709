from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import ganzoo
from tests.trials.runs import arguments, state

Arguments = Callable[..., dict[str, Any]]


def test_images_depend_on_the_seed_and_their_number_alone(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny())
    four, nine = run.generate(4, seed=1), run.generate(9, seed=1)
    assert four.shape == (4, 3, 8, 8)
    assert four.dtype == torch.uint8
    assert (four.int() - nine[:4].int()).abs().max() <= 1  # sums may round by the batch
    assert not torch.equal(four, run.generate(4, seed=2))
    assert not torch.equal(run.generate(2, seed=1)[1], run.generate(2, seed=2)[0])


def test_a_run_generates_without_its_dataset(tiny: Arguments, own_cache: Any) -> None:
    run = ganzoo.train(**tiny())
    shutil.rmtree(own_cache)
    assert torch.equal(ganzoo.load(run.folder).generate(3), run.generate(3))


def test_a_conditional_image_does_not_depend_on_the_others(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(settings={"data.conditional": True}))
    assert run.class_names == tuple(f"{n} petals" for n in range(3, 9))
    labels = run.conditions(40, seed=1)
    assert labels is not None
    assert len(labels.unique()) == 6
    images = run.generate(40, seed=1)
    assert (images[:7].int() - run.generate(7, seed=1).int()).abs().max() <= 1
    for number, name in enumerate(run.class_names):
        alone = run.generate(40, seed=1, class_name=name)[labels == number]
        assert torch.equal(images[labels == number], alone)


def test_generate_rows_equals_generate_with_each_class_name(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(settings={"data.conditional": True}))
    rows = run.generate_rows(5, seed=2)
    for row, name in zip(rows, run.class_names, strict=True):
        assert torch.equal(row, run.generate(5, seed=2, class_name=name))
    with pytest.raises(ganzoo.RequestError, match="at least one"):
        run.generate_rows(0)


def test_frequencies_are_those_of_training(tiny: Arguments) -> None:
    classes = {"data.classes": ["4 petals", "3 petals+5 petals"], "dataset.count": 60}
    settings = {**classes, "data.conditional": True}
    plain = ganzoo.train(**tiny("plain", steps=1, settings=settings))
    balanced = ganzoo.train(**tiny("balanced", steps=1, settings=settings | {"data.balance": True}))
    assert plain.frequencies
    fours, others = plain.frequencies.counts
    assert others > fours > 0
    assert balanced.frequencies
    assert balanced.frequencies.counts == (1, 1)
    assert ganzoo.train(**tiny("unlabeled")).frequencies is None


def test_a_class_without_labels_and_a_count_of_zero_are_refused(tiny: Arguments) -> None:
    plain = ganzoo.train(**tiny("plain"))
    with pytest.raises(ganzoo.RequestError, match="trained without conditions"):
        plain.generate(1, class_name="3 petals")
    with pytest.raises(ganzoo.RequestError, match="at least one"):
        plain.generate(0)


def test_an_unknown_argument_is_refused(tiny: Arguments) -> None:
    with pytest.raises(ganzoo.RequestError, match="no argument stepz"):
        ganzoo.train(**tiny(), stepz=4)


def test_the_ema_generator_is_used(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny())
    from ganzoo.training.checkpoint import Checkpoints

    state = Checkpoints(run.folder / "checkpoints", 3).load()
    for name, value in run.generator.state_dict().items():
        assert torch.equal(value, state["state"]["generator_ema"]["weights"][name])


def test_all_networks_are_loaded_with_the_ema_of_those_that_have_one(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run = ganzoo.train(**arguments("cycle_gan", folder), steps=2)
    saved = state(folder, 2)
    assert set(run.networks) == {"generator", "discriminator", "back", "discriminator_a"}
    assert run.networks["generator"] is run.generator
    for name, network in run.networks.items():
        key = f"state.{name}_ema" if name in ("generator", "back") else f"state.networks.{name}"
        assert not network.training
        for weight, value in network.state_dict().items():
            assert torch.equal(value, saved[f"{key}.weights.{weight}"])
