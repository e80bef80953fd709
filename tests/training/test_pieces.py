"""Batches that are computed in pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo import Adversarial, RequestError
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.pieces import Pieces
from ganzoo.training.progress import Progress
from ganzoo.training.step import TrainingStep
from ganzoo.training.update import Updater
from tests.sameness import same
from tests.training.test_step import made_step

Arguments = Callable[..., dict[str, Any]]


def test_a_piece_is_a_part_of_the_batch_and_is_computed_again_with_the_rows_of_all() -> None:
    pieces, calls = Pieces(made_step()._setup, 2), list[int]()

    def compute(piece: int) -> tuple[int, list[float], float]:
        calls.append(piece)
        assert (pieces.shard.rank, pieces.shard.count) == (piece, 2)
        rows = pieces.gather(torch.tensor([10.0 * piece, 1.0]))
        return piece, rows.tolist(), pieces.mean(rows.sum() + piece).item()

    everything = [0.0, 1.0, 10.0, 1.0]
    assert pieces.each(compute) == [(0, everything, 12.5), (1, everything, 12.5)]
    assert calls == [0, 1, 0, 1, 0, 1]  # two questions


def test_one_piece_is_computed_once_and_without_copies() -> None:
    step = made_step()
    pieces = Pieces(step._setup)
    (rows,) = pieces.each(lambda piece: pieces.gather(step.real.images))
    assert rows.data_ptr() == step.real.images.data_ptr()


def test_buffers_and_states_change_as_with_one_piece() -> None:
    setup = made_step()._setup
    count = torch.zeros(1)
    setup.discriminator.register_buffer("count", count)

    def compute(piece: int) -> Tensor:
        count.add_(1)
        return pieces.gather(count)

    pieces = Pieces(setup, 3)
    assert [rows.tolist() for rows in pieces.each(compute)] == [[1, 1, 1]] * 3
    assert count.item() == 1


def test_only_the_graph_of_one_piece_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = made_step("discriminator")._setup
    phase = setup.components.phases()[0]
    steps: list[TrainingStep] = []
    original = TrainingStep.release_graph

    def release(step: TrainingStep) -> None:
        assert step.scores.real.requires_grad
        original(step)
        steps.append(step)
        assert not any(each.scores.real.requires_grad for each in steps)

    monkeypatch.setattr(TrainingStep, "release_graph", release)
    updater = Updater(setup, Progress(images_seen=4), "raise", accumulate=2)
    trained = {phase.name: list(setup.discriminator.parameters())}
    computed = updater._pieces.each(lambda piece: updater._compute([phase], 0, trained))
    assert [len(step.scores.real) for step, _ in computed] == [2, 2]


@pytest.mark.parametrize(
    ("architecture", "settings", "message"),
    [
        ("dcgan", {}, "train.accumulate=2: the generator has batch norm, whose statistics"),
        (
            "stylegan2",
            {},
            "train.accumulate=2 makes pieces of 4 images at 8 x 8 pixels, but minibatch standard "
            "deviation compares 8: choose",
        ),
        ("mlp", {"train.batch_size": 9}, "cannot be split into train.devices=1 times"),
        (
            "growing-mlp",
            {"growth.batch_size.4": 7},
            "a batch of 7 images at 4 x 4 pixels cannot be split into train.devices=1 times "
            "train.accumulate=2 equal parts: set growth.batch_size.4=2, or a multiple",
        ),
    ],
)
def test_what_cannot_be_computed_in_pieces_is_refused_before_training(
    tiny: Arguments, architecture: str, settings: dict[str, Any], message: str
) -> None:
    group = {"architecture.mbstd_group_size": 8} if architecture == "stylegan2" else {}
    chosen = {"train.accumulate": 2, **group, **settings}
    arguments = tiny(architecture=architecture, settings=chosen)
    with pytest.raises(RequestError) as caught:
        ganzoo.train(**arguments)
    assert message in str(caught.value)
    assert not arguments["run_dir"].exists()


def test_a_number_in_one_piece_that_is_not_finite_skips_the_whole_update(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unchanged_by_skipping(name: str, **more: Any) -> dict[str, Any]:
        settings = {"train.accumulate": 2, "train.on_nonfinite": "skip", "log.every": 1, **more}
        arguments = tiny(name, "mlp", regularize="lecam", augment="ada", settings=settings, steps=1)
        run = ganzoo.train(**arguments)
        skipped.append(run.history[-1]["skipped/generator"])
        state = Checkpoints(run.folder / "checkpoints", 3).load()["state"]
        changed = ("optimizers", "progress", "running_means")  # also by a skipped update
        return {key: value for key, value in state.items() if key not in changed}

    skipped: list[float] = []
    expected = unchanged_by_skipping("still", **{"train.generator.lr": 0})
    original = Adversarial.generator_terms

    def terms(self: Adversarial, step: TrainingStep) -> dict[str, Tensor]:
        factor = torch.nan if step.part.rank == 1 else 1
        return {name: term * factor for name, term in original(self, step).items()}

    monkeypatch.setattr(Adversarial, "generator_terms", terms)
    assert same(unchanged_by_skipping("skipped"), expected)
    assert skipped == [0, 1]
