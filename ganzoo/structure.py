"""What components make and return, checked for its types, attributes and methods.

Each check raises ContractError, whose ``at`` is the code that has to change.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ganzoo.attribution import PluginCode
from ganzoo.contracts import Discriminator, Generator, Networks
from ganzoo.errors import ContractError, described

_PLAIN = (Tensor, str, int, float, bool, type(None))


def require_structure(kind: str, built: Any, code: PluginCode | None = None) -> None:
    """Raise ContractError if this is not what a factory of the kind makes.

    Networks remember ``code``: errors of their forward passes are its.
    """
    _CHECKS[kind](built)
    if isinstance(built, Networks) and code:
        built.generator.plugin_code = built.discriminator.plugin_code = code


def _require_source(source: Any) -> None:
    _require_methods(source, ("__len__", "__getitem__"))
    for name in ("class_names", "fingerprint"):
        # A fingerprint may take long to calculate.
        if not hasattr(type(source), name) and not hasattr(source, name):
            raise ContractError(f"the dataset has no {name}", source)
    names = source.class_names
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise ContractError(f"class_names is {names!r}, not a list of names", source)


def _require_networks(networks: Any) -> None:
    if not isinstance(networks, Networks):
        raise ContractError(
            f"the factory returned {described(networks)}, not "
            "ganzoo.Networks(generator=..., discriminator=...)"
        )
    for name, wanted in (("generator", Generator), ("discriminator", Discriminator)):
        network = getattr(networks, name)
        if not isinstance(network, wanted):
            raise ContractError(
                f"the {name} is {described(network)}: derive it from ganzoo.{wanted.__name__}",
                network,
            )


def _require_objective(objective: Any) -> None:
    _require_methods(objective, ("discriminator", "generator"))
    independent = getattr(objective, "independent_scores", None)
    if not isinstance(independent, bool):
        raise ContractError(f"independent_scores is {independent!r}, not True or False", objective)
    _require_state(objective)
    _warn_of_near_misses(objective, ("constrain", *_STATE))


_AUGMENTS = (("warp",), ("recolor",), ("draw", "apply"))
"""The methods of each kind of augmentation."""


def _require_augment(augment: Any) -> None:
    apply_to = getattr(augment, "apply_to", None)
    if apply_to not in ("real", "all"):
        raise ContractError(f'apply_to is {apply_to!r}, not "real" or "all"', augment)
    begun = [methods for methods in _AUGMENTS if any(hasattr(augment, each) for each in methods)]
    if not begun:
        known = [method for methods in _AUGMENTS for method in methods]
        hint = next(filter(None, (_rename(augment, method) for method in known)), "")
        raise ContractError(
            f"it changes nothing: it needs warp, or recolor, or draw and apply{hint}", augment
        )
    for methods in begun:
        _require_methods(augment, methods)
    _require_state(augment)
    _warn_of_near_misses(augment, ("warp", "recolor", "draw", "apply", *_STATE))


_STATE = ("state_dict", "load_state_dict")


def _require_state(built: Any) -> None:
    """A state can be both kept and loaded, or there is none."""
    if any(hasattr(built, method) for method in _STATE):
        _require_methods(built, _STATE)


def _warn_of_near_misses(built: Any, optional: Sequence[str]) -> None:
    """A method that the core would call by a slightly other name may be meant to have it."""
    for method in optional:
        if not hasattr(built, method) and (hint := _rename(built, method, cutoff=0.85)):
            warnings.warn(f"{type(built).__name__} has no method {method}{hint}", stacklevel=2)


def _rename(built: Any, method: str, cutoff: float = 0.6) -> str:
    """What to do if one of the methods has nearly this name, or nothing."""
    close = difflib.get_close_matches(method, _methods(built), n=1, cutoff=cutoff)
    return f": rename {close[0]} to {method}" if close else ""


def _methods(built: Any) -> list[str]:
    """Those of its own, by name; an ``nn.Module`` has many others."""
    named = (name for name in dir(built) if not name.startswith("_"))
    own = (name for name in named if not hasattr(torch.nn.Module, name))
    return [name for name in own if callable(getattr(built, name, None))]


def _require_callable(what: Any) -> None:
    if not callable(what):
        raise ContractError(f"the factory returned {described(what)}, which cannot be called", what)


def _require_extract(extract: Any) -> None:
    _require_callable(extract)
    identity = getattr(extract, "identity", None)
    if not isinstance(identity, str):
        raise ContractError(f"identity is {identity!r}, not a text", extract)


_CHECKS: Mapping[str, Callable[[Any], None]] = {
    "dataset": _require_source,
    "architecture": _require_networks,
    "loss": _require_objective,
    "augmentation": _require_augment,
    "metric": _require_callable,
    "extractor": _require_extract,
    "recipe": lambda built: None,
}


def _require_methods(built: Any, methods: Sequence[str]) -> None:
    for method in methods:
        if not callable(getattr(built, method, None)):
            what = type(built).__name__
            raise ContractError(f"{what} has no method {method}{_rename(built, method)}", built)


def require_tensor(
    what: str, value: Any, shape: tuple[int, ...] | None = None, at: Any = None
) -> None:
    """Raise ContractError if it is no tensor of this shape: broadcasting would hide another."""
    if not isinstance(value, Tensor):
        raise ContractError(f"{what} is {described(value)}, not a tensor", at)
    if shape is not None and value.shape != shape:
        raise ContractError(f"{what} has the shape {tuple(value.shape)}, not {shape}", at)


def require_terms(terms: Any, method: Callable[..., Any]) -> None:
    """Raise ContractError if a loss's method did not return named scalars."""
    if not isinstance(terms, Mapping) or not terms:
        told = "an empty dict" if isinstance(terms, Mapping) else described(terms)
        raise ContractError(
            f'{method.__name__}() returned {told}, not named scalars such as {{"fake": ...}}',
            method,
        )
    for name, term in terms.items():
        require_tensor(f"the term {name} of {method.__name__}()", term, (), method)


