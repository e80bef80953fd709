"""Settings that suit a set of images, from what an inspection has found."""

from __future__ import annotations

from collections.abc import Iterator

from ganzoo.data.inspection import Report
from ganzoo.data.preparation import Preparation

_LARGEST = 256
"""Pixels; with more, a run takes days on one GPU."""

_SMALL, _TINY = 100_000, 10_000
"""Images below which augmenting helps, and below which a discriminator learns them by heart."""


def suggest_settings(
    report: Report,
    preparation: Preparation,
    *,
    resolution_is_known: bool = False,
    can_skip: bool = False,
    can_balance: bool = True,
) -> Iterator[tuple[str, str]]:
    """Settings as ``ganzoo train`` takes them, each with why it suits.

    The dataset may know its resolution itself; not every one can leave out what cannot be read,
    or show images in any order.
    """
    transparent = len(report.oddities.get("transparent", ()))
    if resolution_is_known:
        pass
    elif report.resolution > _LARGEST:
        yield f"data.resolution={_LARGEST}", "they are larger, but more takes days on a GPU"
    elif report.resolution:
        yield f"data.resolution={report.resolution}", "enlarges nine in ten by a quarter at most"
    if transparent > report.readable / 2:
        yield "data.channels=4", f"{transparent:,} are transparent: less puts them on a background"
    elif preparation.channels == "auto" and report.preparation.shape[0] == 1:
        yield "data.channels=1", "all are gray; auto finds that out, too"
    if report.images < _SMALL:
        yield "--augment flip", "twice the images, unless left and right differ as in writing"
    if report.images < _TINY:
        yield (
            "--augment shift augment.shift.apply_to=all",
            "keeps so few from being learned by heart, and on both the shifts from being imitated",
        )
    if len(report.classes) > 1:
        yield "architecture.conditional=true", "makes images of a class that you name"
    if report.unbalanced and can_balance:
        yield "data.balance=true", "shows images of every class equally often"
    if report.unreadable and can_skip:
        yield "dataset.on_error=skip", "leaves out what cannot be read, which ends a run else"
