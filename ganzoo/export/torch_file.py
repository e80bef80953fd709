"""Exports as programs of torch, which run without ganzoo and without the plugin's code."""

from __future__ import annotations

import io
from pathlib import Path

import torch

from ganzoo.export.card import Card
from ganzoo.export.program import image_program, require_same
from ganzoo.folders import write_atomically
from ganzoo.output.trained_generator import TrainedGenerator

TOLERANCE = 1e-4
"""The largest difference from the network that is allowed, in images of -1 to 1."""


def write(trained: TrainedGenerator, card: Card, path: Path) -> dict[str, float]:
    """Write the generator with its card, and return its largest difference from the network.

    ``torch.export.load(path).module()`` is called with ``latents``, float32 (N, ...), and, if the
    generator is conditional, ``condition``. It returns images, float32 (N, C, H, W) in [-1, 1]. The
    card is JSON, the extra file ``card.json``.

    Raises RequestError if the generator cannot be exported, or if the file differs from the network
    too much, and OSError if it cannot be written.
    """
    program = image_program(trained)
    # Without autocast, which torch cannot store where it contains no operation.
    exported = program.export().run_decompositions({})
    file = io.BytesIO()
    torch.export.save(exported, file, extra_files={"card.json": card.to_json()})
    file.seek(0)
    module = torch.export.load(file).module()
    difference = program.largest_difference(lambda inputs: module(*inputs.values()))
    require_same(difference, TOLERANCE, "torch.export")
    write_atomically(path, file.getvalue())
    return {"largest difference from torch": difference}
