"""What an augmentation must do."""

from __future__ import annotations

from typing import get_args

import torch
from torch import Tensor

from ganzoo.augment.pipeline import Pipeline
from ganzoo.components import ComponentSpec, Options
from ganzoo.contracts import (
    ApplyTo,
    Augmentation,
    ColorAugmentation,
    GeometricAugmentation,
    PixelAugmentation,
)
from ganzoo.testing.findings import Findings
from ganzoo.testing.members import check_adaptive, check_members
from ganzoo.testing.state import not_finite, resumed

_N = 4
_SHAPES = ((_N, 3, 16, 16), (_N, 1, 12, 20))
_KINDS = (GeometricAugmentation, ColorAugmentation, PixelAugmentation)


def check_augmentation(component: ComponentSpec, options: Options, found: Findings) -> None:
    """Images keep their shape, follow from seed and state alone, and let gradients through."""
    augment = component.build(options)
    apply_to = getattr(augment, "apply_to", None)
    placed = found.expect(apply_to in get_args(ApplyTo), f"apply_to is {apply_to!r}")
    methods = ("warp", "recolor", "draw", "apply", "state_dict", "load_state_dict")
    check_members(augment, methods, found)
    check_adaptive(augment, found)
    known = any(hasattr(augment, method) for method in methods[:4])
    complete = isinstance(augment, _KINDS) or (not placed and known)
    if not found.expect(
        complete, "it changes nothing: it needs warp(), or recolor(), or draw() and apply()"
    ):
        return
    for shape in _SHAPES:
        with found.trying("it cannot be applied"):
            _check_applied(component, options, shape, found)


def _check_applied(
    component: ComponentSpec, options: Options, shape: tuple[int, ...], found: Findings
) -> None:
    augment: Augmentation = component.build(options)
    images = torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    before, state = images.clone(), torch.get_rng_state()
    leaf = images.requires_grad_()
    same_state = resumed(component, options, augment)
    made = _applied(augment, leaf, 1)
    again = _applied(same_state, leaf, 1)
    found.expect(torch.equal(state, torch.get_rng_state()), "draws from the global state")
    found.expect(torch.equal(before, leaf), "changes the images it is given")
    found.expect(made.shape == images.shape, "changes the shape")
    found.expect(made.dtype == images.dtype, "changes the dtype")
    if wrong := not_finite(made):
        found.add(f"makes images that hold {wrong}")
    elif found.expect(
        torch.equal(made, again), "should follow from its random generator and its state alone"
    ):
        later = resumed(component, options, augment)
        found.expect(
            torch.equal(_applied(augment, leaf, 2), _applied(later, leaf, 2)),
            "it goes on differently after a resume: what changes while it trains belongs in "
            "state_dict() and load_state_dict()",
        )
    if made.requires_grad:
        made.sum().backward()
    found.expect(leaf.grad is not None, "no gradient passes")


def _applied(augment: Augmentation, images: Tensor, seed: int) -> Tensor:
    return Pipeline([augment])(images, torch.Generator().manual_seed(seed))
