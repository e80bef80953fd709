from __future__ import annotations

import copy
from math import exp, log, sqrt

import pytest
import torch

from ganzoo import Condition, ConditionedLatents, ConditionEmbedding, ConditionEstimator

VECTOR = Condition("vector", ("hue", "size"), ((0.0, 1.0), (-40.0, 10.0)))


def test_a_class_is_a_row_and_values_are_scaled_to_minus_1_to_1() -> None:
    embed = ConditionEmbedding(Condition("class", ("a", "b")), 3)
    assert torch.equal(embed(torch.tensor([1, 0, 1])), embed.weight[[1, 0, 1]])
    embed = ConditionEmbedding(VECTOR, 3)
    low_and_high = embed(torch.tensor([[0.0, 10.0]]))
    torch.testing.assert_close(low_and_high[0], (embed.weight[1] - embed.weight[0]) / sqrt(2))
    assert not embed(torch.tensor([[0.5, -15.0]])).any()
    embed = ConditionEmbedding(Condition("classes", ("a", "b")), 3)
    no_and_yes = embed(torch.tensor([[0.0, 1.0]]))
    torch.testing.assert_close(no_and_yes[0], (embed.weight[1] - embed.weight[0]) / sqrt(2))


def test_the_standard_deviation_of_the_initial_weights_can_be_chosen() -> None:
    torch.manual_seed(0)
    embed = ConditionEmbedding(Condition("class", tuple("abcdefgh")), 500, std=0.3)
    assert embed.weight.std().item() == pytest.approx(0.3, rel=0.05)


def test_a_condition_is_concatenated_to_latents() -> None:
    conditioned, latents = ConditionedLatents(4, VECTOR), torch.randn(2, 4)
    told = torch.tensor([[0.2, 5.0], [0.5, 0.0]])
    vectors = conditioned(latents, told)
    assert conditioned.embed
    assert vectors.shape == (2, conditioned.width)
    assert torch.equal(vectors, torch.cat((latents, conditioned.embed(told)), dim=1))
    unconditional = ConditionedLatents(4, None)
    assert unconditional(latents, None) is latents
    assert unconditional.width == 4
    assert not unconditional.state_dict()


def test_only_the_weight_is_stored() -> None:
    embed = ConditionEmbedding(VECTOR, 3)
    assert list(embed.state_dict()) == ["weight"]
    assert torch.equal(copy.deepcopy(embed)(torch.ones(1, 2)), embed(torch.ones(1, 2)))


def test_a_missing_condition_is_refused() -> None:
    with pytest.raises(ValueError, match="need the condition of each image"):
        ConditionEmbedding(VECTOR, 3)(None)


def estimator(condition: Condition, weight: list[list[float]]) -> ConditionEstimator:
    """It multiplies one feature by these weights."""
    made = ConditionEstimator(condition, 1)
    made.load_state_dict(
        {"estimate.weight": torch.tensor(weight), "estimate.bias": torch.zeros(len(weight))}
    )
    return made


def test_the_error_of_a_class_is_its_cross_entropy() -> None:
    estimate = estimator(Condition("class", ("a", "b")), [[0.0], [2.0]])
    error = estimate(torch.tensor([[1.0], [0.0]]), torch.tensor([1, 0]))
    torch.testing.assert_close(error, torch.tensor([log(1 + exp(-2)), log(2)]))


def test_the_error_of_several_classes_is_the_sum_of_their_cross_entropies() -> None:
    estimate = estimator(Condition("classes", ("a", "b")), [[0.0], [2.0]])
    error = estimate(torch.tensor([[1.0]]), torch.tensor([[1.0, 0.0]]))
    torch.testing.assert_close(error, torch.tensor([log(2) + log(1 + exp(2))]))


def test_the_error_of_values_is_the_squared_distance_of_scaled_values() -> None:
    estimate = estimator(VECTOR, [[0.5], [-1.0]])
    error = estimate(torch.tensor([[1.0]]), torch.tensor([[1.0, -40.0]]))
    torch.testing.assert_close(error, torch.tensor([0.25]))
