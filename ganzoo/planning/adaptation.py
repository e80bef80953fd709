"""How a recipe is adapted to images: a pure function of facts about both."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from ganzoo.planning.images import PlannedImages


class RecipeFacts(NamedTuple):
    """What an adaptation needs to know of a recipe."""

    conditions: Collection[str]
    """The kinds of conditions that its architecture takes."""
    resists: bool
    """Whether an augmentation of it keeps the discriminator from memorizing the images."""
    suggested: Sequence[str]
    """The augmentations for so few images as these, but not for those it was measured on."""


class Adaptation(NamedTuple):
    """Settings, and a few words about each."""

    settings: dict[str, Any]
    words: list[str]


def adapt(images: PlannedImages, recipe: RecipeFacts) -> Adaptation:
    """The settings that depend on the images, besides their size.

    The augmentations of the recipe are kept, because it was measured with them. The networks are
    not told the class: on the same images and in the same time, runs that were told it came out
    worse (docs/leaderboard.md).
    """
    settings: dict[str, Any] = {"data.conditional": False}
    words = []
    if images.condition in recipe.conditions and images.classes > 1:
        words.append(f"data.conditional=true would let you choose one of {images.classes} classes")
    if recipe.suggested and not recipe.resists:
        name = recipe.suggested[0]
        settings[f"augment.{name}"] = True
        words.append(f"augmentation {name} added, because the images are few")
    return Adaptation(settings, words)
