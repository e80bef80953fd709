from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from ganzoo import GeometricAugmentation, ImageShape
from ganzoo.augment.pipeline import Pipeline
from ganzoo_classic_augment import ganzoo_augmentations
from ganzoo_classic_augment.matrices import rotation, scaling, shear, translation

COMPONENTS = {component.name: component for component in ganzoo_augmentations()}
MANY = 4096


def build(name: str, **options: Any) -> GeometricAugmentation:
    component = COMPONENTS[name]
    augment = component.build(component.options(**options))
    assert isinstance(augment, GeometricAugmentation)
    return augment


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def shape(aspect: float = 1.0) -> ImageShape:
    return ImageShape(3, 32, int(32 * aspect))


def draw(name: str, aspect: float = 1.0, **options: Any) -> Tensor:
    return build(name, **options).sample_affine(MANY, shape(aspect), seeded())


def covers(values: Tensor, low: float, high: float) -> bool:
    """Whether the values are within the bounds and close to both of them."""
    room = (high - low) / 50
    return bool(
        low - 1e-6 <= values.min() < low + room and high - room < values.max() <= high + 1e-6
    )


def is_identity_except_at(matrices: Tensor, *entries: tuple[int, int]) -> bool:
    """Whether the matrices are the identity except at these entries."""
    rest = matrices - torch.eye(3)
    for row, column in entries:
        rest[:, row, column] = 0
    return not rest.any()


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (translation(torch.tensor([0.5]), torch.tensor([0.25])), [1.5, 2.25]),
        (scaling(torch.tensor([3.0]), torch.tensor([0.5])), [3, 1]),
        (rotation(torch.tensor([math.pi / 2])), [-2, 1]),
        (shear(torch.tensor([0.5])), [2, 2]),
    ],
    ids=["translation", "scaling", "rotation", "shear"],
)
def test_matrices_move_a_point(matrix: Tensor, expected: list[float]) -> None:
    torch.testing.assert_close(
        matrix @ torch.tensor([1.0, 2.0, 1.0]), torch.tensor([[*expected, 1.0]])
    )


def test_there_are_six_augmentations() -> None:
    assert list(COMPONENTS) == ["flip", "crop", "rotate", "shift", "shear", "zoom"]


@pytest.mark.parametrize("name", COMPONENTS)
def test_each_augmentation_samples_one_matrix_per_image(name: str) -> None:
    matrices = draw(name, aspect=2.0)
    assert matrices.shape == (MANY, 3, 3)
    assert matrices.dtype == torch.float32
    assert (matrices[:, 2] == torch.tensor([0.0, 0.0, 1.0])).all()
    assert (matrices.std(0) > 0.01).any()


@pytest.mark.parametrize("name", COMPONENTS)
def test_samples_depend_on_the_seed(name: str) -> None:
    augment = build(name)
    assert torch.equal(
        augment.sample_affine(99, shape(), seeded(3)), augment.sample_affine(99, shape(), seeded(3))
    )
    assert not torch.equal(
        augment.sample_affine(99, shape(), seeded(3)), augment.sample_affine(99, shape(), seeded(4))
    )


@pytest.mark.parametrize("name", COMPONENTS)
def test_apply_to_is_an_option(name: str) -> None:
    assert build(name).apply_to == "real"
    assert build(name, apply_to="all").apply_to == "all"
    with pytest.raises(ValidationError, match="apply_to"):
        build(name, apply_to="fake")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("flip", {"probability": 0}),
        ("crop", {"min_side": 1}),
        ("rotate", {"degrees": 0}),
        ("shift", {"width": 0, "height": 0}),
        ("shear", {"amount": 0}),
        ("zoom", {"amount": 0}),
    ],
)
def test_amount_0_changes_nothing(name: str, options: dict[str, float]) -> None:
    images = torch.rand(8, 3, 16, 32, generator=seeded())
    assert torch.equal(Pipeline([build(name, **options)])(images, seeded()), images)


@pytest.mark.parametrize(
    ("options", "axes"),
    [
        ({"probability": 1}, [3]),
        ({"probability": 0, "vertical": 1}, [2]),
        ({"probability": 1, "vertical": 1}, [2, 3]),
    ],
)
def test_flips_are_exact(options: dict[str, float], axes: list[int]) -> None:
    images = torch.rand(8, 3, 16, 32, generator=seeded())
    flipped = Pipeline([build("flip", **options)])(images, seeded())
    assert torch.equal(flipped, images.flip(axes))


def test_flips_are_independent_with_their_probabilities() -> None:
    across, down = draw("flip", probability=0.3, vertical=0.6).diagonal(0, 1, 2)[:, :2].T < 0
    assert across.float().mean().item() == pytest.approx(0.3, abs=0.03)
    assert down.float().mean().item() == pytest.approx(0.6, abs=0.03)
    assert (across & down).float().mean().item() == pytest.approx(0.18, abs=0.03)


