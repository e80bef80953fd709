"""Which parameters the optimizers of a run train."""

from __future__ import annotations

from torch import nn

from ganzoo import ImageShape, Networks, Phase
from ganzoo.sections import TrainOptions
from ganzoo.training.growth import GrowthSchedule
from ganzoo.training.optimizers import Optimizers
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
    (group,) = made.of(phase).param_groups
    parameters = made.parameters[phase.networks]
    assert [id(p) for p in group["params"]] == [id(p) for p in parameters.values()]
    return list(parameters)


def test_frozen_parameters_are_not_trained() -> None:
    network = Pretrained().requires_grad_(True)
    assert trained(network=network) == ["network.head.weight", "network.head.bias"]


def test_a_parameter_that_networks_share_is_trained_once() -> None:
    shared, own = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
    names = trained(first=nn.Sequential(shared), second=nn.Sequential(own, shared))
    assert names == ["first.0.weight", "second.0.weight"]
