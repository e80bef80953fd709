"""What the factories of components return: the promises that training relies on.

Images travel through training as float32 tensors of shape (N, C, H, W) in [-1, 1], labels as
int64 tensors of shape (N,) or ``None``.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from ganzoo.size import size


class ImageShape(NamedTuple):
    """The shape of the images of a run, or of one of its stages."""

    channels: int
    height: int
    width: int

    @property
    def size(self) -> str:
        """``64 x 48``: width and height in pixels, as messages have them."""
        return size(self.width, self.height)

    def halvings(self, smallest: int = 4) -> list[ImageShape]:
        """This shape after its halves, ascending: as long as both sides stay whole.

        No side is smaller than ``smallest``, in pixels, unless this shape's own is.
        """
        found = [self]
        while not (found[0].height % 2 or found[0].width % 2):
            half = ImageShape(self.channels, found[0].height // 2, found[0].width // 2)
            if min(half.height, half.width) < smallest:
                break
            found.insert(0, half)
        return found


# --- datasets ---------------------------------------------------------------------------------

RawImage = Image.Image | NDArray[np.uint8]
"""A PIL image of any mode, or a uint8 array of shape (H, W, C)."""


class Dataset(Protocol):
    """Images by number, with their labels; read once, when they are prepared.

    ``source[i]`` may be called from several threads. An image that cannot be decoded is an
    :class:`~ganzoo.UnreadableImage`.
    """

    @property
    def class_names(self) -> Sequence[str]:
        """The name of each class by its label; empty where images have no labels."""
        ...

    @property
    def fingerprint(self) -> str:
        """The identity of the content, never of its place: prepared images are kept by it."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> tuple[RawImage, int | None]: ...


@runtime_checkable
class ScalableDataset(Protocol):
    """A source that draws its images, and so can draw them at any size."""

    def at(self, resolution: int) -> Dataset:
        """The same source with images of ``resolution`` pixels in height and width."""
        ...


@runtime_checkable
class NamedDataset(Protocol):
    """A source whose images have names, as files have."""

    def name(self, index: int) -> str:
        """What a person would look for."""
        ...


@runtime_checkable
class NotedDataset(Protocol):
    """A source that leaves something out, or assumes something, that its user should know."""

    @property
    def notes(self) -> Sequence[str]:
        """One line for each such thing; they are told whenever the images are prepared or read."""
        ...


def notes_of(source: Dataset) -> Sequence[str]:
    """What there is to tell of a source before it is used."""
    return source.notes if isinstance(source, NotedDataset) else ()


@runtime_checkable
class BulkDataset(Protocol):
    """A source that makes many images at once faster than one by one."""

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
        """The images as uint8 (N, H, W, C) and their labels as int64 (N,), or ``None``."""
        ...


@runtime_checkable
class ChunkedDataset(Protocol):
    """A bulk source that is its own store: its images are not prepared beforehand.

    They are read as they are trained on, chunk by chunk, and shuffled across a window.
    """

    @property
    def chunk(self) -> int:
        """How many neighbors are stored together, and best read together."""
        ...

    @property
    def window(self) -> int:
        """How many images are shuffled together."""
        ...

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """The label of every image, (N,), known without reading them; ``None`` without."""
        ...

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
        """As :meth:`BulkDataset.read`; from one thread at a time, not always the same."""
        ...


@runtime_checkable
class SequentialDataset(Protocol):
    """A source that may have to read all of its content to give one image."""

    @property
    def sequential(self) -> bool:
        """Whether it has to: then no image is read to check those that are prepared already."""
        ...


