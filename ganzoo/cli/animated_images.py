"""The images of a generator that ``ganzoo animate`` shows: walks, or images along a direction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from torch import Tensor

from ganzoo.output.directions.images import frames_along
from ganzoo.output.directions.moved import require_fit
from ganzoo.output.directions.saved import Directions
from ganzoo.output.latent_space import LatentSpace
from ganzoo.output.saved_latents import SavedLatents
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.output.walk import Easing, keyframe_latents, point_walk, walk


@dataclass(frozen=True)
class RandomImages:
    """Which images a walk or a direction starts from, as the options say."""

    count: int
    seed: int
    class_name: str | None
    condition: str | None
    truncation: float


class AnimatedImages:
    """Frames of a trained generator, ``frames`` from one place to the next.

    Each method returns the frames and their number, and raises RequestError if the options do not
    fit the generator.
    """

    def __init__(self, trained: TrainedGenerator, frames: int, easing: Easing) -> None:
        self.trained, self.frames, self.easing = trained, frames, easing

    def walk(self, number: int, images: RandomImages) -> tuple[Iterator[Image.Image], int]:
        """A walk through ``number`` random latents of each image."""
        generator = self.trained.truncated(images.truncation)
        keyframes = keyframe_latents(generator, number, images.count, images.seed)
        conditions = self._conditions(images)
        frames = walk(generator, keyframes, self.frames, conditions, self.easing)
        return frames, number * self.frames

    def between(self, start: Path, end: Path) -> tuple[Iterator[Image.Image], int]:
        """A walk from the latents in one file to those in another one, and back."""
        first, second = (SavedLatents.read_for(self.trained, path) for path in (start, end))
        conditions = first.shared_conditions(second, f"{start} and {end}")
        space, points = LatentSpace(self.trained.generator), [first.points, second.points]
        frames = point_walk(space, points, self.frames, conditions, self.easing)
        return frames, 2 * self.frames

    def along(
        self, name: str, file: Path, amount: float, images: RandomImages
    ) -> tuple[Iterator[Image.Image], int]:
        """Random images, moved along a direction in a file by ``amount`` to both sides."""
        found = Directions.read(file)
        require_fit(self.trained, found)
        offset = amount * found.named(name).step
        generator = self.trained.truncated(images.truncation)
        latents = self.trained.latents(images.count, images.seed)
        conditions = self._conditions(images)
        frames = frames_along(generator, latents, offset, self.frames, conditions, self.easing)
        return frames, 2 * self.frames

    def _conditions(self, images: RandomImages) -> Tensor | None:
        return self.trained.conditions(
            images.count, images.seed, images.class_name, images.condition
        )
