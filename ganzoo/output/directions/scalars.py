"""Numbers of an image whose directions can be found by their name."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.errors import RequestError, did_you_mean
from ganzoo.output.directions.sample import PointSample
from ganzoo.plugin_file import import_file

Scalar = Callable[[Tensor], Tensor]
"""From images, float32 (N, C, H, W) in [-1, 1], to a number for each, (N,)."""

CLASSES = "classes"
"""Stands for the classes or values that a conditional generator is told."""


def oklab(images: Tensor) -> Tensor:
    """Colors in [-1, 1], (N, 3, H, W), as lightness, green to red, and blue to yellow.

    Oklab: Ottosson, "A perceptual color space for image processing", 2020.
    """
    srgb = (images + 1) / 2
    linear = torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    cones = torch.tensor(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    ).to(images)
    opponents = torch.tensor(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    ).to(images)
    roots = torch.einsum("ij,njhw->nihw", cones, linear) ** (1 / 3)
    return torch.einsum("ij,njhw->nihw", opponents, roots)


def _brightness(images: Tensor) -> Tensor:
    return _lab(images)[:, 0].mean((1, 2))


def _contrast(images: Tensor) -> Tensor:
    return _lab(images)[:, 0].flatten(1).std(1)


def _saturation(images: Tensor) -> Tensor:
    return _lab(images)[:, 1:].square().sum(1).sqrt().mean((1, 2))


def _redness(images: Tensor) -> Tensor:
    return _lab(images)[:, 1].mean((1, 2))


def _yellowness(images: Tensor) -> Tensor:
    return _lab(images)[:, 2].mean((1, 2))


def _lab(images: Tensor) -> Tensor:
    channels = images[:, :3] if images.shape[1] >= 3 else images[:, :1].expand(-1, 3, -1, -1)
    return oklab(channels)


SCALARS: Mapping[str, Mapping[str, Scalar]] = {
    "brightness": {"brightness": _brightness},
    "contrast": {"contrast": _contrast},
    "saturation": {"saturation": _saturation},
    # A hue is an angle: no direction raises it everywhere. Its two coordinates have one each.
    "hue": {"hue-red": _redness, "hue-yellow": _yellowness},
}
"""The scalars of each name, by the name of their direction; means over all pixels in Oklab."""


def scalars(name: str) -> Mapping[str, Scalar]:
    """The scalars of a name, or a Python function: ``"module:function"`` or ``"file.py:function"``.

    Raises RequestError if there is neither.
    """
    if name in SCALARS:
        return SCALARS[name]
    if ":" not in name:
        known = [*SCALARS, CLASSES, "FILE.py:FUNCTION"]
        hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
        raise RequestError(f"--from {name}: there is no such name{hint}")
    module, _, label = name.rpartition(":")
    try:
        if module.endswith(".py"):
            function = getattr(import_file(Path(module).stem, Path(module)), label)
        else:
            function = pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError, OSError) as error:
        raise RequestError(f"--from {name}: there is no such function: {error}") from error
    return {label: function}


@torch.no_grad()
def measured(sample: PointSample, functions: Mapping[str, Scalar]) -> dict[str, Tensor]:
    """What these functions return for the images of the points, float64 (N,) each.

    Raises RequestError if one does not return a finite number for each image.
    """
    columns: dict[str, list[Tensor]] = {name: [] for name in functions}
    for rows, conditions in sample.batches():
        images = sample.images(rows, conditions).float().clamp(-1, 1)
        for name, function in functions.items():
            columns[name].append(_checked(name, function(images), len(images)))
    return {name: torch.cat(column) for name, column in columns.items()}


def _checked(name: str, values: object, count: int) -> Tensor:
    if not isinstance(values, Tensor) or values.shape != (count,):
        shape = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
        raise RequestError(f"{name} returned {shape} for {count} images, not a tensor ({count},)")
    if not values.isfinite().all():
        raise RequestError(f"{name} returned a number that is not finite")
    return values.double().cpu()


def condition_values(sample: PointSample, names: Sequence[str]) -> dict[str, Tensor]:
    """What the generator is told about the points, by name: 1 or 0 for a class, else the value."""
    conditions = sample.conditions
    assert conditions is not None
    if conditions.ndim == 1:
        conditions = torch.nn.functional.one_hot(conditions, len(names))
    return {name: column.double() for name, column in zip(names, conditions.T, strict=True)}
