"""What a set of images is like, in counts and names."""

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
    ChunkedDataset,
    Dataset,
    NamedDataset,
    RawImage,
    ScalableDataset,
    notes_of,
)
from ganzoo.data import duplicates
from ganzoo.data.cache import prepared_folder
from ganzoo.data.cache_writer import NO_LABEL
from ganzoo.data.collection import group_classes
from ganzoo.data.image_facts import collect_facts, map_images
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.errors import RequestError
from ganzoo.size import size

_SAMPLE = 64
"""Images that are prepared to measure how long it takes."""

_SHARE, _MOST_ENLARGED = 0.9, 1.25
"""The share of the images that a resolution should not enlarge, or by so much at most."""


@dataclass(frozen=True, kw_only=True)
class PreparationEstimate:
    """What preparing makes of the images, and what it costs."""

    shape: tuple[int, int, int]
    """Of each prepared image: channels, height, width."""
    lost: float
    """How far images are from that shape, 0 to 1, on average.

    It is the share of an image that is cropped, the share of the result that is padding, or by how
    much one side is compressed against the other.
    """
    most_lost: float
    images: int
    """How many are prepared: those of every class."""
    seconds: float
    """About, on this machine."""
    bytes: int
    """In the cache; 0 for a source that is read while it is trained on."""
    done: bool | None
    """Whether they are there; ``None`` where only some were looked at, or none are kept there."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a set of images is like; counts begin with the greatest."""

    images: int
    """Those of the wanted classes, and those that cannot be read, whose class is not known.

    Where only some were looked at, it is an estimate.
    """
    looked_at: int
    readable: int
    unreadable: dict[str, str]
    """The reason for each, by its name."""
    notes: list[str]
    """What the dataset leaves out or assumes."""
    smallest: str
    largest: str
    sizes: dict[str, int]
    ratios: dict[str, int]
    """Of width to height, in small whole numbers."""
    modes: dict[str, int]
    classes: dict[str, int]
    """In the order of their labels."""
    unbalanced: dict[str, str]
    """Classes with less than half of an even share, "few", or more than twice as much, "many"."""
    same: list[list[str]]
    """Groups of images with the same pixels."""
    near: list[list[str]]
    """Groups that look the same; of images with the same pixels the first stands for all."""
    oddities: dict[str, list[str]]
    """What is true of some images, and of which."""
    resolution: int
    """The largest power of two that nine in ten reach but for a quarter; 0 if none does, or any."""
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
    """What the images are like, and what ``preparation`` makes of them.

    Each is decoded once, in threads. With ``limit``, so many are looked at, evenly spread. With
    ``classes``, as in ``data.classes``, the report is about the images of those.
    ``progress(done, total)`` is called now and then. ``dataset_name`` is its qualified name.

    Raises RequestError if there are no images, or if ``preparation`` or ``classes`` do not fit them.
    """
    if not len(dataset):
        raise RequestError("the dataset has no images")
    groups = group_classes(dataset.class_names, classes)
    drawn = isinstance(dataset, ScalableDataset)
    dataset, preparation = for_training(dataset, preparation)
    seconds = len(dataset) * _seconds_each(dataset, preparation)
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
    """The images and the preparation of a run: drawn at its size, with as many channels."""
    if isinstance(dataset, ScalableDataset):
        dataset = dataset.at(max(preparation.width, preparation.height))
    if isinstance(dataset, ChunkedDataset) and preparation.channels == "auto":
        preparation = preparation.model_copy(update={"channels": _channels(dataset)})
    return dataset, preparation


def _channels(dataset: Dataset) -> int | Literal["auto"]:
    """Those of the first array that can be read."""
    for number in range(len(dataset)):
        with contextlib.suppress(RequestError):
            image, _ = dataset[number]
            return int(np.asarray(image).shape[2])
    return "auto"


