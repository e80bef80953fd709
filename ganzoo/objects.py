"""Components that a Python program gives as objects instead of names."""

from __future__ import annotations

import copy
import functools
import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from ganzoo.components import (
    ArchitectureSpec,
    AugmentationSpec,
    ComponentSpec,
    DatasetSpec,
    LossSpec,
)
from ganzoo.errors import RequestError
from ganzoo.registry import PROGRAM, Registry
from ganzoo.run import Run, installed
from ganzoo.settings import Settings


class _Kind(NamedTuple):
    argument: str
    """What Python calls it."""
    spec: type[ComponentSpec]
    members: tuple[str, ...]
    """Of what its factory returns; empty where only a factory will do."""


_KINDS = {
    "dataset": _Kind(
        "dataset", DatasetSpec, ("class_names", "fingerprint", "__len__", "__getitem__")
    ),
    "architecture": _Kind("architecture", ArchitectureSpec, ()),
    "loss": _Kind("loss", LossSpec, ("independent_scores", "discriminator", "generator")),
    "augmentation": _Kind("augment", AugmentationSpec, ("apply_to",)),
}


class Objects:
    """The components of a run that were given as objects."""

    def __init__(self) -> None:
        self.components: list[ComponentSpec] = []

    def add_from(self, run: Run) -> None:
        """Add those that a run was made with, but for such as were given anew."""
        known = {(each.kind, each.name) for each in self.components}
        for chosen in (run.dataset, run.architecture, run.loss, *run.augment.values()):
            component = chosen.entry.component
            if chosen.entry.plugin == PROGRAM and (component.kind, component.name) not in known:
                self.components.append(component)

    def name(self, kind: str, given: object) -> str:
        """The name of a component, which is given by it or as an object.

        Raises RequestError for an object that is no component of this kind.
        """
        if isinstance(given, str):
            return given
        component = component_of(kind, given)
        others = (each for each in self.components if each.kind == kind)
        if any(each.name == component.name and each is not component for each in others):
            raise RequestError(
                f"there are two {kind} objects called {component.name}: name one of them "
                f"with ganzoo.{_KINDS[kind].spec.__name__}(name=...)"
            )
        if component not in self.components:
            self.components.append(component)
        return f"{PROGRAM.name}/{component.name}"

    def registry(self, settings: Settings) -> Registry:
        """All that is installed, the settings' own plugins, and these objects."""
        registry = installed(settings)
        if self.components:
            registry.offer(self.components, PROGRAM)
        return registry


def component_of(kind: str, given: object) -> ComponentSpec:
    """The component that an object stands for.

    It is one itself, or what the factory of one returns, or such a factory: a class or a function
    that is called with the options. The last two have no options and are called as their class or
    function. An object whose state a run changes is copied, so that each run starts with the state
    that it was given with.

    Raises RequestError for anything else.
    """
    argument, spec, members = _KINDS[kind]
    if isinstance(given, ComponentSpec):
        if given.kind != kind:
            raise RequestError(f"{argument}={given!r}: this is no {kind}")
        if faults := list(given.faults()):
            raise RequestError(f"{argument}={given!r}: {'; '.join(faults)}")
        return given
    missing = [name for name in members if not hasattr(given, name)]
    if members and not missing and not isinstance(given, type):
        # An error is then said to be in its class.
        factory: Callable[..., Any] = lambda options: _fresh(given)  # noqa: E731
        functools.update_wrapper(factory, type(given), updated=())
        return _component(spec, argument, type(given), factory)
    if callable(given):
        _require_arguments(kind, given)
        return _component(spec, argument, given, given)
    lacks = f", which has to have {', '.join(missing)}" if missing else ""
    raise RequestError(
        f"{argument}={_short(given)}: give a name, a ganzoo.{spec.__name__}, "
        f"{'what its factory returns' + lacks + ', ' if members else ''}or its factory"
    )


def _require_arguments(kind: str, factory: Callable[..., Any]) -> None:
    """Raise RequestError if a factory cannot be called as one of this kind is."""
    of_networks = kind == "architecture"
    names = ("image_shape", "num_classes", "requirements") if of_networks else ()
    try:
        inspect.signature(factory).bind(None, **dict.fromkeys(names))
    except TypeError:
        called = (
            "options, image_shape=..., num_classes=..., requirements=..."
            if of_networks
            else "options"
        )
        what = "" if of_networks else ", or what it returns"
        raise RequestError(
            f"{_KINDS[kind].argument}={_short(factory)}: it cannot be called with ({called}): "
            f"give such a factory{what}"
        ) from None
    except ValueError:  # it does not say what it takes
        return


def _component(
    spec: type[ComponentSpec], argument: str, named: object, factory: Callable[..., Any]
) -> ComponentSpec:
    name = _hyphenated(str(getattr(named, "__name__", "")))
    try:
        return spec(name=name, summary="An object of a Python program.", factory=factory)
    except ValueError:
        raise RequestError(
            f"{argument}={_short(named)} has no name of its own: wrap it in "
            f"ganzoo.{spec.__name__}(name=..., summary=..., factory=...)"
        ) from None


def _hyphenated(name: str) -> str:
    """``WGANLoss`` and ``wgan_loss`` are ``wgan-loss``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+", "-", name)
    return words.strip("-").lower()


def _fresh(given: Any) -> Any:
    from ganzoo.contracts import Stateful

    return copy.deepcopy(given) if isinstance(given, Stateful) else given


def _short(given: object) -> str:
    text = " ".join(repr(given).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