def require_measured(numbers: Any, metric: Any) -> None:
    """Raise ContractError if a metric did not return named numbers."""
    if not isinstance(numbers, Mapping) or not numbers:
        told = "an empty dict" if isinstance(numbers, Mapping) else described(numbers)
        raise ContractError(
            f'the metric returned {told}, not {{"name": ganzoo.MetricValue(value, images)}}', metric
        )
    for name, number in numbers.items():
        if not isinstance(number, tuple) or len(number) != 2:
            raise ContractError(
                f"the metric's {name} is {described(number)}, not a "
                "ganzoo.MetricValue(value, images)",
                metric,
            )


def require_features(features: Any, count: int, extract: Any) -> None:
    """Raise ContractError if an extractor did not return as many rows of float32 features."""
    told = described(features)
    if isinstance(features, Tensor):
        told = f"a tensor of {features.dtype} and shape {tuple(features.shape)}"
        if features.dtype == torch.float32 and features.ndim == 2 and len(features) == count:
            return
    raise ContractError(
        f"the extractor returned {told}, not float32 features of shape ({count}, D)", extract
    )


def require_plain(state: Any, adaptive: Any) -> None:
    """Raise ContractError if a state holds what cannot be read back from a checkpoint."""
    if not isinstance(state, Mapping):
        raise ContractError(f"state_dict() returned {described(state)}, not a dict", adaptive)
    wrong = _first_odd(state, "")
    if wrong:
        raise ContractError(
            f"state_dict() holds {wrong}: a checkpoint takes tensors and plain Python values",
            adaptive,
        )


def _first_odd(value: Any, key: str) -> str | None:
    """The first value inside that is neither a tensor nor plain, by its key."""
    if isinstance(value, Mapping):
        found = (_first_odd(each, f"{key}.{name}".lstrip(".")) for name, each in value.items())
        return next(filter(None, found), None)
    if isinstance(value, list | tuple):
        return next(filter(None, (_first_odd(each, key) for each in value)), None)
    plain = isinstance(value, Tensor) or type(value) in _PLAIN
    return None if plain else f"{described(value)} as {key}"
