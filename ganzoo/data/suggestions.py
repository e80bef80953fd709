"""Suggested settings for a dataset, from the report of an inspection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ganzoo.data.inspection import Report
from ganzoo.data.preparation import Preparation

_LARGEST = 256
"""The largest suggested resolution in pixels; with more, a run takes days on one GPU."""

_SMALL = 100_000
"""With fewer images, augmentation helps."""


def suggest_settings(
    report: Report,
    preparation: Preparation,
    *,
    resolution_is_known: bool = False,
    can_skip: bool = False,
    can_balance: bool = True,
    augmentations: Sequence[str] = (),
) -> Iterator[tuple[str, str]]:
    """Arguments of ``ganzoo train``, each with the reason for it.

    ``resolution_is_known`` says that the dataset recommends a resolution, ``can_skip`` that it can
    leave out images that cannot be read, ``can_balance`` that its classes can be balanced.
    ``augmentations`` are the names of those that are suggested for so few images.
    """
    if not resolution_is_known:
        yield from _resolution(report.resolution)
    yield from _channels(report, preparation)
    yield from _augmentations(report.images, augmentations)
    if len(report.classes) > 1:
        yield "data.conditional=true", "lets you choose the class of generated images"
    elif report.values:
        yield "data.conditional=true", "lets you choose the values of generated images"
    if report.unbalanced and can_balance:
        yield "data.balance=true", "shows every class equally often"
    if report.unreadable and can_skip:
        yield (
            "dataset.on_error=skip",
            "leaves out images that cannot be read; otherwise they end the run",
        )


def _resolution(suitable: int) -> Iterator[tuple[str, str]]:
    if suitable > _LARGEST:
        yield (
            f"data.resolution={_LARGEST}",
            "images are larger, but a higher resolution takes days on one GPU",
        )
    elif suitable:
        yield (
            f"data.resolution={suitable}",
            "enlarges at most 10 % of the images by more than 25 %",
        )


def _channels(report: Report, preparation: Preparation) -> Iterator[tuple[str, str]]:
    transparent = len(report.oddities.get("transparent", ()))
    if transparent > report.readable / 2:
        yield (
            "data.channels=4",
            f"{transparent:,} images are transparent; with 3 channels they get a background",
        )
    elif preparation.channels == "auto" and report.preparation.shape[0] == 1:
        yield "data.channels=1", "all images are gray; auto has the same effect"


def _augmentations(images: int, suggested: Sequence[str]) -> Iterator[tuple[str, str]]:
    if images < _SMALL:
        yield (
            "--augment flip",
            "doubles the images; not for images that must not be mirrored, such as text",
        )
    if suggested:
        first, *others = suggested
        instead = "".join(f"; or --augment {name}" for name in others)
        reason = "keeps the discriminator from memorizing so few images"
        yield f"--augment {first}", reason + instead
