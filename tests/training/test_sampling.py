from __future__ import annotations

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo.training.sampling import make_pictures, spread


class Faded(ganzoo.Generator):
    """One grey for each latent, darker by the label."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.rand(n, 1, generator=random)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        grey = latents - (0 if labels is None else labels[:, None].float())
        return (grey * self.weight)[..., None, None].expand(-1, 1, 2, 2)


def test_a_picture_follows_from_its_number_however_many_are_made() -> None:
    many = make_pictures(Faded(), 70, seed=3)  # more than are made at once
    assert many.shape == (70, 1, 2, 2)
    assert torch.equal(make_pictures(Faded(), 5, seed=3), many[:5])
    assert not torch.equal(make_pictures(Faded(), 5, seed=4), many[:5])


def test_labels_go_with_their_pictures() -> None:
    labels = spread(2, 70)
    made, plain = make_pictures(Faded(), 70, 0, labels), make_pictures(Faded(), 70, 0)
    assert torch.equal(made[labels == 0], plain[labels == 0])
    assert (made[labels == 1] <= 128).all()


@pytest.mark.parametrize(("classes", "count"), [(3, 10), (6, 4), (1, 5)])
def test_labels_are_spread_evenly_in_order(classes: int, count: int) -> None:
    labels = spread(classes, count).tolist()
    assert labels == sorted(labels)
    amounts = [labels.count(label) for label in range(classes)]
    assert max(amounts) - min(amounts) <= 1
    assert sum(amounts) == count
