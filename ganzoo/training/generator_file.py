"""The file of an exported generator: its weights, and its card as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

import ganzoo
from ganzoo import tensor_file
from ganzoo.errors import RequestError
from ganzoo.training.weights import digest

FORMAT = 1
"""The version of the format that is written and read."""
_KIND = "ganzoo generator"
_WEIGHTS = "generator."


class GeneratorFile(NamedTuple):
    """What the file of an exported generator contains."""

    card: Mapping[str, Any]
    """Facts about the generator, as values of JSON."""
    weights: Mapping[str, Tensor]
    """All parameters and buffers of the generator that its ``state_dict`` has."""
    others: Mapping[str, Tensor]
    """Other tensors that belong to the card."""


def write(
    path: Path, card: str, weights: Mapping[str, Tensor], others: Mapping[str, Tensor]
) -> None:
    """Write the file atomically; ``card`` is a JSON object.

    Raises OSError if it cannot be written.
    """
    tensors = {**{f"{_WEIGHTS}{name}": each for name, each in weights.items()}, **others}
    texts = {"kind": _KIND, "format": str(FORMAT), "ganzoo": ganzoo.__version__, "card": card}
    tensor_file.write(path, tensors, {**texts, "sha256": _sha256(tensors, card)})


def read(path: Path) -> GeneratorFile:
    """The content of the file.

    Raises RequestError if it is missing or damaged, of another kind, or of another format.
    """
    tensors, texts = tensor_file.read(path, _KIND)
    card = _card(path, texts)
    if texts.get("sha256") != _sha256(tensors, texts["card"]):
        raise RequestError(f"{path} is damaged: it differs from what was written; copy it again")
    weights = {k.removeprefix(_WEIGHTS): t for k, t in tensors.items() if k.startswith(_WEIGHTS)}
    others = {name: tensor for name, tensor in tensors.items() if not name.startswith(_WEIGHTS)}
    return GeneratorFile(card, weights, others)


def read_card(path: Path) -> Mapping[str, Any]:
    """The card alone, without reading the weights.

    Raises RequestError as ``read``.
    """
    return _card(path, tensor_file.read_texts(path, _KIND))


def _card(path: Path, texts: Mapping[str, str]) -> dict[str, Any]:
    version = texts.get("format", "")
    if version != str(FORMAT):
        newer = version.isdecimal() and int(version) > FORMAT
        remedy = "upgrade ganzoo-toolkit" if newer else "use the version that wrote it"
        raise RequestError(
            f"{path} was written by ganzoo {texts.get('ganzoo', '?')} in format {version or '?'}, "
            f"and ganzoo {ganzoo.__version__} reads format {FORMAT}: {remedy}"
        )
    try:
        card = json.loads(texts["card"])
    except (KeyError, ValueError, RecursionError) as error:
        raise RequestError(f"{path} is damaged: its card cannot be read") from error
    if not isinstance(card, dict):
        raise RequestError(f"{path} is damaged: its card is no object")
    return card


def _sha256(tensors: Mapping[str, Tensor], card: str) -> str:
    """The SHA-256 of the card, and of each tensor and its name."""
    hashed = hashlib.sha256(card.encode())
    for name in sorted(tensors):
        hashed.update(f"{name} {digest(tensors[name])}".encode())
    return hashed.hexdigest()
