"""A trained run, to make images with."""

from __future__ import annotations

import base64
import html
import io
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from PIL.Image import Image
from torch import Tensor

from ganzoo import imaging
from ganzoo.contracts import Generator, ImageShape, LossRequirements, Networks
from ganzoo.data.collection import Collection
from ganzoo.errors import RequestError, UnknownName, did_you_mean
from ganzoo.evaluation.record import Evaluated
from ganzoo.evaluation.record import read as read_evaluations
from ganzoo.folders import RunFolder
from ganzoo.journal import Journal
from ganzoo.output.truncation import Truncated
from ganzoo.run import Run
from ganzoo.training.checkpoint import Checkpoints, read
from ganzoo.training.growth import GrowthSchedule
from ganzoo.training.sampling import ClassFrequencies, latents_of, make_each_class, make_images


class TrainedRun:
    """The averaged generator of one of a run's checkpoints; its images may be gone.

    ``checkpoint`` is ``"last"``, ``"best"`` or the number of a step. Raises RequestError if there
    is no such checkpoint, or none that is whole.
    """

    def __init__(self, folder: RunFolder, run: Run, checkpoint: str = "last") -> None:
        self.folder = folder.path
        self.run = run
        checkpoints = Checkpoints(folder.checkpoints, run.checkpoint.keep)
        if checkpoint == "last":
            state = checkpoints.load(warn=warnings.warn)
        else:
            state = read(checkpoints.find(checkpoint))
        self.step: int = state["step"]
        self.images_seen: int = state["images_seen"]
        self.class_names: tuple[str, ...] = tuple(state["class_names"])
        self.whole = ImageShape(*state["image_shape"])
        """The shape of the images that it was trained on; ``image`` may be an earlier stage's."""
        networks = self._networks(self.whole)
        self.conditional = networks.conditional
        self.frequencies = ClassFrequencies(state["class_counts"]) if self.conditional else None
        self.generator = networks.generator.eval().requires_grad_(False)
        self.discriminator = networks.discriminator.eval().requires_grad_(False)
        try:
            self.generator.load_state_dict(state["generator_ema"])
            self.discriminator.load_state_dict(state["discriminator"])
        except RuntimeError as error:
            reason = textwrap.shorten(str(error), 200)
            raise RequestError(f"the networks do not fit the checkpoint: {reason}") from error
        self.point = GrowthSchedule(run, networks, self.whole).at(self.images_seen)
        self.point.bring(self.generator, self.discriminator)
        self.image = self.point.stage.image_shape

    def __repr__(self) -> str:
        return f"TrainedRun({str(self.folder)!r}, {self.run.title}, step {self.step})"

    def _repr_html_(self) -> str:
        """What a notebook shows: 16 generated images, and what they are from."""
        shown = io.BytesIO()
        self.grid(scale=max(1, 64 // self.image.height)).save(shown, format="PNG")
        source = f"data:image/png;base64,{base64.b64encode(shown.getvalue()).decode()}"
        return f'<p>{html.escape(repr(self))}</p><img alt="generated images" src="{source}">'

    @property
    def history(self) -> list[Mapping[str, Any]]:
        """The reports and evaluations so far, a dict of numbers by name each, with its ``step``."""
        return list(Journal.read(self.folder / "metrics.jsonl").lines)

    @property
    def evaluations(self) -> list[Evaluated]:
        """All evaluations of the run so far, of whichever checkpoint."""
        return read_evaluations(self.folder / "evaluations.jsonl")

    def require_images(self, data: Collection) -> None:
        """Raise RequestError if these are not the images that it was trained on, as it knows."""
        sessions = RunFolder(self.folder).sessions()
        now = f"{len(data)} ({data.identity[:8]})"
        before = sessions[-1].get("images", now) if sessions else now
        if before != now or (data.shape, data.class_names) != (self.whole, self.class_names):
            raise RequestError(
                f"{self.folder} was trained on other images, {before} of {self.whole.size} x "
                f"{self.whole.channels} in {len(self.class_names)} classes, than these, {now} of "
                f"{data.shape.size} x {data.shape.channels} in "
                f"{len(data.class_names)}: give it those again"
            )

    def generate(
        self,
        count: int = 64,
        seed: int = 0,
        class_name: str | None = None,
        truncation: float = 1.0,
    ) -> Tensor:
        """``count`` images as uint8 (N, C, H, W) on the CPU, all of one class if it is named.

        Image i follows from the seed, i and its class, not from how many are asked for. A
        conditional generator that is told no class draws one for each image, each class as often
        as it was trained. With ``truncation`` below 1, images are more usual and less diverse.

        Raises RequestError if the generator listens to no classes or has none of that name.
        """
        _require_some(count)
        labels = self.labels(count, seed, class_name)
        return make_images(self.truncated(truncation), count, seed, labels)

    def grid(
        self,
        count: int = 16,
        seed: int = 0,
        class_name: str | None = None,
        truncation: float = 1.0,
        scale: int = 1,
    ) -> Image:
        """The images of ``generate`` in one, row by row, with each pixel ``scale`` pixels wide."""
        made = self.generate(count, seed, class_name, truncation)
        return imaging.to_image(imaging.grid(imaging.enlarged(made, scale)))

    def latents(self, count: int = 1, seed: int = 0) -> Tensor:
        """The latents of the images of ``generate``, first axis ``count``, where the generator is.

        ``generator(latents)`` gives the images as float32 in [-1, 1].
        """
        device = next(self.generator.parameters()).device
        return latents_of(self.generator, range(count), seed).to(device)

    def generate_each_class(self, count: int = 8, seed: int = 0, truncation: float = 1.0) -> Tensor:
        """``count`` images of every class, (classes, N, C, H, W), of the same latents in each.

        Raises RequestError if the generator listens to no classes.
        """
        self._require_conditional()
        _require_some(count)
        generator = self.truncated(truncation)
        return make_each_class(generator, len(self.class_names), count, seed)

    def truncated(self, truncation: float) -> Generator:
        """The generator, with latents that are only so far from their mean: at 1 itself.

        Raises RequestError unless 0 < truncation <= 1.
        """
        if not 0 < truncation <= 1:
            raise RequestError(f"truncation={truncation}: above 0, and at most 1")
        return self.generator if truncation == 1 else Truncated(self.generator, truncation)

    def to(self, device: str) -> TrainedRun:
        """The same run with its networks on another device.

        Raises RequestError if there is no such device.
        """
        try:
            self.generator.to(device)
            self.discriminator.to(device)
        except (RuntimeError, AssertionError) as error:
            raise RequestError(f"device {device}: {str(error).splitlines()[0]}") from error
        return self

    def labels(self, count: int, seed: int, class_name: str | None = None) -> Tensor | None:
        """The labels (count,) of the images that ``generate`` makes; ``None`` without labels.

        Raises RequestError if the generator listens to no classes or has none of that name.
        """
        if class_name is None:
            return self.frequencies.labels(range(count), seed) if self.frequencies else None
        self._require_conditional()
        return torch.full((count,), _index(self.class_names, class_name))

    def _require_conditional(self) -> None:
        if not self.conditional:
            raise RequestError(
                f"{self.folder} was trained without labels: leave the class out, or train with "
                "architecture.conditional=true"
            )

    def _networks(self, image_shape: ImageShape) -> Networks:
        networks: Networks = self.run.architecture.build(
            image_shape=image_shape,
            num_classes=len(self.class_names),
            requirements=LossRequirements.of(self.run.loss.build()),
        )
        return networks


def _require_some(count: int) -> None:
    if count < 1:
        raise RequestError(f"count={count}: at least one image")


def _index(names: Sequence[str], name: str) -> int:
    if name not in names:
        known = did_you_mean(name, names) or f"; there are {', '.join(names)}"
        raise UnknownName(f"there is no class called {name}{known}")
    return names.index(name)
