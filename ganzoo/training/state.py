"""The state of a run: one table of everything that training changes, and its checkpoints."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from ganzoo.contracts import Condition, Stateful
from ganzoo.data.collection import Collection
from ganzoo.errors import RequestError
from ganzoo.size import size
from ganzoo.training.checkpoint_file import State
from ganzoo.training.weights import digest

Table = Mapping[str, Stateful]
"""Everything with a state, by name."""


def take(table: Table) -> dict[str, State]:
    """The states of all entries, by name."""
    return {name: dict(entry.state_dict()) for name, entry in table.items()}


def restore(table: Table, state: Mapping[str, State]) -> None:
    """Restore what ``take`` returned. Entries that are new in the run keep their state.

    Raises RequestError if the networks have another shape now.
    """
    for name, entry in table.items():
        if name not in state:
            continue
        try:
            entry.load_state_dict(state[name])
        except RequestError:
            raise
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            reason = textwrap.shorten(str(error), 300)
            raise RequestError(
                f"{name} does not fit the checkpoint: {reason}: restore the settings that the run "
                "was trained with"
            ) from error


def digests(table: Table) -> dict[str, str]:
    """A SHA-256 of the state of each entry, the same in all processes if the states are."""
    return {name: _digest(entry.state_dict()) for name, entry in table.items()}


def _digest(value: Any) -> str:
    parts = (f"{key} {_hashed(each)}" for key, each in _flat(value))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _hashed(value: Any) -> str:
    return digest(value) if isinstance(value, Tensor) else repr(value)


def all_finite(table: Table) -> bool:
    """Whether all floating-point tensors of the states are finite."""
    states = (entry.state_dict() for entry in table.values())
    tensors = [value for state in states for _, value in _flat(state) if isinstance(value, Tensor)]
    norms = torch._foreach_norm([t.detach() for t in tensors if t.is_floating_point()])
    return not norms or all(bool(norm.isfinite()) for norm in norms)


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """The nested values that are neither mappings nor lists, with their keys."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _flat(each, f"{key}.{name}")
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _flat(each, f"{key}.{number}")
    else:
        yield key, value


def facts_of(data: Collection) -> State:
    """What a checkpoint says about the images."""
    condition = data.condition.to_plain() if data.condition else None
    return {"image_shape": list(data.shape), "condition": condition}


def require_same_images(data: Collection, state: State) -> None:
    """Raise RequestError if the images have another shape or condition than before."""
    if facts_of(data) == {key: state[key] for key in ("image_shape", "condition")}:
        return
    channels, height, width = state["image_shape"]
    before = Condition.from_plain(state["condition"]) or "no classes"
    raise RequestError(
        f"the run was trained on images of {size(width, height)} x {channels} with "
        f"{before}; these are {data.shape.size} x {data.shape.channels} with"
        f" {data.condition or 'no classes'}: resume with the images that "
        "the run was trained on"
    )
