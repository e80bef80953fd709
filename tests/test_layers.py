"""Layers: dropout, groups of images, norms, and batch norm over all processes."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from ganzoo import (
    Dropout,
    EqualizedConv,
    EqualizedLinear,
    ImageShape,
    LossRequirements,
    MinibatchStddev,
    RequestError,
    SkipLayerExcitation,
    norm_layer,
)
from ganzoo.batch_norm import synchronize_batch_norm
from ganzoo.batch_rows import BatchRows, rows_from
from ganzoo.noise import NoiseSource, noise_from
from ganzoo.shard import Shard


def source(shard: Shard) -> NoiseSource:
    return NoiseSource(lambda: torch.Generator().manual_seed(0), shard)


def test_parts_of_a_batch_drop_what_the_whole_batch_drops() -> None:
    layer, x = Dropout(0.3), torch.ones(6, 50)
    with noise_from(source(Shard())):
        whole = layer(x)
    assert whole.unique().tolist() == pytest.approx([0, 1 / 0.7])
    assert (whole == 0).float().mean() == pytest.approx(0.3, abs=0.08)
    parts = []
    for rank in range(3):
        with noise_from(source(Shard(rank, 3))):
            parts.append(layer(x[:2]))
    assert torch.equal(torch.cat(parts), whole)
    assert torch.equal(layer.eval()(x), x)
    assert torch.equal(Dropout(0.0)(x), x)


def in_parts(layer: nn.Module, x: Tensor, count: int) -> Tensor:
    """What the layer computes from each part, with the rows of all parts given."""
    found = []
    for rank, part in enumerate(x.chunk(count)):
        rows = BatchRows(Shard(rank, count), lambda own: gathered(own, x, count))
        with rows_from(rows):
            found.append(layer(part))
    return torch.cat(found)


def gathered(own: Tensor, x: Tensor, count: int) -> Tensor:
    """The rows of all parts: x itself, or the statistics of each part of x."""
    if own.shape[1:] == x.shape[1:]:
        return x
    statistics = [torch.var_mean(part, (0, 2, 3), correction=0) for part in x.chunk(count)]
    return torch.stack([torch.stack((mean, variance)) for variance, mean in statistics])


@pytest.mark.parametrize("count", [2, 3, 4])
def test_groups_of_images_are_those_of_the_whole_batch(count: int) -> None:
    x, layer = torch.randn(12, 3, 4, 4, dtype=torch.float64), MinibatchStddev(4)
    torch.testing.assert_close(in_parts(layer, x, count), layer(x))


def test_synchronized_batch_norm_equals_that_of_the_whole_batch() -> None:
    x = 5 + 3 * torch.randn(12, 3, 4, 4, dtype=torch.float64)
    expected = nn.Sequential(nn.BatchNorm2d(3).double())
    nn.init.normal_(next(expected.parameters()))
    network = copy.deepcopy(expected)
    synchronize_batch_norm("generator", network)
    assert isinstance(network[0], nn.BatchNorm2d)
    assert network.state_dict().keys() == expected.state_dict().keys()
    torch.testing.assert_close(in_parts(network, x[:6].repeat(2, 1, 1, 1), 2)[:6], expected(x[:6]))
    own, usual = network[0], expected[0]
    assert isinstance(usual, nn.BatchNorm2d)
    for norm in (own, usual):
        norm.reset_running_stats()
        norm.momentum = None  # an unweighted mean
    torch.testing.assert_close(in_parts(network, x, 3), expected(x))
    torch.testing.assert_close(own.running_var, usual.running_var)
    torch.testing.assert_close(network.eval()(x), expected.eval()(x))
    assert own.num_batches_tracked == 3


def test_the_norm_of_independent_scores_does_not_depend_on_the_other_images() -> None:
    x = 5 + 3 * torch.randn(4, 3, 8, 8)
    requirements = LossRequirements(independent_scores=True)
    layer = norm_layer(requirements.norm("auto"), 3)
    torch.testing.assert_close(layer(x)[:1], layer(x[:1]))
    normalized = layer(x).flatten(1)
    torch.testing.assert_close(normalized.mean(1), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(normalized.std(1), torch.ones(4), atol=0.01, rtol=0)
    batch = norm_layer(LossRequirements().norm("auto"), 3)
    assert not torch.allclose(batch(x)[:1], batch(x[:1]))
    assert torch.equal(norm_layer("none", 3)(x), x)
    with pytest.raises(ValueError, match="norm='group' is unknown"):
        norm_layer("group", 3)


def test_maps_are_excited_by_one_factor_for_each_channel() -> None:
    layer = SkipLayerExcitation(2, 3, ImageShape(1, 4, 6), pool=2)
    other, maps = torch.randn(2, 2, 8, 12), torch.randn(2, 3, 16, 16)
    factors = (layer(other, maps) / maps).flatten(2)
    torch.testing.assert_close(factors, factors[..., :1].expand_as(factors))
    assert 0 < factors.min() < factors.max() < 1
    assert not torch.allclose(layer(other + 1, maps), layer(other, maps))


@pytest.mark.parametrize(
    ("layer", "plain"),
    [
        (EqualizedLinear(20, 30, gain=2.0, lr_multiplier=0.1), nn.Linear(20, 30)),
        (EqualizedConv(5, 30, 3, stride=2, padding=1), nn.Conv2d(5, 30, 3, stride=2, padding=1)),
    ],
)
def test_equalized_layers_scale_both_signals_and_gradients(
    layer: EqualizedLinear | EqualizedConv, plain: nn.Linear | nn.Conv2d
) -> None:
    x = torch.randn(4, 20) if isinstance(plain, nn.Linear) else torch.randn(4, 5, 6, 6)
    bias_scale = layer.lr_multiplier if isinstance(layer, EqualizedLinear) else 1.0
    assert layer.bias is not None
    assert plain.bias is not None
    with torch.no_grad():
        nn.init.normal_(layer.bias)
        plain.bias.copy_(layer.bias * bias_scale)
        plain.weight.copy_(layer.weight * layer.scale)
    made, expected = layer(x), plain(x)
    torch.testing.assert_close(made, expected)
    made.square().sum().backward()
    expected.square().sum().backward()
    assert plain.weight.grad is not None
    assert plain.bias.grad is not None
    torch.testing.assert_close(layer.weight.grad, plain.weight.grad * layer.scale)
    torch.testing.assert_close(layer.bias.grad, plain.bias.grad * bias_scale)


def test_equalized_layers_multiply_the_standard_deviation_by_their_gain() -> None:
    torch.manual_seed(0)
    dense = EqualizedLinear(100, 400, gain=2.0, lr_multiplier=0.01)(torch.randn(100, 100))
    assert dense.std().item() == pytest.approx(2, rel=0.05)
    assert EqualizedLinear(3, 2, bias=1.0, lr_multiplier=0.01)(torch.zeros(1, 3)).tolist() == [
        [pytest.approx(1)] * 2
    ]
    for kernel in (1, 3):
        maps = EqualizedConv(64, 200, kernel, gain=3.0)(torch.randn(8, 64, 10, 10))
        assert maps.std().item() == pytest.approx(3, rel=0.05)


class OwnNorm(nn.BatchNorm2d):
    """A batch norm that computes something else."""


def test_batch_norm_of_another_class_is_not_synchronized() -> None:
    with pytest.raises(RequestError, match="the generator has a OwnNorm, which only its author"):
        synchronize_batch_norm("generator", nn.Sequential(OwnNorm(2)))
