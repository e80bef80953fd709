from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo import ApplyTo, Augmentation, ImageShape
from ganzoo.augment.pipeline import Pipeline
from ganzoo.shard import Shard

Matrix = list[list[float]]

IDENTITY: Matrix = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
MIRRORED: Matrix = [[-1, 0, 0], [0, 1, 0], [0, 0, 1]]
QUARTER: Matrix = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]  # clockwise, because y points down
RIGHT: Matrix = [[1, 0, 0.5], [0, 1, 0], [0, 0, 1]]  # moves by a quarter of the height


@dataclass
class Moved:
    matrix: Matrix
    apply_to: ApplyTo = "real"

    def sample_affine(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        return torch.tensor(self.matrix, dtype=torch.float32).repeat(n, 1, 1)


@dataclass
class Turned:
    """Rotates by a random angle and translates a little."""

    apply_to: ApplyTo = "real"

    def sample_affine(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        angle, x = torch.rand(2, n, generator=random)
        matrix = torch.eye(3).repeat(n, 1, 1)
        matrix[:, :2, :2] = torch.stack(
            [torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])]
        ).permute(2, 0, 1)
        matrix[:, 0, 2] = x
        return matrix


@dataclass
class Gained:
    """Multiplies channels by ``gain`` and adds ``shift``."""

    gain: float
    shift: float
    apply_to: ApplyTo = "real"

    def sample_color_matrix(self, n: int, channels: int, random: torch.Generator) -> Tensor:
        matrix = torch.diag(torch.tensor([self.gain] * channels + [1.0]))
        matrix[:channels, -1] = self.shift
        return matrix.repeat(n, 1, 1)


@dataclass
class Tinted:
    """Brightens each image by a random amount."""

    apply_to: ApplyTo = "all"

    def sample_color_matrix(self, n: int, channels: int, random: torch.Generator) -> Tensor:
        matrix = torch.eye(channels + 1).repeat(n, 1, 1)
        matrix[:, :channels, -1] = torch.rand(n, 1, generator=random)
        return matrix


