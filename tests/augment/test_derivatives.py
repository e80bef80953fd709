"""Augmentations have the second derivatives that gradient penalties need, on every device."""

from __future__ import annotations

import pytest
import torch

from ganzoo.augment.pipeline import Pipeline
from ganzoo.registry import Entry, Registry

ENTRIES = Registry.discover().entries("augmentation")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.qualified_name)
def test_no_derivative_is_that_of_grid_sample(entry: Entry) -> None:
    # On CUDA, and in some versions of torch, it has no derivative itself.
    spec = entry.component
    chosen = {"apply_to": "all", "p": 1.0}
    options = {k: v for k, v in chosen.items() if k in spec.options.model_fields}
    augmentation = spec.build(spec.options(**options))
    images = torch.rand(4, 3, 8, 8).requires_grad_()
    random = torch.Generator().manual_seed(0)
    squares = Pipeline([augmentation])(images, random).square().sum()
    (gradient,) = torch.autograd.grad(squares, images, create_graph=True)
    assert gradient.requires_grad
    names, nodes = set[str](), [gradient.grad_fn]
    while nodes:
        node = nodes.pop()
        if node is not None:
            names.add(node.name())
            nodes += [before for before, _ in node.next_functions]
    assert not any("GridSampler" in name for name in names)
