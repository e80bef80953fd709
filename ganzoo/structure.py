"""Checks of what components make and return: types, attributes, methods.

Each check raises ContractError; its ``at`` is the object or function at fault.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ganzoo.attribution import PluginCode
from ganzoo.contracts import Discriminator, Generator, Networks, Phase
from ganzoo.errors import ContractError, described

_PLAIN = (Tensor, str, int, float, bool, type(None))


def require_structure(kind: str, built: Any, code: PluginCode | None = None) -> None:
    """Raise ContractError if this is not what a factory of the kind must return.

    With ``code``, errors in the forward passes of networks are attributed to it.
    """
    _CHECKS[kind](built)
    if isinstance(built, Networks) and code:
        built.generator.plugin_code = built.discriminator.plugin_code = code


def _require_dataset(dataset: Any) -> None:
    _require_methods(dataset, ("__len__", "__getitem__"))
    for name in ("class_names", "fingerprint"):
        # Look at the class first: a fingerprint may take long to compute.
        if not hasattr(type(dataset), name) and not hasattr(dataset, name):
            raise ContractError(f"the dataset has no {name}", dataset)
    names = dataset.class_names
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise ContractError(f"class_names is {names!r}, not a list of names", dataset)


def _require_networks(networks: Any) -> None:
    if not isinstance(networks, Networks):
        raise ContractError(
            f"the factory returned {described(networks)}, not "
            "ganzoo.Networks(generator=..., discriminator=...)"
        )
    for name, base in (("generator", Generator), ("discriminator", Discriminator)):
        network = getattr(networks, name)
        if not isinstance(network, base):
            raise ContractError(
                f"the {name} is {described(network)}: derive it from ganzoo.{base.__name__}",
                network,
            )


def _require_loss(loss: Any) -> None:
    """Require a method, which has phases, or else a loss of scores."""
    if hasattr(loss, "phases"):
        _require_methods(loss, ("phases",))
    else:
        _require_methods(loss, ("discriminator", "generator"))
    independent = getattr(loss, "independent_scores", None)
    if not isinstance(independent, bool):
        raise ContractError(f"independent_scores is {independent!r}, not True or False", loss)
    _require_state_methods(loss)
    optional = () if hasattr(loss, "phases") else ("constrain",)
    _warn_of_misspelled_methods(loss, (*optional, "observe", *_STATE))


def _require_regularizer(regularizer: Any) -> None:
    _require_methods(regularizer, ("terms",))
    network = getattr(regularizer, "network", None)
    names = network if isinstance(network, tuple) else (network,)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ContractError(
            f'network is {network!r}, not a name such as "discriminator", or a tuple of names',
            regularizer,
        )
    every = getattr(regularizer, "every", None)
    if not _is_count(every):
        raise ContractError(f"every is {every!r}, not a whole number from 1 on", regularizer)
    if every != 1 and len(names) > 1:
        raise ContractError(f"every is {every}, but must be 1 for several networks", regularizer)
    independent = getattr(regularizer, "independent_scores", None)
    if not isinstance(independent, bool):
        raise ContractError(
            f"independent_scores is {independent!r}, not True or False", regularizer
        )
    if hasattr(regularizer, "observe"):
        _require_methods(regularizer, ("observe",))
    _require_state_methods(regularizer)
    _warn_of_misspelled_methods(regularizer, ("observe", *_STATE))


_AUGMENTATION_METHODS = (
    ("sample_affine",),
    ("sample_color_matrix",),
    ("sample_parameters", "apply"),
    ("replace_real",),
)
"""The methods of each kind of augmentation."""


def _require_augmentation(augmentation: Any) -> None:
    apply_to = getattr(augmentation, "apply_to", None)
    if apply_to not in ("real", "all"):
        raise ContractError(f'apply_to is {apply_to!r}, not "real" or "all"', augmentation)
    known = [method for methods in _AUGMENTATION_METHODS for method in methods]
    kinds = [m for m in _AUGMENTATION_METHODS if any(hasattr(augmentation, each) for each in m)]
    if not kinds:
        hint = next(filter(None, (_rename_hint(augmentation, method) for method in known)), "")
        raise ContractError(
            "it has no method that changes images: define sample_affine, or sample_color_matrix, "
            f"or sample_parameters and apply, or replace_real{hint}",
            augmentation,
        )
    if ("replace_real",) in kinds and apply_to != "real":
        raise ContractError('it replaces real images, so apply_to must be "real"', augmentation)
    for methods in kinds:
        _require_methods(augmentation, methods)
    _require_state_methods(augmentation)
    _warn_of_misspelled_methods(augmentation, (*known, "observe", *_STATE))


_STATE = ("state_dict", "load_state_dict")


def _require_state_methods(built: Any) -> None:
    """Require both methods of a state, or neither."""
    if any(hasattr(built, method) for method in _STATE):
        _require_methods(built, _STATE)


def _warn_of_misspelled_methods(built: Any, optional: Sequence[str]) -> None:
    """Warn if a method is called almost like an optional one, which the core would not find."""
    for method in optional:
        if not hasattr(built, method) and (hint := _rename_hint(built, method, cutoff=0.85)):
            warnings.warn(f"{type(built).__name__} has no method {method}{hint}", stacklevel=2)


def _rename_hint(built: Any, method: str, cutoff: float = 0.6) -> str:
    """``": rename X to METHOD"`` if the object has a method X with almost this name, else empty."""
    close = difflib.get_close_matches(method, _own_methods(built), n=1, cutoff=cutoff)
    return f": rename {close[0]} to {method}" if close else ""


def _own_methods(built: Any) -> list[str]:
    """The names of its public methods, except those of ``nn.Module``."""
    public = (name for name in dir(built) if not name.startswith("_"))
    own = (name for name in public if not hasattr(torch.nn.Module, name))
    return [name for name in own if callable(getattr(built, name, None))]


def _require_callable(built: Any) -> None:
    if not callable(built):
        raise ContractError(
            f"the factory returned {described(built)}, which cannot be called", built
        )


def _require_extractor(extractor: Any) -> None:
    _require_callable(extractor)
    identity = getattr(extractor, "identity", None)
    if not isinstance(identity, str):
        raise ContractError(f"identity is {identity!r}, not a text", extractor)
    _warn_of_misspelled_methods(extractor, ("feature_maps",))


_CHECKS: Mapping[str, Callable[[Any], None]] = {
    "dataset": _require_dataset,
    "architecture": _require_networks,
    "loss": _require_loss,
    "regularizer": _require_regularizer,
    "augmentation": _require_augmentation,
    "metric": _require_callable,
    "extractor": _require_extractor,
    "recipe": lambda built: None,
    "observer": lambda built: None,
    "command": lambda built: None,
}


def _require_methods(built: Any, methods: Sequence[str]) -> None:
    for method in methods:
        if not callable(getattr(built, method, None)):
            name = type(built).__name__
            hint = _rename_hint(built, method)
            raise ContractError(f"{name} has no method {method}{hint}", built)


def require_tensor(
    what: str, value: Any, shape: tuple[int, ...] | None = None, at: Any = None
) -> None:
    """Raise ContractError if the value is not a tensor, or not of this shape.

    Without this check a wrong shape may be broadcast and never be noticed.
    """
    if not isinstance(value, Tensor):
        raise ContractError(f"{what} is {described(value)}, not a tensor", at)
    if shape is not None and value.shape != shape:
        raise ContractError(f"{what} has the shape {tuple(value.shape)}, not {shape}", at)


def require_scores(scores: Any, count: int, at: Any) -> None:
    """Raise ContractError if these are not the scores of ``count`` images, (N,) or (N, K)."""
    require_tensor("the discriminator's output", scores, None, at)
    if scores.ndim not in (1, 2) or len(scores) != count:
        raise ContractError(
            f"the discriminator's output has the shape {tuple(scores.shape)}, not ({count},) or "
            f"({count}, K)",
            at,
        )


def require_terms(terms: Any, whose: str, at: Any) -> None:
    """Raise ContractError if the terms of a phase or of a regularizer are not named scalars."""
    if not isinstance(terms, Mapping) or not terms:
        raise ContractError(
            f"the terms of {whose} are {_described_mapping(terms)}, not named scalars such as "
            '{"fake": ...}',
            at,
        )
    for name, term in terms.items():
        require_tensor(f"the term {name} of {whose}", term, (), at)


def require_phases(phases: Any, method: Any) -> None:
    """Raise ContractError if these are not the phases of a method."""
    if not isinstance(phases, Sequence) or not all(isinstance(each, Phase) for each in phases):
        raise ContractError(
            f"phases() returned {described(phases)}, not a list of ganzoo.Phase", method
        )
    names = [phase.name for phase in phases]
    for phase in phases:
        if wrong := _wrong_field(phase):
            field, expected = wrong
            value = getattr(phase, field)
            raise ContractError(f"{field} of the phase {phase.name} is {value!r}, not {expected}")
        if names.count(phase.name) > 1:
            raise ContractError(f"two phases have the name {phase.name}", method)
    _require_simultaneous(phases, method)
    _require_fakes(phases, method)
    # Phases with the same networks share one optimizer, which is found by the names in this order.
    written = {phase.networks for phase in phases}
    if len({tuple(sorted(networks)) for networks in written}) < len(written):
        raise ContractError("two phases name the same networks in another order", method)


def _require_simultaneous(phases: Sequence[Phase], method: Any) -> None:
    """Raise ContractError if phases are simultaneous with what they cannot be."""
    firsts: dict[str, list[Phase]] = {}
    for phase in phases:
        name = phase.simultaneous_with
        if not name:
            firsts[phase.name] = [phase]
            continue
        others = firsts.get(name)
        if others is None:
            raise ContractError(
                f"simultaneous_with of the phase {phase.name} is {name!r}, not the name of an "
                "earlier phase that has none itself",
                method,
            )
        if any(set(other.networks) & set(phase.networks) for other in others):
            raise ContractError(
                f"the phases {name} and {phase.name} are simultaneous and update the same network",
                method,
            )
        if phase.every != others[0].every:
            raise ContractError(
                f"the phases {name} and {phase.name} are simultaneous, but every differs", method
            )
        others.append(phase)


def _require_fakes(phases: Sequence[Phase], method: Any) -> None:
    """Raise ContractError if a phase uses generated images that are not there, or are outdated."""
    for place, phase in enumerate(phases):
        if not (name := phase.fakes_of):
            continue
        earlier = {other.name: number for number, other in enumerate(phases[:place])}
        if name not in earlier:
            raise ContractError(
                f"fakes_of of the phase {phase.name} is {name!r}, not the name of an earlier phase",
                method,
            )
        if phase.every != phases[earlier[name]].every:
            raise ContractError(
                f"the phase {phase.name} uses the images of {name}, but every differs", method
            )
        for other in phases[earlier[name] : place]:
            if "generator" in other.networks:
                raise ContractError(
                    f"the phase {phase.name} uses the images of {name}, but {other.name} updates "
                    "the generator before",
                    method,
                )
        if phase.simultaneous_with:
            raise ContractError(
                f"the phase {phase.name} has fakes_of and simultaneous_with: remove one", method
            )


def _wrong_field(phase: Any) -> tuple[str, str] | None:
    """The first field of a phase that is wrong, and what it must be."""
    number, function = "a whole number from 1 on", "a function of the step"
    networks = phase.networks
    are_names = isinstance(networks, tuple) and all(isinstance(name, str) for name in networks)
    expected = {
        "name": (isinstance(phase.name, str) and bool(phase.name), "a text"),
        "networks": (are_names and bool(networks), 'names such as ("generator",)'),
        "terms": (callable(phase.terms), function),
        "optimizer": (phase.optimizer in _SECTIONS, '"generator" or "discriminator"'),
        "repeats": (phase.repeats is None or _is_count(phase.repeats), number),
        "every": (_is_count(phase.every), number),
        "constrain": (phase.constrain is None or callable(phase.constrain), function),
        "after": (phase.after is None or callable(phase.after), function),
    }
    return next(((name, what) for name, (is_right, what) in expected.items() if not is_right), None)


_SECTIONS = ("", "generator", "discriminator")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def require_gradient(phase: Phase, *, exists: bool) -> None:
    """Raise ContractError if no parameter of a phase's networks has a gradient."""
    if not exists:
        networks = " and ".join(phase.networks)
        raise ContractError(
            f"the terms of the phase {phase.name} have no gradient for the {networks}", phase.terms
        )


