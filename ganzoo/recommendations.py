"""Applies the recommendations of components to the settings of a run."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping

from ganzoo.components import AugmentationSpec, ComponentSpec, ObserverSpec
from ganzoo.errors import RequestError
from ganzoo.settings import Settings

_RECOMMENDING_KINDS = ("architecture", "loss", "dataset")
"""The kinds whose recommendations are applied; the first has the highest priority."""

_ALTERNATIVES = (
    {"train.steps", "train.epochs", "train.images"},
    {"train.ema.half_life", "train.ema.decay"},
)
"""Settings of which at most one is used."""


def remove_alternatives(settings: Settings) -> None:
    """Of settings that exclude each other, keep the one that was set last.

    Raises RequestError if two of them have the same origin.
    """
    for group in _ALTERNATIVES:
        *earlier, last = [key for key in settings.origins if key in group] or [""]
        for key in earlier:
            if settings.origins[key] == settings.origins[last]:
                raise RequestError(f"{settings.origins[last]}: give {key} or {last}, not both")
            settings.drop(key)


def apply_recommendations(components: Mapping[str, ComponentSpec], settings: Settings) -> None:
    """Set the recommended values of settings that are not set, nor an alternative of them."""
    for kind in _RECOMMENDING_KINDS:
        component = components[kind]
        taken = {key for group in _ALTERNATIVES if group & settings.origins.keys() for key in group}
        values = {key: value for key, value in component.recommends.items() if key not in taken}
        settings.recommend(values, origin=f"{kind} {component.name}")


def recommend_preparation(dataset: ComponentSpec, settings: Settings) -> None:
    """Set what a dataset recommends for the preparation of its images, where nothing is set."""
    values = {key: value for key, value in dataset.recommends.items() if key.startswith("data.")}
    settings.recommend(values, origin=f"dataset {dataset.name}")


def add_default_observers(observers: Mapping[str, ComponentSpec], settings: Settings) -> None:
    """Of these observers by qualified name, add those that every run uses unless it turns them off.

    A warning says what does not work without one that is turned off.
    """
    for qualified_name, spec in observers.items():
        section = f"observe.{spec.name}"
        if isinstance(spec, ObserverSpec) and spec.default:
            settings.recommend({f"{section}.name": qualified_name}, origin="default")
            if spec.warning_if_off and settings.is_removed(section):
                warnings.warn(f"{section}=false: {spec.warning_if_off}", stacklevel=4)


def augmentations_for(images: int, components: Iterable[ComponentSpec]) -> list[str]:
    """The names of the augmentations that are suggested for so few images, the preferred first."""
    suggested = [
        component
        for component in components
        if isinstance(component, AugmentationSpec) and images < component.suggested_below
    ]
    return [each.name for each in sorted(suggested, key=lambda each: -each.preference)]
