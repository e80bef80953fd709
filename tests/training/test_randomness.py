from __future__ import annotations

import torch

from ganzoo.training.randomness import Randomness


def test_numbers_follow_from_seed_purpose_and_position() -> None:
    numbers = {
        Randomness(seed).derive_seed(purpose, position)
        for seed in (0, 1)
        for purpose in ("a", "b")
        for position in (0, 1)
    }
    assert len(numbers) == 8
    assert all(0 <= number < 2**63 for number in numbers)


def test_numbers_are_pinned() -> None:
    # A checkpoint keeps no random state: a run goes on as it began only while these stay.
    assert Randomness(0).derive_seed("generator latents", 1) == 6010045590321185201


def test_a_generator_does_not_depend_on_what_came_before() -> None:
    first = torch.rand(3, generator=Randomness(5).generator("x", 2))
    torch.rand(100)
    assert torch.equal(first, torch.rand(3, generator=Randomness(5).generator("x", 2)))


def test_reseeding_sets_the_global_state() -> None:
    Randomness(5).reseed("x", 2, torch.device("cpu"))
    first = torch.rand(3)
    torch.rand(100)
    Randomness(5).reseed("x", 2, torch.device("cpu"))
    assert torch.equal(first, torch.rand(3))
