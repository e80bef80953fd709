"""What the factory of a dataset returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ganzoo.contracts.conditions import Condition
from ganzoo.contracts.images import RawImage


class Dataset(Protocol):
    """Images and their labels, by index. Each image is read once, when it is prepared.

    A dataset whose images have several classes or values is a :class:`ConditionedDataset`.
    """

    @property
    def class_names(self) -> Sequence[str]:
        """The name of each class, indexed by label; empty if the images have no labels."""
        ...

    @property
    def fingerprint(self) -> str:
        """A text that changes when the content changes, and not when it moves to another path.

        Prepared images are cached under it.
        """
        ...

    def __len__(self) -> int:
        """The number of images."""
        ...

    def __getitem__(self, index: int, /) -> tuple[RawImage, int | Sequence[float] | None]:
        """Image ``index`` and its label, ``None`` if the images have no labels.

        A :class:`ConditionedDataset` returns one number for each name instead of a label.

        Called from several threads at once. Raises :class:`~ganzoo.UnreadableImage` for an image
        that cannot be decoded.
        """
        ...


@runtime_checkable
class ConditionedDataset(Protocol):
    """A dataset whose images have several classes at once, or named values."""

    @property
    def condition(self) -> Condition | None:
        """The names of the classes or values; ``None`` if ``class_names`` says everything.

        With another kind than ``"class"``, ``class_names`` is empty.
        """
        ...


def condition_of(source: Dataset) -> Condition | None:
    """What is known about each image of a dataset; ``None`` if it has no classes or values.

    Raises RequestError if its class names are not unique.
    """
    if isinstance(source, ConditionedDataset) and source.condition is not None:
        return source.condition
    names = tuple(source.class_names)
    return Condition("class", names) if names else None


@runtime_checkable
class ScalableDataset(Protocol):
    """A dataset that can generate its images at any size."""

    def at(self, resolution: int) -> Dataset:
        """The same dataset with images of ``resolution`` pixels in height and width."""
        ...


@runtime_checkable
class NamedDataset(Protocol):
    """A dataset whose images have names, such as file names."""

    def name(self, index: int) -> str:
        """The name by which a user can find image ``index``."""
        ...


@runtime_checkable
class DatasetWithNotes(Protocol):
    """A dataset with messages for its user, such as which images it leaves out."""

    @property
    def notes(self) -> Sequence[str]:
        """Messages of one line each, printed whenever the images are prepared or read."""
        ...


def notes_of(source: Dataset) -> Sequence[str]:
    """The notes of a dataset; empty if it has none."""
    return source.notes if isinstance(source, DatasetWithNotes) else ()


@runtime_checkable
class BulkDataset(Protocol):
    """A dataset that reads many images at once faster than one by one."""

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[Any] | None]:
        """Images as uint8 (N, H, W, C), and labels as int64 (N,) or ``None`` without labels.

        A :class:`ConditionedDataset` returns float (N, D) instead of labels.
        """
        ...


@runtime_checkable
class ChunkedDataset(Protocol):
    """A dataset that is read during training, chunk by chunk, instead of being prepared.

    Images are shuffled within a window of several chunks.
    """

    @property
    def chunk(self) -> int:
        """Number of consecutive images that are stored, and read, together."""
        ...

    @property
    def window(self) -> int:
        """Number of images that are shuffled together."""
        ...

    @property
    def values(self) -> NDArray[Any] | None:
        """What ``read`` returns besides images, for all images at once and without reading them.

        int64 (len,), or float (len, D) of a :class:`ConditionedDataset`; ``None`` without labels.
        """
        ...

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[Any] | None]:
        """As :meth:`BulkDataset.read`; called by one thread at a time, which may change."""
        ...


@runtime_checkable
class StreamedDataset(Protocol):
    """A dataset of images of any size that are read during training, instead of being prepared.

    As of a :class:`ChunkedDataset`, images are shuffled within a window of several chunks. But only
    those that a process needs are read, by several threads, and prepared then.
    """

    @property
    def chunk(self) -> int:
        """Number of consecutive images that are stored near to each other."""
        ...

    @property
    def window(self) -> int:
        """Number of images that are shuffled together."""
        ...

    @property
    def values(self) -> NDArray[Any] | None:
        """As :attr:`ChunkedDataset.values`."""
        ...

    def read_images(self, numbers: NDArray[np.intp], /) -> Sequence[RawImage]:
        """These images, whose ascending numbers are in one chunk: in one read, if possible.

        An array of uint8 (N, H, W, C) is a sequence of images, too. Called from several threads at
        once, ahead of time. Raises :class:`~ganzoo.UnreadableImage` for one that cannot be decoded.
        """
        ...


def is_streamed(source: Dataset) -> bool:
    """Whether the images of a dataset are read during training, instead of being prepared."""
    return isinstance(source, ChunkedDataset | StreamedDataset)


@runtime_checkable
class SequentialDataset(Protocol):
    """A dataset that may have to read all of its content to return one image."""

    @property
    def sequential(self) -> bool:
        """Whether it has to. If true, prepared images are not compared with the dataset's."""
        ...
