"""Layer-wise growth: stage and fade as a function of images seen (Karras et al. 2017)."""

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
from ganzoo.shard import equal_parts
from ganzoo.training.weights import is_frozen

T = TypeVar("T")


@dataclass(frozen=True)
class Stage:
    """One resolution of a run, and its training settings."""

    number: int
    """The index in the networks' ``stages``."""
    image_shape: ImageShape
    batch_size: int
    starts_at: int = 0
    """Images seen when the stage starts."""
    fade_images: int = 0
    """Images in which its layers are faded in; 0 for the first stage."""
    lr_factor: float = 1.0
    """A factor of both learning rates."""


@dataclass(frozen=True)
class GrowthPoint:
    """A stage, and the fade of its layers: 0 at its start, 1 when they are faded in."""

    stage: Stage
    fade: float

    def grow(self, *networks: nn.Module) -> None:
        """Set networks that grow to this stage and fade; others are unchanged."""
        for network in networks:
            if isinstance(network, GrowingNetwork):
                with getattr(network, "plugin_code", nullcontext()):
                    network.grow(self.stage.number, self.fade)

    def shrink(self, real: Tensor) -> Tensor:
        """Real images (N, C, H, W), reduced to the stage's resolution and faded like the networks.

        Height and width must be multiples of the stage's.
        """
        factor = real.shape[-1] // self.stage.image_shape.width
        if factor > 1:
            real = avg_pool2d(real, factor)
        if self.fade < 1:
            real = interpolate(avg_pool2d(real, 2), scale_factor=2.0).lerp(real, self.fade)
        return real


class GrowthSchedule:
    """The stages of a run; a run that does not grow has one stage.

    Raises RequestError if the settings do not fit the networks, or if the batch of a stage cannot
    be split into one part for each of the ``processes``.
    """

    def __init__(
        self,
        run: Run,
        networks: Networks,
        image_shape: ImageShape,
        *,
        processes: int = 1,
        batches_per_step: int = 1,
    ) -> None:
        self.batches_per_step = batches_per_step
        """The number of batches of real images in each step."""
        self._growth = run.growth
        self.stages: tuple[Stage, ...]
        if run.growth is None:
            self.stages = (Stage(0, image_shape, run.train.batch_size),)
            return
        shapes = _shapes(networks, image_shape)
        self.stages = tuple(_stages(shapes, run.growth, run.train.batch_size))
        for stage in self.stages:
            if stage.batch_size % (parts := processes * run.train.accumulate):
                height = stage.image_shape.height
                equal = equal_parts(processes, run.train.accumulate, run.train.nodes)
                raise RequestError(
                    f"a batch of {stage.batch_size} images at {stage.image_shape.size} pixels "
                    f"cannot be split into {equal}: set "
                    f"growth.batch_size.{height}={parts}, or a multiple"
                )

    def at(self, images_seen: int) -> GrowthPoint:
        """The stage and fade after this number of images seen."""
        stage = [stage for stage in self.stages if stage.starts_at <= images_seen][-1]
        done = images_seen - stage.starts_at
        return GrowthPoint(stage, 1.0 if done >= stage.fade_images else done / stage.fade_images)

    def steps(self, images: float, seen: int = 0) -> int:
        """The steps from ``seen`` images seen to at least ``images``, over all stages."""
        steps = 0
        ends = [stage.starts_at for stage in self.stages[1:]]
        for stage, end in zip(self.stages, [*ends, math.inf], strict=True):
            per_step = stage.batch_size * self.batches_per_step
            more = max(0, math.ceil((min(end, images) - seen) / per_step))
            steps, seen = steps + more, seen + more * per_step
        return steps

    def images(self, steps: int) -> int:
        """The images seen after this number of steps from the start."""
        seen = 0
        ends = [stage.starts_at for stage in self.stages[1:]]
        for stage, end in zip(self.stages, [*ends, math.inf], strict=True):
            per_step = stage.batch_size * self.batches_per_step
            taken = min(
                steps, math.ceil(max(0, end - seen) / per_step) if end < math.inf else steps
            )
            steps, seen = steps - taken, seen + taken * per_step
        return seen

    def trained_parameters(self, network: nn.Module, stage: Stage) -> dict[str, nn.Parameter]:
        """The parameters of a network that are trained at a stage, by their names."""
        named = {
            name: parameter
            for name, parameter in network.named_parameters()
            if parameter.requires_grad and not is_frozen(network, name)
        }
        if self._growth is None or not isinstance(network, GrowingNetwork):
            return named
        newest_only = self._growth.freeze and stage is not self.stages[0]
        numbers = range(stage.number if newest_only else 0, stage.number + 1)
        added = {
            id(parameter) for number in numbers for parameter in network.stage_parameters(number)
        }
        return {k: p for k, p in named.items() if id(p) in added}

    def warning(self, steps: int) -> str | None:
        """A warning if a run of this number of steps does not reach its full resolution."""
        last = self.stages[-1]
        faded_in = last.starts_at + last.fade_images
        if self._growth is not None and len(self.stages) == 1:
            return f"the networks cannot grow: {last.image_shape.size} pixels are the only stage"
        if self.steps(faded_in) > steps:
            return (
                f"the last layers are faded in after {faded_in} images, but this run ends before: "
                "reduce growth.fade_images and growth.stable_images, or train longer"
            )
        return None


def _shapes(networks: Networks, image_shape: ImageShape) -> Sequence[ImageShape]:
    """The stages of both networks, which must be the same."""
    generator, discriminator = networks.generator, networks.discriminator
    assert isinstance(generator, GrowingNetwork), "the architecture declares that its networks grow"
    assert isinstance(discriminator, GrowingNetwork), (
        "the architecture declares that its networks grow"
    )
    shapes = list(generator.stages)
    assert shapes == list(discriminator.stages), "both networks have the same stages"
    assert shapes[-1] == image_shape, f"the last stage is {shapes[-1]}, not {image_shape}"
    return shapes


def _stages(
    shapes: Sequence[ImageShape], growth: GrowthOptions, batch_size: int
) -> Iterator[Stage]:
    """The stages from the first height of at least ``growth.start`` to the last."""
    numbers = [n for n, image in enumerate(shapes) if image.height >= growth.start]
    if not numbers:
        raise RequestError(
            f"growth.start={growth.start}: the images have {shapes[-1].size} pixels, so start "
            f"at a height of {shapes[-1].height} or less"
        )
    starts_at = 0
    for number in numbers:
        fade_images = growth.fade_images if number != numbers[0] else 0
        height = shapes[number].height
        yield Stage(
            number=number,
            image_shape=shapes[number],
            batch_size=min([batch_size, *_values_up_to(growth.batch_size, height)]),
            starts_at=starts_at,
            fade_images=fade_images,
            lr_factor=([1.0, *_values_up_to(growth.lr_factor, height)])[-1],
        )
        starts_at += fade_images + growth.stable_images


def _values_up_to(values: Mapping[int, T], resolution: int) -> list[T]:
    """The values of all resolutions up to this one, ascending by resolution."""
    return [value for key, value in sorted(values.items()) if key <= resolution]
