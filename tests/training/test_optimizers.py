"""Which parameters the optimizers of a run train."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping

import pytest
import torch
from torch import nn

from ganzoo import ImageShape, Networks, Phase
from ganzoo.sections import OptimizerOptions, TrainOptions
from ganzoo.training.growth import GrowthSchedule
from ganzoo.training.optimizers import Optimizers, _optimizer
from ganzoo.training.stand_ins import stand_ins
from tests.training.test_growth import run
from tests.training.test_weights import Pretrained

SHAPE = ImageShape(3, 8, 8)


def trained(**others: nn.Module) -> list[str]:
    """The parameters that a phase trains which updates these networks."""
    two = stand_ins(SHAPE)
    networks = Networks(generator=two.generator, discriminator=two.discriminator, others=others)
    phase = Phase(name="all", networks=tuple(others), terms=lambda step: {})
    schedule = GrowthSchedule(run(architecture="mlp"), networks, SHAPE)
    made = Optimizers([phase], networks.by_name(), TrainOptions(), schedule, schedule.stages[0])
    groups = made.of(phase).param_groups
    parameters = made.parameters[phase.networks]
    assert [id(p) for g in groups for p in g["params"]] == [id(p) for p in parameters.values()]
    return list(parameters)


def test_frozen_parameters_are_not_trained() -> None:
    network = Pretrained().requires_grad_(True)
    assert trained(network=network) == ["network.head.weight", "network.head.bias"]


def test_a_parameter_that_networks_share_is_trained_once() -> None:
    shared, own = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
    names = trained(first=nn.Sequential(shared), second=nn.Sequential(own, shared))
    assert names == ["first.0.weight", "second.0.weight"]


def test_a_schedule_of_epsilon_changes_the_optimizer() -> None:
    networks = stand_ins(SHAPE).by_name()
    phase = Phase(name="generator", networks=("generator",), terms=lambda step: {})
    schedule = GrowthSchedule(run(architecture="mlp"), stand_ins(SHAPE), SHAPE)
    made = Optimizers([phase], networks, TrainOptions(), schedule, schedule.stages[0])
    made.set_values(TrainOptions(generator=OptimizerOptions(eps=1e-5)))
    assert [group["eps"] for group in made.of(phase).param_groups] == [1e-5]


PLAIN: Mapping[str, Callable[[Iterator[nn.Parameter]], torch.optim.Optimizer]] = {
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.01, betas=(0.5, 0.9), eps=1e-6),
    "rmsprop": lambda parameters: torch.optim.RMSprop(parameters, lr=0.01, eps=1e-6),
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.01, momentum=0.5),
}


@pytest.mark.parametrize("name", PLAIN)
def test_fused_optimizers_make_the_updates_of_plain_ones(name: str) -> None:
    torch.manual_seed(0)
    fast = nn.Sequential(nn.Linear(5, 40), nn.Tanh(), nn.Linear(40, 3)).double()
    plain = copy.deepcopy(fast)
    start = copy.deepcopy(fast)
    options = OptimizerOptions.model_validate(
        {"optimizer": name, "lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-6}
    )
    made = _optimizer([list(fast.parameters())], options)
    made.param_groups[0]["lr"] = 0.01
    assert made.param_groups[0].get("fused") or made.param_groups[0]["foreach"]
    for network, optimizer in ((fast, made), (plain, PLAIN[name](plain.parameters()))):
        for number in range(3):
            network(torch.full((4, 5), number + 1.0).double()).square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()
    for one, two, before in zip(*(n.parameters() for n in (fast, plain, start)), strict=True):
        torch.testing.assert_close(one, two, atol=1e-12, rtol=1e-12)
        assert not torch.equal(one, before)
