"""A report about the images of a dataset: sizes, modes, classes, duplicates, damage."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganzoo.contracts import (
    BulkDataset,
    Condition,
    Dataset,
    NamedDataset,
    RawImage,
    ScalableDataset,
    condition_of,
    is_streamed,
    notes_of,
)
from ganzoo.data import duplicates
from ganzoo.data.cache import prepared_folder
from ganzoo.data.collection import group_classes
from ganzoo.data.image_facts import NO_LABEL, collect_facts, map_images
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.errors import RequestError
from ganzoo.size import size

_SAMPLE = 64
"""The number of images that are prepared to measure the time per image."""

_SHARE, _MOST_ENLARGED = 0.9, 1.25
"""A suitable resolution enlarges this share of the images by at most this factor."""


@dataclass(frozen=True, kw_only=True)
class PreparationEstimate:
    """The result and the cost of preparing the images: cropping, resizing and caching them."""

    shape: tuple[int, int, int]
    """The shape of each prepared image: channels, height, width."""
    lost: float
    """The average loss by the change of shape, 0 to 1.

    For ``fit`` crop, the share of the image that is cut off; for pad, the share of the result that
    is padding; for stretch, how much one side is compressed relative to the other.
    """
    most_lost: float
    """The largest such loss."""
    images: int
    """The number of images to prepare, of all classes."""
    seconds: float
    """The estimated time on this machine."""
    bytes: int
    """The size in the cache; 0 for a dataset that is read in chunks during training."""
    done: bool | None
    """Whether they are in the cache; ``None`` with a limit, or for a dataset read in chunks."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Facts about the images of a dataset; counts are in descending order."""

    images: int
    """The number of images of the chosen classes, plus those that cannot be read.

    With a limit, it is an estimate.
    """
    looked_at: int
    """The number of images that were opened."""
    readable: int
    unreadable: dict[str, str]
    """The reason for each unreadable image, by its name."""
    notes: list[str]
    """Lines about what the dataset leaves out or assumes."""
    smallest: str
    largest: str
    sizes: dict[str, int]
    ratios: dict[str, int]
    """Counts of aspect ratios, width:height in small whole numbers."""
    modes: dict[str, int]
    classes: dict[str, int]
    """The number of images of each class, in the order of the labels."""
    values: dict[str, str]
    """The range of each value, or "0 or 1" of each class, if images have several."""
    unbalanced: dict[str, str]
    """Classes with less than half the average number of images ("few") or over twice ("many")."""
    same: list[list[str]]
    """Groups of images with the same pixels."""
    near: list[list[str]]
    """Groups of similar images; of images with the same pixels, only the first is listed."""
    oddities: dict[str, list[str]]
    """The names of the images with each unusual property."""
    resolution: int
    """The largest power of two to which 9 in 10 images are enlarged by at most 1.25.

    0 if there is none, or if the dataset draws images at any resolution.
    """
    preparation: PreparationEstimate


def inspect(
    dataset: Dataset,
    preparation: Preparation,
    *,
    classes: Sequence[str] = (),
    limit: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    dataset_name: str = "",
) -> Report:
    """A report about the images, and about what ``preparation`` does to them.

    Each image is decoded once, in threads. With ``limit``, only so many are, evenly spaced. With
    ``classes``, as in ``data.classes``, the report is about images of these classes only.
    ``progress(done, total)`` is called repeatedly. ``dataset_name`` is the qualified name.

    Raises RequestError if there are no images, or if ``preparation`` or ``classes`` do not match.
    """
    if not len(dataset):
        raise RequestError("the dataset has no images")
    groups = group_classes(condition_of(dataset), classes)
    drawn = isinstance(dataset, ScalableDataset)
    dataset, preparation = for_training(dataset, preparation)
    seconds = len(dataset) * seconds_each(dataset, preparation, limit)
    all_facts, errors = collect_facts(dataset, evenly_spaced(len(dataset), limit), progress)
    facts = _of_groups(all_facts, groups) if classes else all_facts
    share = (len(facts) + len(errors)) / (len(all_facts) + len(errors))
    names = [_name(dataset, number) for number in facts["number"].tolist()]
    same, near = _duplicates(facts)
    return Report(
        images=round(len(dataset) * share),
        looked_at=len(names) + len(errors),
        readable=len(names),
        unreadable={_name(dataset, i, e.image): printable(e.reason) for i, e in errors.items()},
        notes=[printable(note) for note in notes_of(dataset)],
        **_of_shapes(facts, names),
        modes=_counted(facts["mode"].tolist()),
        classes=(counts := _classes(facts, groups)),
        values=_values(condition_of(dataset)),
        unbalanced=_unbalanced(counts),
        same=[[names[row] for row in group] for group in same],
        near=[[names[row] for row in group] for group in near],
        oddities={
            what: [names[row] for row in np.flatnonzero(true).tolist()]
            for what, true in _oddities(facts, preparation).items()
            if true.any()
        },
        resolution=0 if drawn else _resolution(facts, preparation),
        preparation=_estimate(
            dataset, preparation, all_facts, facts, len(errors), seconds, dataset_name
        ),
    )


