"""TrainedRun: the networks of a checkpoint, to generate images with."""

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
from ganzoo.evaluation.record import EvaluationResult
from ganzoo.evaluation.record import read as read_evaluations
from ganzoo.folders import RunFolder
from ganzoo.journal import Journal
from ganzoo.output.device import require_device
from ganzoo.output.truncation import TruncatedGenerator
from ganzoo.run import Run
from ganzoo.training.checkpoint import Checkpoints, read
from ganzoo.training.growth import GrowthSchedule
from ganzoo.training.randomness import Randomness
from ganzoo.training.sampling import ClassFrequencies, latents_of, make_each_class, make_images
from ganzoo.training.weights import Weights


class TrainedRun:
    """The EMA generator and the discriminator of one of a run's checkpoints.

    The real images need not exist anymore. ``checkpoint`` is ``"last"``, ``"best"`` or the number
    of a step. Raises RequestError if there is no such checkpoint, or if it is damaged.
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
        self.data_image_shape = ImageShape(*state["image_shape"])
        """The shape of the images in the data; ``image_shape`` is smaller at an earlier stage."""
        networks = self._build_networks(LossRequirements(**state["requirements"]))
        self.conditional = networks.conditional
        self.class_frequencies = (
            ClassFrequencies(state["class_counts"]) if self.conditional else None
        )
        self.generator = networks.generator.eval().requires_grad_(False)
        self.discriminator = networks.discriminator.eval().requires_grad_(False)
        try:
            Weights(self.generator).load_state_dict(state["state"]["generator_ema"])
            Weights(self.discriminator).load_state_dict(state["state"]["network discriminator"])
        except (RuntimeError, ValueError) as error:
            if isinstance(error, RequestError):
                raise
            reason = textwrap.shorten(str(error), 200)
            raise RequestError(f"the networks do not fit the checkpoint: {reason}") from error
        schedule = GrowthSchedule(run, networks, self.data_image_shape)
        self.growth_point = schedule.at(self.images_seen)
        """The stage at this checkpoint, and how far its layers are faded in."""
        self.growth_point.grow(self.generator, self.discriminator)
        self.image_shape = self.growth_point.stage.image_shape
        """The shape of the images that the generator makes."""

    def __repr__(self) -> str:
        return f"TrainedRun({str(self.folder)!r}, {self.run.title}, step {self.step})"

    def _repr_html_(self) -> str:
        """What a notebook shows: 16 generated images, with the run's folder, title and step."""
        png = io.BytesIO()
        self.grid(scale=max(1, 64 // self.image_shape.height)).save(png, format="PNG")
        source = f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
        return f'<p>{html.escape(repr(self))}</p><img alt="generated images" src="{source}">'

    @property
    def history(self) -> list[Mapping[str, Any]]:
        """The run's reports and evaluations so far: one dict of named numbers per ``step``."""
        return list(Journal.read(self.folder / "metrics.jsonl").lines)

    @property
    def evaluations(self) -> list[EvaluationResult]:
        """All evaluations of the run so far, of all checkpoints."""
        return read_evaluations(self.folder / "evaluations.jsonl")

    def require_same_images(self, data: Collection) -> None:
        """Raise RequestError if these are not the images that the run was trained on."""
        sessions = RunFolder(self.folder).sessions()
        now = f"{len(data)} ({data.identity[:8]})"
        before = sessions[-1].get("images", now) if sessions else now
        shape, names = self.data_image_shape, self.class_names
        if before != now or (data.shape, data.class_names) != (shape, names):
            raise RequestError(
                f"{self.folder} was trained on other images, {before} of {shape.size} x "
                f"{shape.channels} in {len(names)} classes, than these, {now} of "
                f"{data.shape.size} x {data.shape.channels} in {len(data.class_names)} classes: "
                "use the original images"
            )

    def generate(
        self,
        count: int = 64,
        seed: int = 0,
        class_name: str | None = None,
        truncation: float = 1.0,
    ) -> Tensor:
        """``count`` images as uint8 (N, C, H, W) on the CPU, all of one class if it is named.

        Image i depends on the seed, i and its class, not on ``count``. Without ``class_name``, a
        conditional generator makes images of all classes, each as often as it was trained. With
        ``truncation`` below 1, images are more typical and less diverse.

        Raises RequestError if the generator is not conditional, or has no class of that name.
        """
        _require_positive(count)
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
        """The images of ``generate`` as one grid; each pixel is repeated ``scale`` times."""
        images = self.generate(count, seed, class_name, truncation)
        return imaging.to_image(imaging.grid(imaging.enlarged(images, scale)))

    def latents(self, count: int = 1, seed: int = 0) -> Tensor:
        """The latents of the images of ``generate``, first axis ``count``.

        They are on the generator's device. ``generator(latents)`` returns the images as float32 in
        [-1, 1].
        """
        device = next(self.generator.parameters()).device
        return latents_of(self.generator, range(count), seed).to(device)

    def generate_each_class(self, count: int = 8, seed: int = 0, truncation: float = 1.0) -> Tensor:
        """``count`` images of every class as uint8 (classes, N, C, H, W), from the same latents.

        Raises RequestError if the generator is not conditional.
        """
        self._require_conditional()
        _require_positive(count)
        generator = self.truncated(truncation)
        return make_each_class(generator, len(self.class_names), count, seed)

    def truncated(self, truncation: float) -> Generator:
        """The generator with truncated latents; at 1, the generator itself.

        Raises RequestError unless 0 < truncation <= 1.
        """
        if not 0 < truncation <= 1:
            raise RequestError(f"truncation={truncation}: it must be above 0 and at most 1")
        return self.generator if truncation == 1 else TruncatedGenerator(self.generator, truncation)

    def to(self, device: str) -> TrainedRun:
        """Move the networks to a device; returns the run itself.

        Raises RequestError if there is no such device.
        """
        require_device(device)
        self.generator.to(device)
        self.discriminator.to(device)
        return self

    def labels(self, count: int, seed: int, class_name: str | None = None) -> Tensor | None:
        """The labels of the images that ``generate`` makes, (count,); ``None`` without labels.

        Raises RequestError if the generator is not conditional, or has no class of that name.
        """
        if class_name is None:
            classes = self.class_frequencies
            return classes.labels(range(count), seed) if classes else None
        self._require_conditional()
        return torch.full((count,), _label(self.class_names, class_name))

    def _require_conditional(self) -> None:
        if not self.conditional:
            raise RequestError(
                f"{self.folder} was trained without labels: name no class, or train with "
                "architecture.conditional=true"
            )

    def _build_networks(self, requirements: LossRequirements) -> Networks:
        # As in training, so that frozen parameters with random values are the same.
        with torch.random.fork_rng(devices=[]):
            Randomness(self.run.seed).reseed("initial weights", 0, torch.device("cpu"))
            networks: Networks = self.run.architecture.build(
                image_shape=self.data_image_shape,
                num_classes=len(self.class_names),
                requirements=requirements,
            )
        return networks


def _require_positive(count: int) -> None:
    if count < 1:
        raise RequestError(f"count={count}: it must be at least one image")


def _label(names: Sequence[str], name: str) -> int:
    if name not in names:
        known = did_you_mean(name, names) or f"; there are {', '.join(names)}"
        raise UnknownName(f"there is no class called {name}{known}")
    return names.index(name)