def require_metric_values(values: Any, metric: Any) -> None:
    """Raise ContractError if a metric did not return named values."""
    if not isinstance(values, Mapping) or not values:
        raise ContractError(
            f"the metric returned {_described_mapping(values)}, not "
            '{"name": ganzoo.MetricValue(value, images)}',
            metric,
        )
    for name, value in values.items():
        if not isinstance(value, tuple) or len(value) != 2:
            raise ContractError(
                f"the metric's {name} is {described(value)}, not a "
                "ganzoo.MetricValue(value, images)",
                metric,
            )


def _described_mapping(value: Any) -> str:
    return "an empty dict" if isinstance(value, Mapping) else described(value)


def require_features(features: Any, count: int, extractor: Any) -> None:
    """Raise ContractError if an extractor did not return float32 features of shape (count, D)."""
    actual = described(features)
    if isinstance(features, Tensor):
        actual = f"a tensor of {features.dtype} and shape {tuple(features.shape)}"
        if features.dtype == torch.float32 and features.ndim == 2 and len(features) == count:
            return
    raise ContractError(
        f"the extractor returned {actual}, not float32 features of shape ({count}, D)", extractor
    )


def require_feature_maps(maps: Any, count: int, extractor: Any) -> None:
    """Raise ContractError if an extractor did not return float32 maps (count, D, H, W)."""
    given = list(maps) if isinstance(maps, Sequence) else [maps]
    for each in given:
        require_tensor("a feature map", each, at=extractor)
        if each.dtype != torch.float32 or each.ndim != 4 or len(each) != count:
            raise ContractError(
                f"feature_maps returned a map of {each.dtype} and shape {tuple(each.shape)}, not "
                f"float32 ({count}, D, H, W)",
                extractor,
            )
    if not given:
        raise ContractError("feature_maps returned no maps", extractor)


def require_plain(state: Any, method: Any) -> None:
    """Raise ContractError if a state holds a value that a checkpoint cannot store."""
    if not isinstance(state, Mapping):
        raise ContractError(f"state_dict() returned {described(state)}, not a dict", method)
    if wrong := _first_not_plain(state, ""):
        raise ContractError(
            f"state_dict() holds {wrong}: a checkpoint stores tensors and plain Python values only",
            method,
        )


def _first_not_plain(value: Any, key: str) -> str | None:
    """The type and key of the first nested value that is neither a tensor nor plain, or None."""
    if isinstance(value, Mapping):
        items = ((each, f"{key}.{name}".lstrip(".")) for name, each in value.items())
    elif isinstance(value, list | tuple):
        items = ((each, key) for each in value)
    else:
        plain = isinstance(value, Tensor) or type(value) in _PLAIN
        return None if plain else f"{described(value)} as {key}"
    return next(filter(None, (_first_not_plain(each, at) for each, at in items)), None)
