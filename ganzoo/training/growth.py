"""Layer-wise growth: what a run works on after so many pictures (Karras et al. 2017)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo.contracts import Growing, ImageShape, Networks
from ganzoo.errors import RequestError
from ganzoo.run import Growth, Run

T = TypeVar("T")


@dataclass(frozen=True)
class Stage:
    """A resolution, and how a run trains there."""

    number: int
    """Its place among the networks' stages."""
    image: ImageShape
    batch_size: int
    begins: int = 0
    """Images seen when its layers come."""
    fade_images: int = 0
    """How many more it takes until they are faded in."""
    lr: float | None = None
    """Both players' learning rate, unless it is their own."""

    def fade(self, images_seen: int) -> float:
        """How far its layers are faded in, from 0 to 1."""
        passed = images_seen - self.begins
        return 1.0 if passed >= self.fade_images else passed / self.fade_images

    def shrink(self, real: Tensor, fade: float) -> Tensor:
        """Real pictures (N, C, H, W) as the networks see them: as small, and as far faded in."""
        factor = real.shape[-1] // self.image.width
        if factor > 1:
            real = avg_pool2d(real, factor)
        if fade < 1:
            real = interpolate(avg_pool2d(real, 2), scale_factor=2.0).lerp(real, fade)
        return real


class Schedule:
    """The stages of a run; one that does not grow has a single one.

    Raises RequestError where the settings do not suit the networks.
    """

    def __init__(self, run: Run, networks: Networks, image: ImageShape) -> None:
        self.stages: tuple[Stage, ...]
        self._shown = run.train.critic_steps
        if not grows(networks):
            if run.growth is not None:
                name = run.architecture.entry.component.name
                raise RequestError(f"the architecture {name} does not grow: leave growth out")
            self.stages = (Stage(0, image, run.train.batch_size),)
            self.freeze = False
            return
        growth = run.growth or Growth()
        self.stages = tuple(_stages(_shapes(networks), growth, run.train.batch_size))
        self.freeze = growth.freeze
        for stage in self.stages:
            if stage.batch_size % run.train.devices:
                raise RequestError(
                    f"growth.batch_size: {stage.batch_size} pictures at {stage.image.height} "
                    f"pixels cannot be shared equally by train.devices={run.train.devices}"
                )

    def at(self, images_seen: int) -> Stage:
        """The stage after so many pictures."""
        return [stage for stage in self.stages if stage.begins <= images_seen][-1]

    def steps(self, images: float) -> int:
        """How many steps it takes to show at least so many pictures."""
        steps = seen = 0
        ends = [stage.begins for stage in self.stages[1:]]
        for stage, end in zip(self.stages, [*ends, math.inf], strict=True):
            shown = stage.batch_size * self._shown
            more = max(0, math.ceil((min(end, images) - seen) / shown))
            steps, seen = steps + more, seen + more * shown
        return steps

    def trained(self, player: nn.Module, stage: Stage) -> list[nn.Parameter]:
        """The parameters of a player that are trained at a stage."""
        if not isinstance(player, Growing):
            return [each for each in player.parameters() if each.requires_grad]
        first = stage.number if self.freeze and stage is not self.stages[0] else 0
        numbers = range(first, stage.number + 1)
        return [each for n in numbers for each in player.added(n) if each.requires_grad]


def grow(player: nn.Module, stage: Stage, fade: float) -> None:
    """Bring a player to a stage, if it is one that grows."""
    if isinstance(player, Growing):
        player.grow(stage.number, fade)


def grows(networks: Networks) -> bool:
    """Whether these are players that grow.

    Raises ValueError if one does and the other does not, or not through the same stages.
    """
    generator, discriminator = networks.generator, networks.discriminator
    if not isinstance(generator, Growing) and not isinstance(discriminator, Growing):
        return False
    alike = (
        isinstance(generator, Growing)
        and isinstance(discriminator, Growing)
        and list(generator.stages) == list(discriminator.stages)
    )
    if not alike:
        raise ValueError("generator and discriminator have to grow through the same stages")
    return True


def _shapes(networks: Networks) -> Sequence[ImageShape]:
    assert isinstance(networks.generator, Growing)
    return networks.generator.stages


def _stages(shapes: Sequence[ImageShape], growth: Growth, batch_size: int) -> Iterator[Stage]:
    """From the first resolution that is no smaller than ``growth.start`` to the last."""
    numbers = [n for n, image in enumerate(shapes) if image.height >= growth.start]
    if not numbers:
        raise RequestError(
            f"growth.start={growth.start}: the pictures have {shapes[-1].height} pixels"
        )
    begins = 0
    for number in numbers:
        fade_images = growth.fade_images if number != numbers[0] else 0
        height = shapes[number].height
        yield Stage(
            number=number,
            image=shapes[number],
            batch_size=min(batch_size, _from(growth.batch_size, height, batch_size)),
            begins=begins,
            fade_images=fade_images,
            lr=_from(growth.lr, height, None),
        )
        begins += fade_images + growth.stable_images


def _from(values: Mapping[int, T], resolution: int, otherwise: T) -> T:
    """What holds at a resolution, if each value holds from its own on."""
    reached = [each for each in values if each <= resolution]
    return values[max(reached)] if reached else otherwise
