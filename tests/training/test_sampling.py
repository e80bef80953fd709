from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo.data.collection import Collection
from ganzoo.training.sampling import ClassFrequencies, make_each_class, make_images


class Faded(ganzoo.Generator):
    """One gray level per latent, darker for higher labels."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.rand(n, 1, generator=random)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        gray = latents - (0 if labels is None else labels[:, None].float())
        return (gray * self.weight)[..., None, None].expand(-1, 1, 2, 2)


def test_an_image_does_not_depend_on_the_number_of_images() -> None:
    many = make_images(Faded(), 70, seed=3)  # more than are made at once
    assert many.shape == (70, 1, 2, 2)
    assert torch.equal(make_images(Faded(), 5, seed=3), many[:5])
    assert not torch.equal(make_images(Faded(), 5, seed=4), many[:5])


def test_labels_are_those_of_their_images() -> None:
    labels = ClassFrequencies([1, 1]).labels(range(70), seed=0)
    made, plain = make_images(Faded(), 70, 0, labels), make_images(Faded(), 70, 0)
    assert torch.equal(made[labels == 0], plain[labels == 0])
    assert (made[labels == 1] <= 128).all()


def test_each_class_uses_the_same_latents() -> None:
    made = make_each_class(Faded(), classes=2, count=3, seed=4)
    assert torch.equal(made[0], make_images(Faded(), 3, 4))
    assert torch.equal(made[1], make_images(Faded(), 3, 4, torch.tensor([1, 1, 1])))


@pytest.mark.parametrize("counts", [(950, 50), (1, 1, 1), (0, 7, 0, 2), (1,), range(1, 40)])
@pytest.mark.parametrize("seed", [0, 1])
def test_classes_are_as_frequent_as_in_the_data(counts: tuple[int, ...], seed: int) -> None:
    labels = ClassFrequencies(counts).labels(range(500), seed)
    frequencies = torch.tensor(counts) / sum(counts)
    found = torch.nn.functional.one_hot(labels, len(counts)).cumsum(0)
    expected = torch.arange(1, 501)[:, None] * frequencies
    assert (found - expected).abs().max() < 4


def test_a_label_depends_on_the_seed_and_its_index() -> None:
    frequencies = ClassFrequencies([3, 2, 1])
    many = frequencies.labels(range(200), seed=5)
    assert torch.equal(frequencies.labels([150, 7], seed=5), many[[150, 7]])
    assert not torch.equal(frequencies.labels(range(200), seed=6), many)


def test_class_frequencies_are_those_of_the_training() -> None:
    labels, unused = np.array([0, 2, -1, 2, 2, 0]), np.arange(2, 6)
    no_store: Any = None
    data = Collection(no_store, np.setdiff1d(np.arange(6), [2]), labels, ("a", "b", "c"), "")
    assert ClassFrequencies.of(data).counts == (2, 0, 3)
    assert ClassFrequencies.of(data, balance=True).counts == (1, 0, 1)
    some = Collection(no_store, np.setdiff1d(unused, [2]), labels, ("a", "b", "c"), "")
    assert ClassFrequencies.of(some).counts == (1, 0, 2)
    with pytest.raises(ganzoo.RequestError, match="not all of the images have labels"):
        ClassFrequencies.of(dataclasses.replace(data, labels=None))
