"""TrainedGenerator: the EMA generator of a run, to generate images with."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from PIL.Image import Image
from torch import Tensor

from ganzoo import imaging
from ganzoo.contracts import Condition, Generator, ImageShape, LossRequirements
from ganzoo.data.collection import Collection, class_names_of
from ganzoo.data.identity import DataIdentity
from ganzoo.errors import RequestError
from ganzoo.evaluation.record import EvaluationResult
from ganzoo.output.device import require_device
from ganzoo.output.truncation import truncated
from ganzoo.run import Run
from ganzoo.training.growth import GrowthPoint
from ganzoo.training.sampling import (
    ConditionFrequencies,
    latents_of,
    make_images,
    make_rows,
    row_names,
)


class TrainedGenerator:
    """A generator with what is needed to generate images: no dataset, and no run folder.

    ``TrainedRun`` has that of a checkpoint, ``ExportedGenerator`` that of an exported file.
    """

    source: Path
    """The run folder or the file that the generator was read from."""
    run: Run
    """All settings of the run."""
    step: int
    """The step of the checkpoint."""
    images_seen: int
    """Real images shown to the discriminator before the checkpoint."""
    data_condition: Condition | None
    """What is known about each of the run's images."""
    condition: Condition | None
    """What the networks are told about each image; ``None`` unless ``data.conditional``."""
    frequencies: ConditionFrequencies | None
    """How often each condition was trained; ``None`` unless ``data.conditional``."""
    data_image_shape: ImageShape
    """The shape of the images in the data; ``image_shape`` is smaller at an earlier stage."""
    generator: Generator
    """The EMA generator, in evaluation mode."""
    growth_point: GrowthPoint
    """The stage at this checkpoint, and how far its layers are faded in."""
    requirements: LossRequirements
    """What the loss of the run requires of the networks."""
    trained_on: DataIdentity | None
    """The number and the fingerprint of the run's images, if known."""

    @property
    def heading(self) -> str:
        """What it is, for people: ``dcgan on blossoms``."""
        run = self.run
        return f"{run.architecture.entry.component.name} on {run.dataset.entry.component.name}"

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"{name}({str(self.source)!r}, {self.run.title}, step {self.step})"

    def _repr_html_(self) -> str:
        """What a notebook shows: 16 generated images, with the run's folder, title and step."""
        png = io.BytesIO()
        self.grid(scale=max(1, 64 // self.image_shape.height)).save(png, format="PNG")
        source = f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
        return f'<p>{html.escape(repr(self))}</p><img alt="generated images" src="{source}">'

    @property
    def evaluations(self) -> list[EvaluationResult]:
        """The evaluations that are known, oldest first; of an exported file, of its checkpoint."""
        return []

    @property
    def image_shape(self) -> ImageShape:
        """The shape of the images that the generator makes."""
        return self.growth_point.stage.image_shape

    @property
    def parameter_count(self) -> int:
        """The number of parameters of the generator."""
        return sum(each.numel() for each in self.generator.parameters())

    @property
    def class_names(self) -> tuple[str, ...]:
        """The name of each class of the images; empty unless each image has one class."""
        return class_names_of(self.data_condition)

    @property
    def row_names(self) -> tuple[str, ...]:
        """The names of the rows of ``generate_rows``; empty unless ``data.conditional``."""
        return row_names(self.condition) if self.condition else ()

    def generate(
        self,
        count: int = 64,
        seed: int = 0,
        class_name: str | None = None,
        truncation: float = 1.0,
        condition: str | Mapping[str, float] | None = None,
    ) -> Tensor:
        """``count`` images as uint8 (N, C, H, W) on the CPU, all of one class if it is named.

        Image i depends on the seed, i and its condition, not on ``count``. ``condition`` has values
        by name, also as a text: ``"hue=0.7,size=0.3"``. What is not given is drawn as in training:
        each class as often, or the values of one of the real images. With ``truncation`` below 1,
        images are more typical and less diverse.

        Raises RequestError if the generator is not conditional, has no class or value of that name,
        or for a value out of range.
        """
        _require_positive(count)
        conditions = self.conditions(count, seed, class_name, condition)
        return make_images(self.truncated(truncation), count, seed, conditions)

    def grid(
        self,
        count: int = 16,
        seed: int = 0,
        class_name: str | None = None,
        truncation: float = 1.0,
        scale: int = 1,
        condition: str | Mapping[str, float] | None = None,
    ) -> Image:
        """The images of ``generate`` as one grid; each pixel is repeated ``scale`` times."""
        images = self.generate(count, seed, class_name, truncation, condition)
        return imaging.to_image(imaging.grid(imaging.enlarged(images, scale)))

    def latents(self, count: int = 1, seed: int = 0) -> Tensor:
        """The latents of the images of ``generate``, first axis ``count``.

        They are on the generator's device. ``generator(latents)`` returns the images as float32 in
        [-1, 1].
        """
        device = next(self.generator.parameters()).device
        return latents_of(self.generator, range(count), seed).to(device)

    def generate_rows(self, count: int = 8, seed: int = 0, truncation: float = 1.0) -> Tensor:
        """``count`` images for each class or value as uint8 (rows, N, C, H, W).

        All rows use the same latents. The images of a row have one class; or one value rises from
        its lowest to its highest, while the others are in the middle of their ranges.
        ``row_names`` has the names of the rows.

        Raises RequestError if the generator is not conditional.
        """
        condition = self._require_conditional()
        _require_positive(count)
        assert self.frequencies
        return make_rows(self.truncated(truncation), condition, self.frequencies, count, seed)

    def truncated(self, truncation: float) -> Generator:
        """The generator with truncated latents; at 1, the generator itself.

        A generator with intermediate latents (``MappingGenerator``) truncates these.

        Raises RequestError unless 0 < truncation <= 1.
        """
        if not 0 < truncation <= 1:
            raise RequestError(f"truncation={truncation}: it must be above 0 and at most 1")
        return self.generator if truncation == 1 else truncated(self.generator, truncation)

    def to(self, device: str) -> Self:
        """Move the networks to a device; returns the object itself.

        Raises RequestError if there is no such device.
        """
        require_device(device)
        self.generator.to(device)
        return self

    def require_same_images(self, data: Collection) -> None:
        """Raise RequestError if these are not the images that the run was trained on."""
        now = DataIdentity.of(data)
        before = self.trained_on or now
        shape, condition = self.data_image_shape, self.data_condition
        if before != now or (data.shape, data.condition) != (shape, condition):
            raise RequestError(
                f"{self.source} was trained on other images, {before} of {shape.size} x "
                f"{shape.channels} with {condition or 'no classes'}, than these, {now} of "
                f"{data.shape.size} x {data.shape.channels} with "
                f"{data.condition or 'no classes'}: use the original images"
            )

    def conditions(
        self,
        count: int,
        seed: int,
        class_name: str | None = None,
        condition: str | Mapping[str, float] | None = None,
    ) -> Tensor | None:
        """What the generator is told about the images of ``generate``, (count,) or (count, D).

        ``None`` unless it is conditional. Raises RequestError as ``generate``.
        """
        if class_name is not None and condition is not None:
            raise RequestError("a class and a condition are given: remove one of them")
        drawn = self.frequencies.sample(range(count), seed) if self.frequencies else None
        if class_name is not None:
            condition = class_name
        if condition is None:
            return drawn
        known = self._require_conditional()
        if isinstance(condition, str):
            return known.parse(condition, drawn)
        return known.complete(condition, drawn)

    def _require_conditional(self) -> Condition:
        if self.condition is None:
            raise RequestError(
                f"{self.source} was trained without conditions: name no class or value, or train "
                "with data.conditional=true"
            )
        return self.condition


def _require_positive(count: int) -> None:
    if count < 1:
        raise RequestError(f"count={count}: it must be at least one image")