def for_training(dataset: Dataset, preparation: Preparation) -> tuple[Dataset, Preparation]:
    """The dataset at the run's resolution, and the preparation with its number of channels."""
    if isinstance(dataset, ScalableDataset):
        dataset = dataset.at(max(preparation.width, preparation.height))
    if is_streamed(dataset) and preparation.channels == "auto":
        preparation = preparation.model_copy(update={"channels": _channels(dataset)})
    return dataset, preparation


def _channels(dataset: Dataset) -> int | Literal["auto"]:
    """The number of channels of the first image that can be read."""
    for number in range(len(dataset)):
        with contextlib.suppress(RequestError):
            image, _ = dataset[number]
            return int(np.asarray(image).shape[2])
    return "auto"


def evenly_spaced(total: int, limit: int | None = None) -> Sequence[int]:
    """The numbers below ``total``, or ``limit`` evenly spaced ones of them."""
    if limit is None or limit >= total:
        return range(total)
    return [index * total // limit for index in range(limit)]


def printable(text: str) -> str:
    """The text in one line, with escapes for control characters and for undecodable bytes."""
    text = text.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _name(dataset: Dataset, number: int, otherwise: str = "") -> str:
    name = dataset.name(number) if isinstance(dataset, NamedDataset) else otherwise
    return printable(name) or f"number {number}"


def _of_shapes(facts: NDArray[Any], names: Sequence[str]) -> dict[str, Any]:
    """The fields of a report about widths and heights."""
    sides = list(zip(facts["width"].tolist(), facts["height"].tolist(), strict=True))
    sizes = [size(width, height) for width, height in sides]
    described = [f"{one} ({name})" for one, name in zip(sizes, names, strict=True)]
    order = np.argsort(facts["width"] * facts["height"], kind="stable").tolist()
    return {
        "smallest": described[order[0]] if described else "",
        "largest": described[order[-1]] if described else "",
        "sizes": _counted(sizes),
        "ratios": _counted(_ratio(*both) for both in sides),
    }


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _ratio(width: int, height: int) -> str:
    near = Fraction(max(width, height), min(width, height)).limit_denominator(10)
    long, short = near.as_integer_ratio()
    return f"{long}:{short}" if width >= height else f"{short}:{long}"


def _of_groups(facts: NDArray[Any], groups: Mapping[str, Sequence[int]]) -> NDArray[Any]:
    """The rows whose label is in a group, with the group's number as their new label."""
    labels = np.full(len(facts), NO_LABEL)
    for number, members in enumerate(groups.values()):
        labels[np.isin(facts["label"], members)] = number
    chosen = facts.compress(labels != NO_LABEL)
    chosen["label"] = labels[labels != NO_LABEL]
    return chosen


def _classes(facts: NDArray[Any], groups: Mapping[str, Sequence[int]]) -> dict[str, int]:
    counts = Counter(facts["label"].tolist())
    return {printable(name): counts[number] for number, name in enumerate(groups)}


def _values(condition: Condition | None) -> dict[str, str]:
    if condition is None or condition.kind == "class":
        return {}
    between = "or" if condition.kind == "classes" else "to"
    limits = zip(condition.names, condition.limits, strict=True)
    return {printable(name): f"{low:g} {between} {high:g}" for name, (low, high) in limits}


def _unbalanced(classes: dict[str, int]) -> dict[str, str]:
    even = sum(classes.values()) / max(1, len(classes))
    few = dict.fromkeys((name for name, count in classes.items() if count < even / 2), "few")
    return few | dict.fromkeys((name for name, n in classes.items() if n > even * 2), "many")


def _duplicates(facts: NDArray[Any]) -> tuple[duplicates.Groups, duplicates.Groups]:
    """Groups with the same pixels, and groups of similar images among the rest."""
    same = duplicates.identical_groups(facts["digest"])
    again = [row for group in same for row in group[1:]]
    others = np.setdiff1d(np.arange(len(facts)), again)
    return same, [
        others[group].tolist() for group in duplicates.similar_groups(facts["signature"][others])
    ]


def _scales(facts: NDArray[Any], preparation: Preparation) -> tuple[NDArray[Any], NDArray[Any]]:
    """The larger and the smaller factor from each image's sides to those of the result."""
    across, down = preparation.width / facts["width"], preparation.height / facts["height"]
    return np.maximum(across, down), np.minimum(across, down)


def _oddities(facts: NDArray[Any], preparation: Preparation) -> dict[str, NDArray[np.bool_]]:
    larger, smaller = _scales(facts, preparation)
    usual = np.isin(facts["mode"], ("RGB", "L"))
    return {
        **{name: facts[name] for name in ("transparent", "animated", "one_color")},
        "gray_in_color": facts["gray"] & np.isin(facts["mode"], ("RGB", "RGBA")),
        "enlarged": (smaller if preparation.fit == "pad" else larger) > 1,
        **{f"mode_{m}": facts["mode"] == m for m in np.unique(facts["mode"][~usual]).tolist()},
    }


def _resolution(facts: NDArray[Any], preparation: Preparation) -> int:
    sides = np.stack([facts["width"], facts["height"]])
    sides = sides.max(axis=0) if preparation.fit == "pad" else sides.min(axis=0)
    powers = (2**exponent for exponent in range(2, 11))
    enough = (p for p in powers if (sides * _MOST_ENLARGED >= p).sum() >= _SHARE * len(sides))
    return max(enough, default=0)


def _estimate(
    dataset: Dataset,
    preparation: Preparation,
    all_facts: NDArray[Any],
    facts: NDArray[Any],
    unreadable: int,
    seconds: float,
    dataset_name: str,
) -> PreparationEstimate:
    """The cost of preparing all images, and the loss of the chosen ones, ``facts``."""
    larger, smaller = _scales(facts, preparation)
    lost = 1 - smaller / larger  # the same number for crop, pad and stretch
    is_gray = preparation.channels == "auto" and all_facts["gray"].all()
    channels = 1 if is_gray else preparation.most_channels
    stored = not is_streamed(dataset)
    condition = condition_of(dataset)
    condition_bytes = (4 * sum(condition.shape) or 8) if condition else 0
    image_bytes = channels * preparation.height * preparation.width + condition_bytes
    all_opened = len(all_facts) + unreadable == len(dataset)
    return PreparationEstimate(
        shape=(channels, preparation.height, preparation.width),
        lost=float(lost.mean()) if len(lost) else 0.0,
        most_lost=float(lost.max(initial=0)),
        images=len(dataset) - unreadable,
        seconds=seconds if stored else 0.0,
        bytes=(len(dataset) - unreadable) * image_bytes if stored else 0,
        done=_is_prepared(dataset, preparation, dataset_name) if all_opened and stored else None,
    )


def _is_prepared(dataset: Dataset, preparation: Preparation, dataset_name: str) -> bool | None:
    """Whether they are in the cache; ``None`` if the cache cannot be created."""
    with contextlib.suppress(RequestError):
        return prepared_folder(dataset, preparation, dataset_name).exists()
    return None


def seconds_each(dataset: Dataset, preparation: Preparation, limit: int | None = None) -> float:
    """The time to prepare an image, measured on a sample of at most ``limit`` images."""
    with contextlib.suppress(RequestError):
        dataset[0]  # opening an archive should not count
    some = evenly_spaced(len(dataset), min(_SAMPLE, limit or _SAMPLE))
    if isinstance(dataset, BulkDataset):
        some = range(len(some))

    def work(image: RawImage, value: Any) -> NDArray[np.uint8]:
        return prepare(image, preparation)

    start = time.perf_counter()
    with ThreadPoolExecutor() as pool:
        for _ in map_images(dataset, some, work, pool):
            pass
    return (time.perf_counter() - start) / len(some)
