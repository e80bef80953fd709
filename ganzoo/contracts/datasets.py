"""What the factory of a dataset returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ganzoo.contracts.images import RawImage


class Dataset(Protocol):
    """Images and their labels, by index. Each image is read once, when it is prepared."""

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

    def __getitem__(self, index: int, /) -> tuple[RawImage, int | None]:
        """Image ``index`` and its label, ``None`` if the images have no labels.

        Called from several threads at once. Raises :class:`~ganzoo.UnreadableImage` for an image
        that cannot be decoded.
        """
        ...


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

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
        """Images as uint8 (N, H, W, C), and labels as int64 (N,) or ``None`` without labels."""
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
    def labels(self) -> NDArray[np.int64] | None:
        """The labels of all images, int64 (len,), without reading images; ``None`` without."""
        ...

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
        """As :meth:`BulkDataset.read`; called by one thread at a time, which may change."""
        ...


@runtime_checkable
class SequentialDataset(Protocol):
    """A dataset that may have to read all of its content to return one image."""

    @property
    def sequential(self) -> bool:
        """Whether it has to. If true, prepared images are not compared with the dataset's."""
        ...
