"""The first layers of a generator: those that compute a linear function of a point."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.output.directions.sample import PointSample

_MOST_NUMBERS = 1024
"""The most numbers of a row for which the matrix of a layer is computed."""


@dataclass(frozen=True)
class FirstLayer:
    """A layer whose input has only numbers of a point, and constants such as a condition's."""

    layer: nn.Module
    constants: Tensor
    """Its input for a point of zeros, (1, ...)."""
    positions: Tensor
    """For each number of the input its position in the row, from 1; 0 for a constant."""

    def outputs(self, rows: Tensor) -> Tensor:
        """What rows (N, D) add to its output for a point of zeros, float64 (N, outputs)."""
        rows = torch.cat([torch.zeros(1, rows.shape[1]), rows]).to(self.constants)
        padded = torch.cat([rows.new_zeros(len(rows), 1), rows], 1)
        inputs = padded[:, self.positions] + self.constants
        outputs: Tensor = self.layer(inputs).flatten(1).double().cpu()
        return outputs[1:] - outputs[:1]


@torch.no_grad()
def gram_matrix(sample: PointSample) -> Tensor | None:
    """A^T A of the matrix A of all first layers, float64 (D, D).

    ``None`` if there is no first layer, because a generator normalizes its latents, for example; or
    if a point has more than 1,024 numbers.
    """
    width = sample.rows.shape[1]
    if width > _MOST_NUMBERS:
        return None
    unit, test = torch.eye(width), sample.rows[:4]
    gram = torch.zeros(width, width, dtype=torch.float64)
    found = False
    for layer in first_layers(sample):
        matrix = layer.outputs(unit)
        if torch.allclose(layer.outputs(test), test.double() @ matrix, rtol=1e-3, atol=1e-4):
            gram += matrix @ matrix.T
            found = True
    return gram if found else None


@torch.no_grad()
def first_layers(sample: PointSample) -> list[FirstLayer]:
    """The layers with weights whose input has numbers of the point, unchanged.

    The generator gets a point of the numbers 1, 2, 3 ... and its negative. Where the two inputs of
    a layer differ, they say which number of the point is there.
    """
    found: list[FirstLayer] = []

    def look(layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        if len(inputs) != 1 or not isinstance(inputs[0], Tensor) or len(inputs[0]) != 2:
            return
        positive, negative = inputs[0].detach().float()
        differs = positive != negative
        numbers = positive[differs]
        whole = (numbers == numbers.round()) & (numbers >= 1) & (numbers <= width)
        if len(numbers) and bool((whole & (numbers == -negative[differs])).all()):
            positions = torch.where(differs, positive, 0.0).long()
            constants = torch.where(differs, 0.0, positive)[None]
            found.append(FirstLayer(layer, constants, positions))

    width = sample.rows.shape[1]
    numbers = torch.arange(1.0, width + 1)
    conditions = None if sample.conditions is None else sample.conditions[[0, 0]]
    with ExitStack() as hooks:
        for layer in sample.space.generator.modules():
            # A layer with spectral norm computes its weight in this child.
            inside = {name for name, _ in layer.named_children()} - {"parametrizations"}
            if not inside and any(True for _ in layer.parameters()):
                handle = layer.register_forward_pre_hook(look)
                hooks.callback(handle.remove)
        sample.images(torch.stack([numbers, -numbers]), conditions)
    return found
