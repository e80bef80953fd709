"""A report about the images of a dataset: sizes, modes, classes, duplicates, damage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.contracts import Condition, Dataset, ScalableDataset, condition_of, notes_of
from ganzoo.data import duplicates
from ganzoo.data.collection import group_classes
from ganzoo.data.image_facts import NO_LABEL, collect_facts
from ganzoo.data.image_names import image_name, printable
from ganzoo.data.preparation import Preparation
from ganzoo.data.preparation_estimate import (
    PreparationEstimate,
    estimate,
    evenly_spaced,
    for_training,
    scales,
    seconds_each,
)
from ganzoo.errors import RequestError
from ganzoo.size import size

_SHARE, _MOST_ENLARGED = 0.9, 1.25
"""A suitable resolution enlarges this share of the images by at most this factor."""


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
    names = [image_name(dataset, number) for number in facts["number"].tolist()]
    counts = _classes(facts, groups)
    same, near = _duplicates(facts, names)
    return Report(
        images=round(len(dataset) * share),
        looked_at=len(names) + len(errors),
        readable=len(names),
        unreadable={
            image_name(dataset, i, e.image): printable(e.reason) for i, e in errors.items()
        },
        notes=[printable(note) for note in notes_of(dataset)],
        **_of_shapes(facts, names),
        modes=_counted(facts["mode"].tolist()),
        classes=counts,
        values=_values(condition_of(dataset)),
        unbalanced=_unbalanced(counts),
        same=same,
        near=near,
        oddities=_oddities(facts, preparation, names),
        resolution=0 if drawn else _resolution(facts, preparation),
        preparation=estimate(
            dataset, preparation, all_facts, facts, len(errors), seconds, dataset_name
        ),
    )


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


def _duplicates(
    facts: NDArray[Any], names: Sequence[str]
) -> tuple[list[list[str]], list[list[str]]]:
    """Groups with the same pixels, and groups of similar images among the rest."""
    same = duplicates.identical_groups(facts["digest"])
    again = [row for group in same for row in group[1:]]
    others = np.setdiff1d(np.arange(len(facts)), again)
    near = [others[g].tolist() for g in duplicates.similar_groups(facts["signature"][others])]
    return [[names[row] for row in g] for g in same], [[names[row] for row in g] for g in near]


def _oddities(
    facts: NDArray[Any], preparation: Preparation, names: Sequence[str]
) -> dict[str, list[str]]:
    """The names of the images with each unusual property, if there are any."""
    larger, smaller = scales(facts, preparation)
    usual = np.isin(facts["mode"], ("RGB", "L"))
    properties = {
        **{name: facts[name] for name in ("transparent", "animated", "one_color")},
        "gray_in_color": facts["gray"] & np.isin(facts["mode"], ("RGB", "RGBA")),
        "enlarged": (smaller if preparation.fit == "pad" else larger) > 1,
        **{f"mode_{m}": facts["mode"] == m for m in np.unique(facts["mode"][~usual]).tolist()},
    }
    return {
        what: [names[row] for row in np.flatnonzero(true).tolist()]
        for what, true in properties.items()
        if true.any()
    }


def _resolution(facts: NDArray[Any], preparation: Preparation) -> int:
    sides = np.stack([facts["width"], facts["height"]])
    sides = sides.max(axis=0) if preparation.fit == "pad" else sides.min(axis=0)
    powers = (2**exponent for exponent in range(2, 11))
    enough = (p for p in powers if (sides * _MOST_ENLARGED >= p).sum() >= _SHARE * len(sides))
    return max(enough, default=0)
