"""Components that a Python program gives as objects instead of names."""

from __future__ import annotations

import copy
import functools
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ganzoo.components import (
    ArchitectureSpec,
    AugmentationSpec,
    ComponentSpec,
    DatasetSpec,
    LossSpec,
    RegularizerSpec,
)
from ganzoo.errors import RequestError
from ganzoo.registry import PYTHON_OBJECTS, Registry
from ganzoo.run import Run, discover_plugins
from ganzoo.settings import MAIN_KINDS, NAMED_SECTIONS, Settings


class _Kind(NamedTuple):
    argument: str
    """The keyword of ``ganzoo.train``."""
    spec: type[ComponentSpec]
    members: tuple[str, ...]
    """What the object must have that its factory returns; empty if only a factory is accepted."""


_KINDS = {
    "dataset": _Kind(
        "dataset", DatasetSpec, ("class_names", "fingerprint", "__len__", "__getitem__")
    ),
    "architecture": _Kind("architecture", ArchitectureSpec, ()),
    "loss": _Kind("loss", LossSpec, ("independent_scores", "discriminator", "generator")),
    "regularizer": _Kind(
        "regularize", RegularizerSpec, ("network", "every", "independent_scores", "terms")
    ),
    "augmentation": _Kind("augment", AugmentationSpec, ("apply_to",)),
}
_METHOD = ("independent_scores", "phases")
"""What a loss must have instead if it is a method."""


class Objects:
    """The components of a run that are objects of a Python program."""

    def __init__(self) -> None:
        self.components: list[ComponentSpec] = []

    def add_from(self, run: Run) -> None:
        """Add the objects of a run, except where an object of that name was given."""
        known = {(each.kind, each.name) for each in self.components}
        for chosen in run.components.values():
            component = chosen.entry.component
            if (
                chosen.entry.plugin == PYTHON_OBJECTS
                and (component.kind, component.name) not in known
            ):
                self.components.append(component)

    def name(self, kind: str, given: object) -> str:
        """The name of a component that is given by name or as an object; adds the object.

        Raises RequestError if an object is not a component of this kind.
        """
        if isinstance(given, str):
            return given
        if kind == "dataset" and isinstance(given, Path):
            raise RequestError(
                f"dataset={given}: only ganzoo.train and ganzoo.sweep open a path; an existing run "
                "keeps its dataset, and the setting dataset.path says where its images are"
            )
        component = component_of(kind, given)
        others = (each for each in self.components if each.kind == kind)
        if any(each.name == component.name and each is not component for each in others):
            raise RequestError(
                f"there are two {kind} objects called {component.name}: name one of them "
                f"with ganzoo.{_KINDS[kind].spec.__name__}(name=...)"
            )
        if component not in self.components:
            self.components.append(component)
        return f"{PYTHON_OBJECTS.name}/{component.name}"

    def main_names(self, components: Mapping[str, Any]) -> dict[str, str]:
        """The names of dataset, architecture and loss, as far as they are given; adds objects."""
        given = {kind: components.get(kind) for kind in MAIN_KINDS}
        return {kind: self.name(kind, value) for kind, value in given.items() if value is not None}

    def included(self, components: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The components of sections such as ``augment``: each section and name; adds objects."""
        found = []
        for section, kind in NAMED_SECTIONS.items():
            given = components.get(section, ())
            several = isinstance(given, Sequence) and not isinstance(given, str)
            names = [self.name(kind, each) for each in (given if several else [given])]
            found += [(section, name) for name in names]
        return found

    def registry(self, settings: Settings) -> Registry:
        """All that is installed, the settings' own plugins, and these objects."""
        registry = discover_plugins(settings)
        if self.components:
            registry.add_components(self.components, PYTHON_OBJECTS)
        return registry


def component_of(kind: str, given: object) -> ComponentSpec:
    """The component of an object.

    The object is a ComponentSpec, what its factory returns, or a factory: a class or function that
    takes the options. In the last two cases, the component has no options and the name of the class
    or function. An object with a state is copied for each run, so that every run starts with the
    same state.

    Raises RequestError for any other object.
    """
    argument, spec, members = _KINDS[kind]
    if kind == "loss" and hasattr(given, "phases"):
        members = _METHOD
    if isinstance(given, ComponentSpec):
        if given.kind != kind:
            raise RequestError(f"{argument}={given!r}: expected the kind {kind}, not {given.kind}")
        if faults := list(given.faults()):
            raise RequestError(f"{argument}={given!r}: {'; '.join(faults)}")
        return given
    missing = [name for name in members if not hasattr(given, name)]
    if members and not missing and not isinstance(given, type):
        # So that errors are attributed to its class.
        factory: Callable[..., Any] = lambda options: _copy_if_stateful(given)  # noqa: E731
        functools.update_wrapper(factory, type(given), updated=())
        return _component(spec, argument, type(given), factory)
    if callable(given):
        _require_signature(kind, given)
        return _component(spec, argument, given, given)
    lacks = f", which must have {', '.join(missing)}" if missing else ""
    raise RequestError(
        f"{argument}={_shortened(given)}: give a name, "
        f"{'the path of images, ' if kind == 'dataset' else ''}a ganzoo.{spec.__name__}, "
        f"{'what its factory returns' + lacks + ', ' if members else ''}or its factory"
    )


def _require_signature(kind: str, factory: Callable[..., Any]) -> None:
    """Raise RequestError if the arguments of a factory are not those of its kind."""
    is_architecture = kind == "architecture"
    names = ("image_shape", "condition", "requirements") if is_architecture else ()
    try:
        inspect.signature(factory).bind(None, **dict.fromkeys(names))
    except TypeError:
        arguments = (
            "options, image_shape=..., condition=..., requirements=..."
            if is_architecture
            else "options"
        )
        alternative = "" if is_architecture else ", or what it returns"
        raise RequestError(
            f"{_KINDS[kind].argument}={_shortened(factory)}: it cannot be called with "
            f"({arguments}): give a factory with these arguments{alternative}"
        ) from None
    except ValueError:  # its signature is not known
        return


def _component(
    spec: type[ComponentSpec], argument: str, named: object, factory: Callable[..., Any]
) -> ComponentSpec:
    name = _hyphenated(str(getattr(named, "__name__", "")))
    try:
        return spec(name=name, summary="An object of a Python program.", factory=factory)
    except ValueError:
        raise RequestError(
            f"{argument}={_shortened(named)} has no name of its own: wrap it in "
            f"ganzoo.{spec.__name__}(name=..., summary=..., factory=...)"
        ) from None


def _hyphenated(name: str) -> str:
    """``WGANLoss`` and ``wgan_loss`` are ``wgan-loss``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+", "-", name)
    return words.strip("-").lower()


def _copy_if_stateful(given: Any) -> Any:
    from ganzoo.contracts import Stateful

    return copy.deepcopy(given) if isinstance(given, Stateful) else given


def _shortened(given: object) -> str:
    text = " ".join(repr(given).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
