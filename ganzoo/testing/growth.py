"""What networks that grow must do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ganzoo.components import ArchitectureSpec
from ganzoo.contracts import GrowingNetwork, ImageShape, Networks
from ganzoo.imaging import enlarged
from ganzoo.testing.findings import Findings
from ganzoo.testing.state import not_finite

_N = 4


def check_growth(
    architecture: ArchitectureSpec,
    networks: Networks,
    image_shape: ImageShape,
    labels: Tensor | None,
    found: Findings,
) -> None:
    """Both players grow through the same stages, each of which begins where the last one ended."""
    generator, discriminator = networks.generator, networks.discriminator
    if not isinstance(generator, GrowingNetwork) or not isinstance(discriminator, GrowingNetwork):
        alike = isinstance(generator, GrowingNetwork) == isinstance(discriminator, GrowingNetwork)
        found.expect(alike, "either both players grow or neither")
        found.expect(not architecture.grows, "grows=True, but its networks are not Growing")
        return
    found.expect(architecture.grows, "its networks are Growing, so declare grows=True")
    stages = list(generator.stages)
    right = found.expect(stages == list(discriminator.stages), "the players have other stages")
    right &= found.expect(
        stages[-1:] == [image_shape], f"the last stage should be {image_shape}, not {stages[-1:]}"
    )
    if not right:
        return
    latents = generator.sample_latents(_N, torch.Generator().manual_seed(1))
    _check_player(
        found.of("generator"),
        generator,
        lambda images: generator(latents, labels),
        lambda small: enlarged(small, 2),
    )
    _check_player(
        found.of("discriminator"),
        discriminator,
        lambda images: discriminator(images, labels),
        lambda small: small,
    )


def _check_player(
    found: Findings,
    player: nn.Module,
    output: Callable[[Tensor], Tensor],
    as_large: Callable[[Tensor], Tensor],
) -> None:
    assert isinstance(player, GrowingNetwork)
    player.eval()
    last = len(player.stages) - 1
    images = torch.rand(_N, *player.stages[last], generator=torch.Generator().manual_seed(0))
    as_built = output(images)
    if wrong := not_finite(as_built):
        found.add(f"its output holds {wrong}")
        return
    _check_added(found, player)
    for stage in range(1, last + 1):
        _check_stage(found, player, stage, output, as_large)
    player.grow(last, 1.0)
    same = torch.allclose(output(images), as_built)
    found.expect(same, "as it is built, it should be at its last stage, fade 1")
    player.train()


def _check_added(found: Findings, player: nn.Module) -> None:
    """Every parameter belongs to one stage."""
    assert isinstance(player, GrowingNetwork)
    added = Counter(
        id(p) for stage in range(len(player.stages)) for p in player.stage_parameters(stage)
    )
    for key, parameter in player.named_parameters():
        times = added[id(parameter)]
        found.expect(times == 1, f"{key} is added by {times} stages, not by one")


def _check_stage(
    found: Findings,
    player: nn.Module,
    stage: int,
    output: Callable[[Tensor], Tensor],
    as_large: Callable[[Tensor], Tensor],
) -> None:
    """At fade 0 it is what it was, right after it nearly so; in mid-fade all that is new learns."""
    assert isinstance(player, GrowingNetwork)
    random = torch.Generator().manual_seed(stage)
    images = torch.rand(_N, *player.stages[stage], generator=random) * 2 - 1
    player.grow(stage - 1, 1.0)
    before = as_large(output(avg_pool2d(images, 2)))
    for fade, tolerance in ((0.0, 1e-4), (1e-4, 1e-2)):
        player.grow(stage, fade)
        same = torch.allclose(output(images), before, atol=tolerance, rtol=tolerance)
        found.expect(same, f"stage {stage} should begin as what stage {stage - 1} was")
    player.grow(stage, 0.5)
    output(images).square().sum().backward()
    idle = [p for p in player.stage_parameters(stage) if p.requires_grad and p.grad is None]
    found.expect(not idle, f"no gradient reaches {len(idle)} parameters of stage {stage}")
    player.zero_grad()
