"""Layer-wise growth: what a run works on after so many images (Karras et al. 2017)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo.contracts import GrowingNetwork, ImageShape, Networks
from ganzoo.errors import RequestError
from ganzoo.run import Run
from ganzoo.sections import GrowthOptions

T = TypeVar("T")


@dataclass(frozen=True)
class Stage:
    """A resolution, and how a run trains there."""

    number: int
    """Its place among the networks' stages."""
    image_shape: ImageShape
    batch_size: int
    begins: int = 0
    """Images seen when its layers come."""
    fade_images: int = 0
    """How many more it takes until they are faded in."""
    lr_factor: float = 1.0
    """What both players' learning rates are multiplied by."""


@dataclass(frozen=True)
class GrowthPoint:
    """A stage, and how far its layers are faded in, from 0 to 1."""

    stage: Stage
    fade: float

    def bring(self, *players: nn.Module) -> None:
        """Bring players here, if they are such as grow."""
        for player in players:
            if isinstance(player, GrowingNetwork):
                with getattr(player, "plugin_code", nullcontext()):
                    player.grow(self.stage.number, self.fade)

    def shrink(self, real: Tensor) -> Tensor:
        """Real images (N, C, H, W) as the networks see them: as small, and as far faded in.

        Both sides of the images are whole multiples of the stage's.
        """
        factor = real.shape[-1] // self.stage.image_shape.width
        if factor > 1:
            real = avg_pool2d(real, factor)
        if self.fade < 1:
            real = interpolate(avg_pool2d(real, 2), scale_factor=2.0).lerp(real, self.fade)
        return real


class GrowthSchedule:
    """The stages of a run; one that does not grow has a single one.

    Raises RequestError where the settings do not suit the networks.
    """

    def __init__(self, run: Run, networks: Networks, image_shape: ImageShape) -> None:
        self._discriminator_steps = run.train.discriminator.steps
        self._growth = run.growth
        self.stages: tuple[Stage, ...]
        if run.growth is None:
            self.stages = (Stage(0, image_shape, run.train.batch_size),)
            return
        shapes = _shapes(networks, image_shape)
        self.stages = tuple(_stages(shapes, run.growth, run.train.batch_size))
        for stage in self.stages:
            if stage.batch_size % run.train.devices:
                side, devices = stage.image_shape.height, run.train.devices
                raise RequestError(
                    f"a batch of {stage.batch_size} images at {stage.image_shape.size} pixels "
                    f"cannot be split into train.devices={devices} equal parts: set "
                    f"growth.batch_size.{side}={devices}, or a multiple"
                )

    def at(self, images_seen: int) -> GrowthPoint:
        """Where a run is after so many images."""
        stage = [stage for stage in self.stages if stage.begins <= images_seen][-1]
        passed = images_seen - stage.begins
        return GrowthPoint(
            stage, 1.0 if passed >= stage.fade_images else passed / stage.fade_images
        )

    def steps(self, images: float, seen: int = 0) -> int:
        """How many steps it takes from ``seen`` images on to have shown at least so many."""
        steps = 0
        ends = [stage.begins for stage in self.stages[1:]]
        for stage, end in zip(self.stages, [*ends, math.inf], strict=True):
            shown = stage.batch_size * self._discriminator_steps
            more = max(0, math.ceil((min(end, images) - seen) / shown))
            steps, seen = steps + more, seen + more * shown
        return steps

    def trained(self, player: nn.Module, stage: Stage) -> dict[str, nn.Parameter]:
        """The parameters of a player that are trained at a stage, by their names."""
        named = {k: p for k, p in player.named_parameters() if p.requires_grad}
        if self._growth is None or not isinstance(player, GrowingNetwork):
            return named
        alone = self._growth.freeze and stage is not self.stages[0]
        numbers = range(stage.number if alone else 0, stage.number + 1)
        added = {
            id(parameter) for number in numbers for parameter in player.stage_parameters(number)
        }
        return {k: p for k, p in named.items() if id(p) in added}

    def warning(self, steps: int) -> str | None:
        """What is to be said of a run of so many steps, if it will not grow up."""
        last = self.stages[-1]
        whole = last.begins + last.fade_images
        if self._growth is not None and len(self.stages) == 1:
            return f"there is nothing to grow: {last.image_shape.size} pixels are the only stage"
        if self.steps(whole) > steps:
            return (
                f"the last layers are whole after {whole} images, but this run ends before: make "
                "growth.fade_images and growth.stable_images smaller, or the run longer"
            )
        return None


def _shapes(networks: Networks, image_shape: ImageShape) -> Sequence[ImageShape]:
    """The stages of networks that grow."""
    generator, discriminator = networks.generator, networks.discriminator
    assert isinstance(generator, GrowingNetwork), "the architecture says that its networks grow"
    assert isinstance(discriminator, GrowingNetwork), "the architecture says that its networks grow"
    shapes = list(generator.stages)
    assert shapes == list(discriminator.stages), "both players grow through the same stages"
    assert shapes[-1] == image_shape, f"the last stage is {shapes[-1]}, not {image_shape}"
    return shapes


def _stages(
    shapes: Sequence[ImageShape], growth: GrowthOptions, batch_size: int
) -> Iterator[Stage]:
    """From the first resolution that is no smaller than ``growth.start`` to the last."""
    numbers = [n for n, image in enumerate(shapes) if image.height >= growth.start]
    if not numbers:
        raise RequestError(
            f"growth.start={growth.start}: the images have {shapes[-1].size} pixels, so begin "
            f"with a height of {shapes[-1].height} or less"
        )
    begins = 0
    for number in numbers:
        fade_images = growth.fade_images if number != numbers[0] else 0
        height = shapes[number].height
        yield Stage(
            number=number,
            image_shape=shapes[number],
            batch_size=min([batch_size, *_reached(growth.batch_size, height)]),
            begins=begins,
            fade_images=fade_images,
            lr_factor=([1.0, *_reached(growth.lr_factor, height)])[-1],
        )
        begins += fade_images + growth.stable_images


def _reached(values: Mapping[int, T], resolution: int) -> list[T]:
    """The values of this resolution and those before, ascending by resolution."""
    return [values[each] for each in sorted(values) if each <= resolution]
