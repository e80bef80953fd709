"""What the page knows of a generator, apart from its networks."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from ganzoo.export.card import Card
from ganzoo.output.directions.saved import Direction
from ganzoo.output.latent_space import LatentSpace
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.output.truncation import mean_latent
from ganzoo.size import size

STORED = 64
"""The page has the latents of so many images of seed 0."""
_MOST_ROWS = 512
"""The most conditions of real images that the page has."""


def contents(trained: TrainedGenerator, directions: Sequence[Direction]) -> dict[str, Any]:
    """JSON values for the scripts of the page; tensors are float32 in base64."""
    latents, conditions = trained.latents(STORED), trained.conditions(STORED, 0)
    space = LatentSpace(trained.generator)
    with torch.no_grad():
        point = space.points(latents[:1], None if conditions is None else conditions[:1])
    return {
        "name": trained.run.title,
        "image_shape": trained.image_shape._asdict(),
        "intermediate": space.is_intermediate,
        "point_shape": point.shape[1:],
        "latents": {
            "shape": latents.shape[1:],
            "size": latents[0].numel(),
            "stored": STORED,
            "normal": has_normal_latents(trained),
        },
        "first": {"latents": encoded(latents), "conditions": _rows(conditions)},
        "mean": encoded(mean_latent(trained.generator)),
        "condition": trained.condition and trained.condition.to_plain(),
        "frequencies": _frequencies(trained),
        "directions": [{"name": each.name, "step": encoded(each.step)} for each in directions],
    }


def has_normal_latents(trained: TrainedGenerator) -> bool:
    """Whether the latents are independent normal numbers, so that the page can draw new ones."""
    random, same = (torch.Generator().manual_seed(0) for _ in range(2))
    latents = trained.generator.sample_latents(4, random)
    return torch.equal(latents, torch.randn(latents.shape, generator=same))


def facts(trained: TrainedGenerator, card: Card) -> Iterator[tuple[str, str]]:
    """What the page says about the generator: names and values."""
    shape = trained.image_shape
    yield "Dataset", trained.run.dataset.entry.component.name
    yield "Architecture", trained.run.architecture.entry.component.name
    yield "Plugin", card.plugin
    yield "Loss", trained.run.loss.entry.component.name
    yield "Images", f"{size(shape.width, shape.height)} pixels"
    yield "Parameters", f"{card.parameters:,}"
    yield "Latents", " x ".join(map(str, card.latent_shape))
    yield "Step", f"{card.step:,}"
    yield "Images seen", f"{card.images_seen:,}"
    if card.real_images:
        yield "Real images", f"{card.real_images:,}"
    for name, score in card.metrics.items():
        baseline = "" if score.baseline is None else f"; real images: {score.baseline:.4g}"
        yield name, f"{score.value:.4g} ({score.images:,} images{baseline})"
    if card.license:
        yield "License", card.license
    yield "Exported", card.date[:10]


def encoded(tensor: Tensor) -> str:
    """A tensor as float32 in base64, little-endian as WebAssembly is."""
    numbers = tensor.detach().cpu().float().contiguous().numpy().astype("<f4")
    return base64.b64encode(numbers.tobytes()).decode()


def _rows(conditions: Tensor | None) -> list[list[float]]:
    """One list of numbers for each condition."""
    return [] if conditions is None else conditions.reshape(len(conditions), -1).tolist()


def _frequencies(trained: TrainedGenerator) -> dict[str, Any] | None:
    """How often each class is drawn, or each of some rows of values."""
    if trained.frequencies is None:
        return None
    counts, rows = trained.frequencies.counts, trained.frequencies.rows
    if rows is None:
        return {"counts": counts}
    stride = -(-len(rows) // _MOST_ROWS)
    return {"counts": counts[::stride], "rows": encoded(rows[::stride])}