# --- architectures ----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class LossRequirements:
    """What a loss asks of the networks."""

    independent_scores: bool = False
    """An image's score may not depend on the others in its batch: no batch statistics."""
    constrained_weights: bool = False
    """The discriminator's weights are kept small: networks that scale theirs learn nothing then."""

    @classmethod
    def of(cls, objective: Loss) -> LossRequirements:
        """What this objective asks."""
        return cls(
            independent_scores=objective.independent_scores,
            constrained_weights=isinstance(objective, WeightConstraint),
        )

    def norm(self, asked: str) -> str:
        """The critic's normalization: what is asked for, or for "auto" one that suits the loss.

        That is "batch", or "layer" where scores have to be independent; to ask for "batch" there
        is warned of.
        """
        if asked == "auto":
            return "layer" if self.independent_scores else "batch"
        if asked == "batch" and self.independent_scores:
            warnings.warn(
                'norm="batch" makes an image\'s score depend on its batch, but this loss '
                "penalizes the gradient of each image's own score: the penalty will not be the "
                'paper\'s; use norm="auto"',
                stacklevel=2,
            )
        return asked


class Generator(nn.Module, ABC):
    """Latents in, images out."""

    plugin_code: AbstractContextManager[None] = nullcontext()

    @abstractmethod
    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images of shape (N, C, H, W): black is -1, white 1; shown, they are clipped to that."""
        raise NotImplementedError

    @abstractmethod
    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Draw ``n`` latents, first axis ``n``, on the device of ``random`` and from it alone."""
        raise NotImplementedError

    def __call__(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """As ``forward``; an error in it becomes a PluginError where a run has built it."""
        with self.plugin_code:
            images: Tensor = super().__call__(latents, labels)
            return images


class Discriminator(nn.Module, ABC):
    """Images in, one raw score each out: no sigmoid; high means real."""

    plugin_code: AbstractContextManager[None] = nullcontext()

    @abstractmethod
    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores of shape (N,)."""
        raise NotImplementedError

    def __call__(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """As ``forward``; an error in it becomes a PluginError where a run has built it."""
        with self.plugin_code:
            scores: Tensor = super().__call__(images, labels)
            return scores


@runtime_checkable
class GrowingNetwork(Protocol):
    """A player that begins with small images and gains layers, stage by stage.

    All its layers are there from the start. As it is built, it is at its last stage, with nothing
    left to fade in. Either both players of a run grow, through the same stages, or neither does.
    """

    @property
    def stages(self) -> Sequence[ImageShape]:
        """The images of each stage, ascending to the run's own, as ``halvings`` gives them."""
        ...

    def grow(self, stage: int, fade: float) -> None:
        """Work at ``stage`` from now on, what it adds faded in by ``fade``, from 0 to 1.

        At fade 0 a player is what it was at the stage before: a generator's images are those
        enlarged by repeating pixels, a discriminator's scores are those of the images shrunk to
        means of 2 x 2 pixels. At the first stage there is nothing to fade.
        """
        ...

    def added(self, stage: int) -> Iterable[nn.Parameter]:
        """The parameters that ``stage`` adds to those of the stages before."""
        ...


@dataclass(frozen=True, kw_only=True)
class Networks:
    """The two players."""

    generator: Generator
    discriminator: Discriminator
    conditional: bool = False
    """Whether they listen to labels; if not, labels are not handed to them."""
    batch_dependent_scores: bool = False
    """Whether the critic compares a batch's images on purpose, by minibatch standard deviation.

    Scores then depend on each other even where a loss needs independent ones.
    """


# --- losses -----------------------------------------------------------------------------------

Critic = Callable[[Tensor], Tensor]
"""The discriminator as a loss sees it: images to scores of shape (N,), labels already in it."""

Terms = Mapping[str, Tensor]
"""Named scalars; their sum is minimized, each is reported by its name."""


class Loss(Protocol):
    """What the two players minimize."""

    @property
    def independent_scores(self) -> bool:
        """Whether the critic must score each image on its own, as gradient penalties need."""
        ...

    def discriminator(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:
        """The discriminator's terms; ``fake`` carries no gradient to the generator."""
        ...

    def generator(self, critic: Critic, fake: Tensor, real: Tensor) -> Terms:
        """The generator's terms; ``real`` is the discriminator's last batch."""
        ...


@runtime_checkable
class WeightConstraint(Protocol):
    """An objective that also confines the discriminator's weights."""

    def constrain(self, discriminator: nn.Module) -> None:
        """Change the weights in place, after each of the discriminator's updates."""
        ...


@runtime_checkable
class Stateful(Protocol):
    """An objective or an augmentation that changes while a run trains; any ``nn.Module`` is one.

    What it returns is kept in checkpoints, so it is made of tensors and plain Python values. An
    ``nn.Module`` is moved to the device of the run. Of several processes the first one's state is
    kept, so it should be the same in all.
    """

    def state_dict(self) -> Mapping[str, Any]:
        """All that it has become."""
        ...

    def load_state_dict(self, state: Mapping[str, Any], /) -> Any:
        """Become what ``state_dict`` returned."""
        ...


# --- augmentations ----------------------------------------------------------------------------

ApplyTo = Literal["real", "all"]
"""On real images only (more data), or on all that the discriminator sees (its view)."""


@runtime_checkable
class GeometricAugmentation(Protocol):
    """Moves pixels. All geometric augmentations of a run are composed into one warp."""

    @property
    def apply_to(self) -> ApplyTo:
        """Which images it is for."""
        ...

    def warp(self, n: int, aspect: float, random: torch.Generator) -> Tensor:
        """Draw ``n`` affine matrices, (n, 3, 3) float32 on the device of ``random``.

        A matrix says where a point (x, y, 1) of the image goes. The origin is the center, x
        points right and y down, and the unit is half the image's height: y runs from -1 to 1,
        x from -``aspect`` to ``aspect``.
        """
        ...


@runtime_checkable
class ColorAugmentation(Protocol):
    """Mixes channels. All color augmentations of a run are composed into one matrix."""

    @property
    def apply_to(self) -> ApplyTo:
        """Which images it is for."""
        ...

    def recolor(self, n: int, channels: int, random: torch.Generator) -> Tensor:
        """Draw ``n`` affine maps of a pixel's channels, (n, C + 1, C + 1) float32."""
        ...


@runtime_checkable
class PixelAugmentation(Protocol):
    """Any other differentiable change, applied last."""

    @property
    def apply_to(self) -> ApplyTo:
        """Which images it is for."""
        ...

    def draw(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        """Draw what ``n`` images need, first axis ``n``, on the device of ``random``."""
        ...

    def apply(self, images: Tensor, drawn: Tensor) -> Tensor:
        """The changed images: same shape, dtype and device."""
        ...


Augmentation = GeometricAugmentation | ColorAugmentation | PixelAugmentation


# --- metrics ----------------------------------------------------------------------------------


class ImageSet(Protocol):
    """Images, real or generated, as a metric sees them: as pixels, as features, or both."""

    @property
    def shape(self) -> ImageShape:
        """The shape of each image."""
        ...

    @property
    def features(self) -> Tensor:
        """What the run's feature extractor makes of them, float32 (N, D) on the CPU.

        Calculated when it is asked for, once for all metrics.
        """
        ...

    def __len__(self) -> int: ...

    def batches(self) -> Iterator[Tensor]:
        """The images, uint8 (N, C, H, W) on the CPU, in the same order each time."""
        ...


class Extractor(Protocol):
    """What makes of an image the features by which metrics compare; most are an ``nn.Module``."""

    @property
    def identity(self) -> str:
        """A name or hash that changes whenever the features would."""
        ...

    def __call__(self, images: Tensor) -> Tensor:
        """Features, float32 (N, D), of uint8 (N, C, H, W) with any number of channels and any size.

        On the device of the images; an image's do not depend on those beside it.
        """
        ...


class MetricValue(NamedTuple):
    """A number, and how many generated images are behind it."""

    value: float
    images: int


class Metric(Protocol):
    """Compares generated images with real ones."""

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """Numbers by their names, which are those in ``metrics.jsonl``: ``"kid"``, ``"swd/32"``.

        A name is the metric's own, or that and a slash and more. Whatever it raises leaves it out
        of the evaluations of a run that trains, and that is said once; ValueError and LookupError
        are how it refuses samples, such as images that are too small for it.

        The same samples give the same numbers, whatever the state of any global generator.
        """
        ...
