from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo import Condition
from ganzoo.data.collection import Collection
from ganzoo.training.sampling import ConditionFrequencies, make_images, make_rows, row_names


class Faded(ganzoo.Generator):
    """One gray level per latent, darker for higher labels and values."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.rand(n, 1, generator=random)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        gray = latents
        if condition is not None:
            gray = gray - condition.float().view(len(condition), -1).sum(1, keepdim=True)
        return (gray * self.weight)[..., None, None].expand(-1, 1, 2, 2)


def test_an_image_does_not_depend_on_the_number_of_images() -> None:
    many = make_images(Faded(), 70, seed=3)  # more than are made at once
    assert many.shape == (70, 1, 2, 2)
    assert torch.equal(make_images(Faded(), 5, seed=3), many[:5])
    assert not torch.equal(make_images(Faded(), 5, seed=4), many[:5])


def test_labels_are_those_of_their_images() -> None:
    labels = ConditionFrequencies([1, 1]).sample(range(70), seed=0)
    made, plain = make_images(Faded(), 70, 0, labels), make_images(Faded(), 70, 0)
    assert torch.equal(made[labels == 0], plain[labels == 0])
    assert (made[labels == 1] <= 128).all()


def test_each_class_uses_the_same_latents() -> None:
    condition = Condition("class", ("a", "b"))
    made = make_rows(Faded(), condition, ConditionFrequencies([1, 1]), count=3, seed=4)
    assert torch.equal(made[0], make_images(Faded(), 3, 4))
    assert torch.equal(made[1], make_images(Faded(), 3, 4, torch.tensor([1, 1, 1])))


@pytest.mark.parametrize("counts", [(950, 50), (1, 1, 1), (0, 7, 0, 2), (1,), range(1, 40)])
@pytest.mark.parametrize("seed", [0, 1])
def test_classes_are_as_frequent_as_in_the_data(counts: tuple[int, ...], seed: int) -> None:
    labels = ConditionFrequencies(counts).sample(range(500), seed)
    frequencies = torch.tensor(counts) / sum(counts)
    found = torch.nn.functional.one_hot(labels, len(counts)).cumsum(0)
    expected = torch.arange(1, 501)[:, None] * frequencies
    assert (found - expected).abs().max() < 4


def test_a_label_depends_on_the_seed_and_its_index() -> None:
    frequencies = ConditionFrequencies([3, 2, 1])
    many = frequencies.sample(range(200), seed=5)
    assert torch.equal(frequencies.sample([150, 7], seed=5), many[[150, 7]])
    assert not torch.equal(frequencies.sample(range(200), seed=6), many)


def test_class_frequencies_are_those_of_the_training() -> None:
    labels, unused = np.array([0, 2, -1, 2, 2, 0]), np.arange(2, 6)
    no_store: Any = None
    condition = Condition("class", ("a", "b", "c"))
    data = Collection(no_store, np.setdiff1d(np.arange(6), [2]), labels, condition, "")
    assert ConditionFrequencies.of(data).counts == (2, 0, 3)
    assert ConditionFrequencies.of(data, balance=True).counts == (1, 0, 1)
    some = Collection(no_store, np.setdiff1d(unused, [2]), labels, condition, "")
    assert ConditionFrequencies.of(some).counts == (1, 0, 2)


VECTOR = Condition("vector", ("hue", "size"), ((0.0, 1.0), (-2.0, 2.0)))


def values(count: int) -> Collection:
    no_store: Any = None
    numbers = np.stack([np.linspace(0, 1, count), np.linspace(2, -2, count)], 1, dtype=np.float32)
    return Collection(no_store, np.arange(count), numbers, VECTOR, "")


def test_values_are_those_of_real_images_chosen_by_the_seed_and_the_index() -> None:
    frequencies = ConditionFrequencies.of(values(7))
    drawn = frequencies.sample(range(700), seed=3)
    rows, counts = drawn.unique(dim=0, return_counts=True)
    assert len(rows) == 7
    assert (counts - 100).abs().max() < 4
    assert torch.equal(frequencies.sample([150, 9], seed=3), drawn[[150, 9]])
    assert not torch.equal(frequencies.sample(range(700), seed=4), drawn)


def test_a_checkpoint_stores_the_values_of_at_most_10_000_images() -> None:
    frequencies = ConditionFrequencies.of(values(25_000))
    assert frequencies.rows is not None
    assert frequencies.rows.shape == (10_000, 2)
    assert frequencies.rows.dtype == torch.float32
    again = ConditionFrequencies.from_plain(frequencies.to_plain())
    assert torch.equal(again.sample(range(50), 1), frequencies.sample(range(50), 1))


def test_a_row_of_a_vector_shows_one_image_while_one_value_changes() -> None:
    frequencies = ConditionFrequencies.of(values(7))
    made = make_rows(Gray(), VECTOR, frequencies, count=5, seed=4)
    assert row_names(VECTOR) == ("hue 0 ... 1", "size -2 ... 2")
    assert made.shape == (2, 5, 2, 1, 1)
    low, middle, high = 0, 128, 255
    assert made[0, :, 0].flatten().tolist() == [128, 159, 191, 223, 255]
    assert made[0, :, 1].unique().tolist() == [middle]
    assert made[1, :, 0].unique().tolist() == [191]
    assert made[1, [0, 2, 4], 1].flatten().tolist() == [low, middle, high]


def test_a_row_of_several_classes_has_drawn_conditions_with_this_class() -> None:
    condition = Condition("classes", ("a", "b"))
    yes_or_no = Gray()
    yes_or_no.span = 1.0
    frequencies = ConditionFrequencies([1, 1], torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    made = make_rows(yes_or_no, condition, frequencies, count=40, seed=0)
    assert made[0, :, 0].unique().tolist() == [255]
    assert made[0, :, 1].unique().tolist() == [128, 255]
    assert made[1, :, 1].unique().tolist() == [255]


class Gray(Faded):
    """Two channels: both values of the condition, the second one divided by ``span``."""

    span = 2.0

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        assert condition is not None
        return torch.stack([condition[:, 0], condition[:, 1] / self.span], 1)[..., None, None]


def test_balanced_combinations_of_several_classes_are_equally_frequent() -> None:
    values = np.array([[0, 1], [0, 1], [0, 1], [1, 1]], np.float32)
    no_store: Any = None
    data = Collection(no_store, np.arange(4), values, Condition("classes", ("a", "b")), "")
    drawn = ConditionFrequencies.of(data, balance=True).sample(range(20), seed=0)
    assert 9 <= drawn[:, 0].sum() <= 11
    assert ConditionFrequencies.of(data).sample(range(20), seed=0)[:, 0].sum() <= 6