@pytest.mark.parametrize("aspect", [0.5, 1.0, 2.0])
def test_crops_are_inside_the_image_and_keep_the_aspect_ratio(aspect: float) -> None:
    matrices = draw("crop", aspect, min_side=0.5)
    assert torch.equal(matrices[:, 0, 0], matrices[:, 1, 1])
    corner = torch.tensor([aspect, 1.0])
    right_bottom = (matrices @ torch.tensor([aspect, 1.0, 1.0]))[:, :2]
    left_top = (matrices @ torch.tensor([-aspect, -1.0, 1.0]))[:, :2]
    assert (right_bottom >= corner - 1e-6).all()
    assert (left_top <= -corner + 1e-6).all()


def test_crops_have_all_sizes_and_positions() -> None:
    matrices = draw("crop", aspect=2.0, min_side=0.5)
    side = 1 / matrices[:, 0, 0]
    assert covers(side, 0.5, 1)
    roomy = side < 0.9
    x, y = -(matrices[:, :2, 2].T * side / (1 - side))[:, roomy]
    assert covers(x, -2, 2)
    assert covers(y, -1, 1)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (24, 40), (48, 16)])
def test_crops_have_no_padding(height: int, width: int) -> None:
    """Every row and column has its own value: a reflected one would appear twice."""
    down = torch.arange(height).float()[:, None].expand(height, width)
    across = torch.arange(width).float().expand(height, width)
    images = torch.stack((down, across)).repeat(512, 1, 1, 1)
    cropped = Pipeline([build("crop", min_side=0.3)])(images, seeded())
    assert (cropped[:, 0].diff(dim=1) >= 0).all()
    assert (cropped[:, 1].diff(dim=2) >= 0).all()
    assert cropped[:, 0].min() == 0
    assert cropped[:, 0].max() == height - 1
    assert cropped[:, 1].max() == width - 1


def test_rotations_are_about_the_center_with_bounded_angles() -> None:
    matrices = draw("rotate", degrees=20)
    cos, sin = matrices[:, 0, 0], matrices[:, 1, 0]
    assert covers(torch.rad2deg(torch.atan2(sin, cos)), -20, 20)
    assert torch.equal(matrices[:, 0, 1], -sin)
    assert torch.equal(matrices[:, 1, 1], cos)
    assert not matrices[:, :2, 2].any()


@pytest.mark.parametrize("aspect", [0.5, 2.0])
def test_shifts_are_fractions_of_width_and_height(aspect: float) -> None:
    matrices = draw("shift", aspect, width=0.2, height=0.1)
    assert is_identity_except_at(matrices, (0, 2), (1, 2))
    assert covers(matrices[:, 0, 2], -0.2 * 2 * aspect, 0.2 * 2 * aspect)
    assert covers(matrices[:, 1, 2], -0.1 * 2, 0.1 * 2)


def test_positive_shifts_move_the_image_right_and_down() -> None:
    images = torch.zeros(64, 1, 32, 64)
    images[:, :, 16, 32] = 1
    augment = build("shift", width=0.25, height=0.25)
    x, y = augment.sample_affine(64, shape(2.0), seeded())[:, :2, 2].T * 16  # in pixels
    moved = Pipeline([augment])(images, seeded())[:, 0]
    weight = moved.sum((1, 2))
    torch.testing.assert_close((moved.sum(1) * torch.arange(64)).sum(1) / weight - 32, x)
    torch.testing.assert_close((moved.sum(2) * torch.arange(32)).sum(1) / weight - 16, y)


def test_shears_have_bounded_tangents() -> None:
    matrices = draw("shear", amount=0.25)
    assert is_identity_except_at(matrices, (0, 1))
    assert covers(matrices[:, 0, 1], -0.25, 0.25)


def test_zooms_keep_the_aspect_ratio_with_bounded_factors() -> None:
    matrices = draw("zoom", amount=0.2)
    assert is_identity_except_at(matrices, (0, 0), (1, 1))
    assert covers(matrices[:, 0, 0], 0.8, 1.2)
    assert torch.equal(matrices[:, 0, 0], matrices[:, 1, 1])


def test_zooms_above_1_enlarge() -> None:
    spot = torch.zeros(64, 1, 64, 64)
    spot[:, :, 24:40, 24:40] = 1
    augment = build("zoom", amount=0.2)
    factor = augment.sample_affine(64, shape(), seeded())[:, 0, 0]
    area = Pipeline([augment])(spot, seeded()).sum((1, 2, 3))
    torch.testing.assert_close(area, (16 * factor) ** 2, rtol=0.03, atol=0)


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("flip", "probability", 1.1),
        ("flip", "vertical", -0.1),
        ("crop", "min_side", 0),
        ("rotate", "degrees", 181),
        ("shift", "width", -0.1),
        ("shift", "height", 1.1),
        ("shear", "amount", math.inf),
        ("zoom", "amount", 1),
    ],
)
def test_options_have_bounds(name: str, option: str, value: float) -> None:
    with pytest.raises(ValidationError, match=option):
        build(name, **{option: value})
