"""The images of a run: all images of a dataset, or those of some classes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ganzoo.contracts import Condition, ImageShape
from ganzoo.data.order import Indices
from ganzoo.errors import RequestError, UnknownName, did_you_mean


class Store(Protocol):
    """Images of one shape with their labels or values, from a cache or a stream."""

    @property
    def shape(self) -> ImageShape:
        """The shape of each image."""
        ...

    @property
    def values(self) -> NDArray[Any] | None:
        """The label of every image, int64 (N,), or its values, float32 (N, D)."""
        ...

    @property
    def condition(self) -> Condition | None:
        """What the labels or values mean; ``None`` if there are none."""
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
    values: NDArray[Any] | None
    """The label of every image in the store, int64, or its values, float32 (N, D).

    The label is -1 for images that are not in this collection.
    """
    condition: Condition | None
    identity: str

    @classmethod
    def of(cls, store: Store, classes: Sequence[str] = ()) -> Collection:
        """All images of a store, or those of these ``classes``.

        The order of ``classes`` gives the new labels; ``"rose+tulip"`` merges two classes. Raises
        RequestError for a class that does not exist or is given twice, and unless each image has
        one class.
        """
        values, identity = store.values, store.identity
        groups = group_classes(store.condition, classes)
        if not classes or values is None or store.condition is None:
            return cls(store, np.arange(len(store)), values, store.condition, identity)
        new = np.full(store.condition.size, -1, np.int64)
        for number, members in enumerate(groups.values()):
            new[members] = number
        labels = new[values]
        identity = hashlib.sha256(f"{identity} {list(groups)}".encode()).hexdigest()[:32]
        condition = Condition("class", tuple(groups))
        return cls(store, np.flatnonzero(labels >= 0), labels, condition, identity)

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def shape(self) -> ImageShape:
        """The shape of each image."""
        return self.store.shape

    @property
    def class_names(self) -> tuple[str, ...]:
        """The name of each class by its label; empty unless each image has one class."""
        return class_names_of(self.condition)


def class_names_of(condition: Condition | None) -> tuple[str, ...]:
    """The name of each class by its label; empty unless each image has one class."""
    return condition.class_names if condition else ()


def require_classes(condition: Condition | None, setting: str, remedy: str) -> None:
    """Raise RequestError, which names the setting, unless each image has one class."""
    if condition is None:
        raise RequestError(f"{setting}: the images have no labels; {remedy}")
    if condition.kind != "class":
        raise RequestError(f"{setting}: the images have {condition}, not one class each; {remedy}")


def group_classes(condition: Condition | None, classes: Sequence[str]) -> dict[str, list[int]]:
    """The labels of each of these ``classes``, by name; without ``classes``, of every class.

    Raises RequestError for a class that does not exist or is given twice, and unless each image has
    one class.
    """
    class_names = class_names_of(condition)
    if not classes:
        return {name: [label] for label, name in enumerate(class_names)}
    require_classes(condition, f"data.classes={','.join(classes)}", "remove data.classes")
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
