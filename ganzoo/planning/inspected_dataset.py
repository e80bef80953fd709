"""Looks at the images of a dataset for a plan, in a few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from ganzoo.configured_components import ConfiguredComponent
from ganzoo.contracts import Condition, Dataset, condition_of, is_streamed
from ganzoo.data.inspection import Report, inspect
from ganzoo.data.preparation_estimate import seconds_each
from ganzoo.planning.images import PlannedImages
from ganzoo.registry import Entry
from ganzoo.sections import DataOptions

Progress = Callable[[int, int], None]
"""Called with the number of images that were looked at, and the total."""

_FIRST = 4
"""Images that are prepared to see how many can be looked at."""
_LONGER = 4.0
"""Looking at an image takes up to this many times as long as preparing it."""
_FEWEST, _MOST = 32, 2000
"""The numbers of images that are looked at, if there are as many."""


class InspectedDataset(NamedTuple):
    """A dataset, and what was seen of its images."""

    dataset: Dataset
    condition: Condition | None
    images: PlannedImages


def inspect_dataset(
    chosen: ConfiguredComponent,
    preparation: DataOptions,
    name: str,
    seconds: float,
    progress: Progress = lambda done, total: None,
) -> InspectedDataset:
    """The images of a dataset, of which some are opened, for about so many seconds.

    ``name`` is what people call it. Raises RequestError if there are no images.
    """
    dataset: Dataset = chosen.build()
    with chosen.entry.code.only_own_frames():
        limit = _limit(dataset, preparation, seconds)
    report = report_on(chosen.entry, dataset, preparation, limit, progress)
    condition = condition_of(dataset)
    return InspectedDataset(
        dataset, condition, _planned(name, report, condition, is_streamed(dataset))
    )


def report_on(
    entry: Entry, dataset: Dataset, preparation: DataOptions, limit: int | None, progress: Progress
) -> Report:
    """A report about the images of a dataset, of which at most ``limit`` are opened.

    Raises RequestError if there are no images, and PluginError for a bug of the dataset.
    """
    with entry.code.only_own_frames():
        return inspect(
            dataset,
            preparation,
            classes=preparation.classes,
            limit=limit,
            progress=progress,
            dataset_name=entry.qualified_name,
        )


def _limit(dataset: Dataset, preparation: DataOptions, seconds: float) -> int:
    """How many images can be looked at in about so many seconds."""
    if not len(dataset):
        return _FEWEST
    began = time.perf_counter()
    seconds_each(dataset, preparation, _FIRST)
    each = (time.perf_counter() - began) / min(_FIRST, len(dataset))
    return round(min(_MOST, max(_FEWEST, seconds / max(each * _LONGER, 1e-6))))


def _planned(
    name: str, report: Report, condition: Condition | None, streamed: bool
) -> PlannedImages:
    estimate = report.preparation
    return PlannedImages(
        name=name,
        count=report.images,
        channels=estimate.shape[0],
        resolution=report.resolution,
        sizes=_sizes(report),
        classes=len(report.classes),
        condition=condition.kind if condition else "",
        cropped=estimate.lost,
        unreadable=len(report.unreadable),
        repeated=sum(len(group) - 1 for group in report.same),
        seconds_each=0.0 if streamed else estimate.seconds / max(1, estimate.images),
    )


def _sizes(report: Report) -> str:
    if not report.resolution:
        return ""
    if len(report.sizes) == 1:
        return next(iter(report.sizes))
    smallest, largest = (each.partition(" (")[0] for each in (report.smallest, report.largest))
    return f"{smallest} to {largest}"
