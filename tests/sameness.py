"""Exact comparison of the results of runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

import ganzoo
from ganzoo.training.checkpoint import Checkpoints


def same(a: object, b: object) -> bool:
    """Whether two nested values are equal, and their tensors bit by bit."""
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def is_exact_after_a_resume(
    tiny: Callable[..., dict[str, Any]], architecture: str, settings: Mapping[str, Any]
) -> bool:
    """Whether four steps equal two and two more, with regularizers, feedback and a schedule."""
    changing = {**settings, "train.generator.lr": "2e-4 -> 0 cosine over 40 images"}
    if architecture == "growing-mlp":
        changing |= {"growth.fade_images": 8, "growth.stable_images": 8}
    more = {"settings": changing, "regularize": ["r1", "lecam"], "augment": "ada"}
    runs = [
        ganzoo.train(**tiny(name, architecture, "hinge", steps=steps, **more))
        for name, steps in (("straight", 4), ("halved", 2))
    ]
    ganzoo.resume(runs[1].folder, steps=4, quiet=True)
    one, two = (Checkpoints(run.folder / "checkpoints", 3).load() for run in runs)
    return same(one, two)