def evenly_spaced(total: int, limit: int | None = None) -> Sequence[int]:
    """The numbers below ``total``, or only so many of them, evenly spread."""
    if limit is None or limit >= total:
        return range(total)
    return [index * total // limit for index in range(limit)]


def printable(text: str) -> str:
    """The text in one line; what is no text in it, as bytes in names can be, as escapes."""
    text = text.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _name(dataset: Dataset, number: int, otherwise: str = "") -> str:
    name = dataset.name(number) if isinstance(dataset, NamedDataset) else otherwise
    return printable(name) or f"number {number}"


def _of_shapes(facts: NDArray[Any], names: Sequence[str]) -> dict[str, Any]:
    """The fields of a report that are about widths and heights."""
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
    """Those of labels in a group, which become the group's number."""
    labels = np.full(len(facts), NO_LABEL)
    for number, members in enumerate(groups.values()):
        labels[np.isin(facts["label"], members)] = number
    chosen = facts.compress(labels != NO_LABEL)
    chosen["label"] = labels[labels != NO_LABEL]
    return chosen


def _classes(facts: NDArray[Any], groups: Mapping[str, Sequence[int]]) -> dict[str, int]:
    counts = Counter(facts["label"].tolist())
    return {printable(name): counts[number] for number, name in enumerate(groups)}


def _unbalanced(classes: dict[str, int]) -> dict[str, str]:
    even = sum(classes.values()) / max(1, len(classes))
    few = dict.fromkeys((name for name, count in classes.items() if count < even / 2), "few")
    return few | dict.fromkeys((name for name, n in classes.items() if n > even * 2), "many")


def _duplicates(facts: NDArray[Any]) -> tuple[duplicates.Groups, duplicates.Groups]:
    """Groups of the same pixels, and of those that look the same beside these."""
    same = duplicates.identical_groups(facts["digest"])
    again = [row for group in same for row in group[1:]]
    others = np.setdiff1d(np.arange(len(facts)), again)
    return same, [others[group].tolist() for group in duplicates.similar_groups(facts["signature"][others])]


def _scales(facts: NDArray[Any], preparation: Preparation) -> tuple[NDArray[Any], NDArray[Any]]:
    """What each image's sides would be multiplied by: the larger and the smaller of the two."""
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
    """What preparing ``all_facts`` image costs, and what the wanted ones, ``facts``, lose by it."""
    larger, smaller = _scales(facts, preparation)
    lost = 1 - smaller / larger  # cropped, padded or stretched, it is the same number
    channels = (
        1
        if preparation.channels == "auto" and all_facts["gray"].all()
        else preparation.most_channels
    )
    stored = not isinstance(dataset, ChunkedDataset)
    row = channels * preparation.height * preparation.width + 8 * bool(dataset.class_names)
    all_seen = len(all_facts) + unreadable == len(dataset)
    return PreparationEstimate(
        shape=(channels, preparation.height, preparation.width),
        lost=float(lost.mean()) if len(lost) else 0.0,
        most_lost=float(lost.max(initial=0)),
        images=len(dataset) - unreadable,
        seconds=seconds if stored else 0.0,
        bytes=(len(dataset) - unreadable) * row if stored else 0,
        done=_is_prepared(dataset, preparation, dataset_name) if all_seen and stored else None,
    )


def _is_prepared(dataset: Dataset, preparation: Preparation, dataset_name: str) -> bool | None:
    """Unknown where there is no cache and none can be made."""
    with contextlib.suppress(RequestError):
        return prepared_folder(dataset, preparation, dataset_name).exists()
    return None


def _seconds_each(dataset: Dataset, preparation: Preparation) -> float:
    """How long it takes to prepare an image, measured on some of them."""
    with contextlib.suppress(RequestError):
        dataset[0]  # which may open an archive
    some = evenly_spaced(len(dataset), _SAMPLE)
    if isinstance(dataset, BulkDataset):
        some = range(len(some))

    def work(image: RawImage, label: int | None) -> NDArray[np.uint8]:
        return prepare(image, preparation)

    start = time.perf_counter()
    with ThreadPoolExecutor() as pool:
        for _ in map_images(dataset, some, work, pool):
            pass
    return (time.perf_counter() - start) / len(some)
