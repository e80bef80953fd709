"""The images of a run: all images of a dataset, or those of some classes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ganzoo.contracts import ImageShape
from ganzoo.data.order import Indices
from ganzoo.errors import RequestError, UnknownName, did_you_mean


class Store(Protocol):
    """Images of one shape with their labels, from a cache or a stream."""

    @property
    def shape(self) -> ImageShape:
        """The shape of each image."""
        ...

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """The label of every image, (N,)."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """The name of each class by its label."""
        ...

    @property
    def identity(self) -> str:
        """A hash of the images' content and of how they were prepared."""
        ...

    def __len__(self) -> int: ...

    def take(self, indices: Indices) -> NDArray[np.uint8]:
        """The images of these numbers, uint8 (N, H, W, C)."""
        ...


@dataclass(frozen=True)
class Collection:
    """The images of a run: all images of a store, or those of some classes."""

    store: Store
    indices: Indices
    """The numbers of these images in the store, ascending."""
    labels: NDArray[np.int64] | None
    """The label of every image in the store; -1 for images that are not in this collection."""
    class_names: tuple[str, ...]
    identity: str

    @classmethod
    def of(cls, store: Store, classes: Sequence[str] = ()) -> Collection:
        """All images of a store, or those of these ``classes``.

        The order of ``classes`` gives the new labels; ``"rose+tulip"`` merges two classes. Raises
        RequestError for a class that does not exist or is given twice, and without labels.
        """
        labels, identity = store.labels, store.identity
        groups = group_classes(store.class_names, classes)
        if classes and labels is None:
            raise RequestError("data.classes: some images have no labels; remove data.classes")
        if not classes or labels is None:
            return cls(store, np.arange(len(store)), labels, store.class_names, identity)
        new = np.full(len(store.class_names), -1, np.int64)
        for number, members in enumerate(groups.values()):
            new[members] = number
        labels_of_chosen = new[labels]
        identity = hashlib.sha256(f"{identity} {list(groups)}".encode()).hexdigest()[:32]
        return cls(
            store, np.flatnonzero(labels_of_chosen >= 0), labels_of_chosen, tuple(groups), identity
        )

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def shape(self) -> ImageShape:
        """The shape of each image."""
        return self.store.shape


def group_classes(class_names: Sequence[str], classes: Sequence[str]) -> dict[str, list[int]]:
    """The labels of each of these ``classes``, by name; without ``classes``, of every class.

    Raises RequestError for a class that does not exist or is given twice, and without labels.
    """
    if not classes:
        return {name: [label] for label, name in enumerate(class_names)}
    if not class_names:
        raise RequestError(
            f"data.classes={','.join(classes)}: the images have no labels; remove data.classes"
        )
    members = [_members(class_names, name) for name in classes]
    used = [label for labels in members for label in labels]
    for label in used:
        if used.count(label) > 1:
            raise RequestError(f"data.classes contains the class {class_names[label]} twice")
    return dict(zip(classes, members, strict=True))


def _members(class_names: Sequence[str], name: str) -> list[int]:
    parts = [name] if name in class_names else [part.strip() for part in name.split("+")]
    for part in parts:
        if part not in class_names:
            known = did_you_mean(part, class_names) or f"; the classes are {', '.join(class_names)}"
            raise UnknownName(f"data.classes: there is no class {part}{known}")
    return [class_names.index(part) for part in parts]