@dataclass
class Squared:
    """Squares each image, times ``1 + noise * u`` with u random in [0, 1) per image."""

    noise: float = 0.0
    apply_to: ApplyTo = "all"

    def sample_parameters(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        assert image_shape.width > 1
        return 1 + self.noise * torch.rand(n, 1, 1, 1, generator=random)

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images.square() * parameters.to(images.dtype)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(*shape: int) -> Tensor:
    """Noise in [-1, 1], which shows errors of interpolation best."""
    return torch.rand(shape, generator=seeded(1)) * 2 - 1


def smooth(*shape: int) -> Tensor:
    return interpolate(noise(*shape[:2], 4, 4), shape[2:], mode="bicubic")


def test_an_empty_pipeline_returns_the_same_tensor() -> None:
    images = noise(2, 3, 8, 8)[:, :, ::2]  # in neither memory format
    assert Pipeline([])(images, seeded()) is images


@pytest.mark.parametrize("size", [(32, 32), (16, 64), (64, 32)])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_identity_and_flips_are_exact(channels: int, size: tuple[int, int]) -> None:
    images = noise(4, channels, *size)
    assert torch.equal(Pipeline([Moved(IDENTITY)])(images, seeded()), images)
    assert torch.equal(Pipeline([Moved(MIRRORED)])(images, seeded()), images.flip(3))


def test_the_identity_of_other_sizes_differs_by_less_than_a_gray_level() -> None:
    images = noise(4, 3, 75, 100)
    torch.testing.assert_close(
        Pipeline([Moved(IDENTITY)])(images, seeded()), images, atol=3e-5, rtol=0
    )


def test_a_rotation_by_90_degrees_is_clockwise() -> None:
    images = noise(4, 3, 32, 32)
    torch.testing.assert_close(
        Pipeline([Moved(QUARTER)])(images, seeded()), images.rot90(-1, (2, 3)), atol=1e-5, rtol=0
    )


def test_a_translation_to_the_right_pads_by_reflection() -> None:
    images = noise(2, 3, 32, 64)
    moved = Pipeline([Moved(RIGHT)])(images, seeded())
    torch.testing.assert_close(moved[..., 8:], images[..., :-8], atol=1e-5, rtol=0)
    torch.testing.assert_close(moved[..., :8], images[..., :8].flip(3), atol=1e-5, rtol=0)


def test_warps_are_composed_in_the_order_given() -> None:
    images = smooth(2, 3, 32, 64)
    turn = torch.tensor([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    move = torch.tensor([[1.0, 0.0, 0.5], [0.0, 1.0, 0.25], [0.0, 0.0, 1.0]])
    product = Pipeline([Moved((move @ turn).tolist())])(images, seeded())

    turned_then_moved = Pipeline([Moved(turn.tolist()), Moved(move.tolist())])(images, seeded())
    torch.testing.assert_close(turned_then_moved, product, atol=1e-5, rtol=0)

    moved_then_turned = Pipeline([Moved(move.tolist()), Moved(turn.tolist())])(images, seeded())
    assert (moved_then_turned - product).abs().max() > 0.1


def test_warps_that_cancel_out_do_not_blur() -> None:
    images = noise(2, 3, 32, 32)
    there: Matrix = [[1, 0, 1 / 32], [0, 1, 0], [0, 0, 1]]  # half a pixel
    back: Matrix = [[1, 0, -1 / 32], [0, 1, 0], [0, 0, 1]]
    assert torch.equal(Pipeline([Moved(there), Moved(back)])(images, seeded()), images)


@pytest.mark.parametrize("size", [(64, 128), (128, 64)])
def test_rotation_does_not_distort_images_that_are_not_square(size: tuple[int, int]) -> None:
    y, x = torch.meshgrid(*(torch.arange(s) + 0.5 - s / 2 for s in size), indexing="ij")
    disc = (20.5 - torch.hypot(x, y)).clamp(0, 1)[None, None]
    eighth: Matrix = [[0.5**0.5, -(0.5**0.5), 0], [0.5**0.5, 0.5**0.5, 0], [0, 0, 1]]
    turned = Pipeline([Moved(eighth)])(disc, seeded())
    near = torch.hypot(x, y) < 40  # farther out are reflections of the disc
    difference = (turned - disc)[..., near].abs()
    assert difference.max() < 0.3
    assert difference.mean() < 0.01


def test_colors_are_composed_in_the_order_given() -> None:
    images = noise(2, 3, 8, 16)
    changed = Pipeline([Gained(2, 0), Gained(1, 0.5)])(images, seeded())
    torch.testing.assert_close(changed, images * 2 + 0.5)


def test_channels_are_mixed() -> None:
    @dataclass
    class Swapped:
        apply_to: ApplyTo = "real"

        def sample_color_matrix(self, n: int, channels: int, random: torch.Generator) -> Tensor:
            return torch.eye(channels + 1)[[2, 1, 0, 3]].repeat(n, 1, 1)

    images = noise(2, 3, 8, 16).to(memory_format=torch.channels_last)
    assert torch.equal(Pipeline([Swapped()])(images, seeded()), images.flip(1))


def test_pixel_operations_are_applied_last() -> None:
    images = noise(2, 3, 8, 8)
    changed = Pipeline([Squared(), Gained(1, 1), Moved(MIRRORED)])(images, seeded())
    torch.testing.assert_close(changed, (images.flip(3) + 1).square())


def test_a_pipeline_has_the_augmentations_with_its_apply_to() -> None:
    augments: list[Augmentation] = [Moved(MIRRORED, apply_to="real"), Squared(apply_to="all")]
    images = noise(2, 3, 8, 8)
    assert torch.equal(Pipeline.of(augments, "real")(images, seeded()), images.flip(3))
    assert torch.equal(Pipeline.of(augments, "all")(images, seeded()), images.square())


def test_the_result_depends_on_the_seed() -> None:
    images = smooth(4, 3, 16, 16)
    pipeline = Pipeline([Turned(), Tinted()])
    assert torch.equal(pipeline(images, seeded(5)), pipeline(images, seeded(5)))
    assert not torch.equal(pipeline(images, seeded(5)), pipeline(images, seeded(6)))


def test_every_image_is_transformed_differently() -> None:
    images = smooth(1, 3, 16, 16).repeat(8, 1, 1, 1)
    changed = Pipeline([Turned()])(images, seeded())
    assert all(not torch.equal(changed[i], changed[j]) for i in range(8) for j in range(i))


@pytest.mark.parametrize("count", [2, 3])
def test_concatenated_shards_equal_the_whole_batch(count: int) -> None:
    images = smooth(6, 3, 16, 16)
    pipeline = Pipeline([Turned(), Tinted(), Turned(), Squared(noise=0.5)])
    parts = [
        pipeline(part, seeded(), Shard(rank, count))
        for rank, part in enumerate(images.chunk(count))
    ]
    # A batch matrix product may round differently by its size, by the last bit.
    torch.testing.assert_close(torch.cat(parts), pipeline(images, seeded()), atol=1e-6, rtol=0)


def test_the_pipeline_is_twice_differentiable() -> None:
    pipeline = Pipeline([Turned(), Tinted(), Squared()])
    images = smooth(2, 2, 4, 6).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: pipeline(x, seeded()), images)
    assert torch.autograd.gradgradcheck(lambda x: pipeline(x, seeded()), images)


@pytest.mark.parametrize("augment", [Turned(), Tinted(), Squared()])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_the_memory_format_is_kept(
    augment: Turned | Tinted | Squared, layout: torch.memory_format
) -> None:
    images = smooth(2, 3, 16, 24).contiguous(memory_format=layout)
    changed = Pipeline([augment])(images, seeded())
    assert changed.is_contiguous(memory_format=layout)
    assert changed.stride() == images.stride()


def test_the_memory_format_does_not_change_values() -> None:
    images = smooth(2, 3, 16, 24)
    pipeline = Pipeline([Turned(), Tinted()])
    torch.testing.assert_close(
        pipeline(images.to(memory_format=torch.channels_last), seeded()),
        pipeline(images, seeded()),
    )


def test_autocast_does_not_change_the_result() -> None:
    images = smooth(4, 3, 16, 16)
    pipeline = Pipeline([Turned(), Turned(), Tinted()])
    with torch.autocast("cpu", torch.bfloat16):
        within = pipeline(images, seeded())
    assert within.dtype == torch.float32
    assert torch.equal(within, pipeline(images, seeded()))


def test_a_shard_has_its_rows() -> None:
    drawn = torch.arange(6)
    assert [Shard(rank, 3).of(drawn).tolist() for rank in range(3)] == [[0, 1], [2, 3], [4, 5]]
    assert Shard().of(drawn).tolist() == drawn.tolist()
