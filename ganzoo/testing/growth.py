"""Checks of networks that grow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ganzoo.components import ArchitectureSpec
from ganzoo.contracts import GrowingNetwork, ImageShape, Networks
from ganzoo.imaging import enlarged
from ganzoo.testing.problems import Problems
from ganzoo.testing.state import not_finite

_N = 4


def check_growth(
    architecture: ArchitectureSpec,
    networks: Networks,
    image_shape: ImageShape,
    conditions: Tensor | None,
    problems: Problems,
) -> None:
    """Both networks grow through the same stages; at fade 0 a stage equals the previous one."""
    generator, discriminator = networks.generator, networks.discriminator
    if not isinstance(generator, GrowingNetwork) or not isinstance(discriminator, GrowingNetwork):
        alike = isinstance(generator, GrowingNetwork) == isinstance(discriminator, GrowingNetwork)
        problems.expect(alike, "only one of its networks is a GrowingNetwork")
        problems.expect(
            not architecture.grows, "declares grows=True, but its networks are not GrowingNetwork"
        )
        return
    problems.expect(architecture.grows, "its networks are GrowingNetwork: declare grows=True")
    stages = list(generator.stages)
    valid = problems.expect(
        stages == list(discriminator.stages), "generator and discriminator have different stages"
    )
    valid &= problems.expect(
        stages[-1:] == [image_shape], f"the last stage should be {image_shape}, not {stages[-1:]}"
    )
    if not valid:
        return
    latents = generator.sample_latents(_N, torch.Generator().manual_seed(1))
    _check_network(
        problems.of("generator"),
        generator,
        lambda images: generator(latents, conditions),
        lambda small: enlarged(small, 2),
    )
    _check_network(
        problems.of("discriminator"),
        discriminator,
        lambda images: discriminator(images, conditions),
        lambda small: small,
    )


def _check_network(
    problems: Problems,
    network: nn.Module,
    output: Callable[[Tensor], Tensor],
    enlarge: Callable[[Tensor], Tensor],
) -> None:
    """Check all stages; ``enlarge`` converts an output to the size of the next stage."""
    assert isinstance(network, GrowingNetwork)
    network.eval()
    last = len(network.stages) - 1
    images = torch.rand(_N, *network.stages[last], generator=torch.Generator().manual_seed(0))
    initial = output(images)
    if wrong := not_finite(initial):
        problems.add(f"its output contains {wrong}")
        return
    _check_stage_parameters(problems, network)
    for stage in range(1, last + 1):
        _check_stage(problems, network, stage, output, enlarge)
    network.grow(last, 1.0)
    same = torch.allclose(output(images), initial)
    problems.expect(same, "a new network should be at its last stage, with fade 1")
    network.train()


def _check_stage_parameters(problems: Problems, network: nn.Module) -> None:
    """Every parameter belongs to one stage."""
    assert isinstance(network, GrowingNetwork)
    stages = range(len(network.stages))
    times = Counter(id(p) for stage in stages for p in network.stage_parameters(stage))
    for key, parameter in network.named_parameters():
        found = times[id(parameter)]
        problems.expect(found == 1, f"{key} belongs to {found} stages instead of one")


def _check_stage(
    problems: Problems,
    network: nn.Module,
    stage: int,
    output: Callable[[Tensor], Tensor],
    enlarge: Callable[[Tensor], Tensor],
) -> None:
    """At fade 0 and shortly after, the output is the previous stage's; new layers get gradients."""
    assert isinstance(network, GrowingNetwork)
    random = torch.Generator().manual_seed(stage)
    images = torch.rand(_N, *network.stages[stage], generator=random) * 2 - 1
    network.grow(stage - 1, 1.0)
    before = enlarge(output(avg_pool2d(images, 2)))
    for fade, tolerance in ((0.0, 1e-4), (1e-4, 1e-2)):
        network.grow(stage, fade)
        same = torch.allclose(output(images), before, atol=tolerance, rtol=tolerance)
        problems.expect(
            same, f"at fade 0, stage {stage} should give the same output as stage {stage - 1}"
        )
    network.grow(stage, 0.5)
    output(images).square().sum().backward()
    parameters = network.stage_parameters(stage)
    missing = [p for p in parameters if p.requires_grad and p.grad is None]
    problems.expect(
        not missing, f"{len(missing)} parameters of stage {stage} get no gradient at fade 0.5"
    )
    network.zero_grad()
