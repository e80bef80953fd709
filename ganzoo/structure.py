"""Checks of what the factories of components return: types, attributes, methods.

Each check raises ContractError; its ``at`` is the object or function at fault.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from ganzoo.attribution import PluginCode
from ganzoo.contracts import Discriminator, Generator, Networks
from ganzoo.errors import ContractError, described
from ganzoo.phase_structure import is_count


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
    generator = networks.generator
    draws_its_own = type(generator).sample_latents is not Generator.sample_latents
    if not draws_its_own and not is_count(getattr(generator, "latent_dim", None)):
        raise ContractError(
            "the generator has no latent_dim: set it to the length of a latent, or define "
            "sample_latents",
            generator,
        )
    for name in networks.ema:
        if name not in networks.others:
            known = ", ".join(networks.others) or "no network"
            raise ContractError(f"ema has the name {name!r}, and others has {known}")
        network = networks.others[name]
        has_batch_norm = any(isinstance(layer, _BatchNorm) for layer in network.modules())
        if has_batch_norm and not isinstance(network, Generator):
            raise ContractError(
                f"{name} has an EMA and batch norm, whose statistics for the EMA weights "
                "are computed from generated images: derive it from ganzoo.Generator, or use "
                "another normalization",
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
    if not is_count(every):
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
