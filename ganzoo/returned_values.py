"""Checks of what components return while they are used: tensors, terms, features, states.

Each check raises ContractError; its ``at`` is the object or function at fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import ContractError, described

_PLAIN = (Tensor, str, int, float, bool, type(None))


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
