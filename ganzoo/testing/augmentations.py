"""Checks of augmentations."""

from __future__ import annotations

from typing import get_args

import torch
from torch import Tensor

from ganzoo.augment.pipeline import Pipeline
from ganzoo.components import ComponentSpec
from ganzoo.contracts import (
    ApplyTo,
    Augmentation,
    ColorAugmentation,
    GeometricAugmentation,
    PixelAugmentation,
    RealImageReplacement,
)
from ganzoo.options import Options
from ganzoo.testing.methods import check_method_names, check_state_methods
from ganzoo.testing.problems import Problems
from ganzoo.testing.state import not_finite, rebuilt_with_state
from ganzoo.testing.updates import check_updates

_N = 4
_SHAPES = ((_N, 3, 16, 16), (_N, 1, 12, 20))
_KINDS = (GeometricAugmentation, ColorAugmentation, PixelAugmentation)
_METHODS = (
    *("sample_affine", "sample_color_matrix", "sample_parameters", "apply"),
    "replace_real",
)


def check_augmentation(component: ComponentSpec, options: Options, problems: Problems) -> None:
    """It keeps shape and dtype, depends on seed and state only, and passes gradients on."""
    augmentation = component.build(options)
    apply_to = getattr(augmentation, "apply_to", None)
    valid = problems.expect(apply_to in get_args(ApplyTo), f"apply_to is {apply_to!r}")
    check_method_names(augmentation, (*_METHODS, "state_dict", "load_state_dict"), problems)
    check_state_methods(augmentation, problems)
    # Without a valid apply_to it is an instance of no kind, even if it has the methods.
    has_method = any(hasattr(augmentation, method) for method in _METHODS)
    if not problems.expect(
        isinstance(augmentation, (*_KINDS, RealImageReplacement)) or (not valid and has_method),
        "it has no method that changes images: define sample_affine(), or sample_color_matrix(), "
        "or sample_parameters() and apply(), or replace_real()",
    ):
        return
    if isinstance(augmentation, RealImageReplacement):
        check_updates(component, options, problems)
    if not isinstance(augmentation, _KINDS):
        return
    for shape in _SHAPES:
        with problems.catching("it cannot be applied"):
            _check_applied(component, options, shape, problems)


def _check_applied(
    component: ComponentSpec, options: Options, shape: tuple[int, ...], problems: Problems
) -> None:
    augmentation: Augmentation = component.build(options)
    images = torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    before, global_state = images.clone(), torch.get_rng_state()
    images.requires_grad_()
    rebuilt = rebuilt_with_state(component, options, augmentation)
    result = _applied(augmentation, images, 1)
    again = _applied(rebuilt, images, 1)
    unused = torch.equal(global_state, torch.get_rng_state())
    problems.expect(
        unused,
        "uses the global random generator: draw from the one that the method gets",
    )
    unchanged = problems.expect(
        torch.equal(before, images), "changes its input in place: compute new images"
    )
    problems.expect(
        result.shape == images.shape,
        f"changes the shape of the images from {tuple(images.shape)} to {tuple(result.shape)}",
    )
    problems.expect(
        result.dtype == images.dtype,
        f"changes the dtype of the images from {images.dtype} to {result.dtype}",
    )
    if wrong := not_finite(result):
        problems.add(f"returns images that contain {wrong}")
    elif problems.expect(
        torch.equal(result, again),
        "should depend on its random generator and its state only: draw with generator=random",
    ):
        rebuilt = rebuilt_with_state(component, options, augmentation)
        problems.expect(
            torch.equal(_applied(augmentation, images, 2), _applied(rebuilt, images, 2)),
            "its images differ after a resume: return all state from state_dict() and restore it "
            "in load_state_dict()",
        )
    others = torch.cat([images[:1], -images[1:]]).detach()
    changed = _applied(component.build(options), others, 1)
    if unchanged and result.shape == changed.shape == images.shape:
        _check_each_image(images, result, changed, problems)


def _check_each_image(images: Tensor, result: Tensor, changed: Tensor, problems: Problems) -> None:
    """Each image is changed alone, and gets a gradient if the result depends on it.

    ``changed`` is the result for the same first image and other images after it.
    """
    if result.requires_grad:
        weights = torch.rand(result.shape, generator=torch.Generator().manual_seed(2))
        (result * weights).sum().backward()
    without = (
        images.grad is None
        or not images.grad.flatten(1).any(1)[(result != changed).flatten(1).any(1)].all()
    )
    problems.expect(
        not without,
        "passes no gradient to its input, or not to each image: use differentiable operations of "
        "torch, without round(), detach() or no_grad()",
    )
    problems.expect(
        torch.allclose(result[0], changed[0], atol=1e-5, equal_nan=True),
        "an image depends on the others of the batch, which are not the same with several "
        "processes: change each image alone",
    )


def _applied(augmentation: Augmentation, images: Tensor, seed: int) -> Tensor:
    return Pipeline([augmentation])(images, torch.Generator().manual_seed(seed))
