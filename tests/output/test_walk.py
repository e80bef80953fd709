from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from ganzoo.contracts import Generator
from ganzoo.imaging import enlarged, grid
from ganzoo.output.latent_space import slerp
from ganzoo.output.walk import eased, keyframe_latents, walk
from ganzoo.training.sampling import images_from_latents, make_images


class LatentPixels(Generator):
    """Latents of shape (2, 3) are the pixels; the label is subtracted."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        self.channels = channels
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        images = (self.weight * latents / 3)[:, None].expand(-1, self.channels, -1, -1)
        return images if condition is None else images - condition[:, None, None, None]

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, 2, 3, generator=random)


def test_a_walk_starts_with_the_images_of_its_seed() -> None:
    generator = LatentPixels()
    first = next(walk(generator, keyframe_latents(generator, 3, count=4, seed=7), frames=2))
    pixels = grid(enlarged(make_images(generator, 4, seed=7), factor=63))
    assert pixels.shape == (258, 384, 1)  # with a factor of 62, less than 256
    assert first.size == (384, 258)
    assert first.convert("L").tobytes() == pixels.tobytes()


def test_a_keyframe_depends_on_the_seed_and_its_numbers_alone() -> None:
    generator = LatentPixels()
    few, many = keyframe_latents(generator, 2, 3, seed=5), keyframe_latents(generator, 4, 9, seed=5)
    for j, latents in enumerate(few):
        assert torch.equal(latents, many[j][:3])
    seen = [*torch.cat(many), *torch.cat(keyframe_latents(generator, 4, 9, seed=6))]
    assert len({tuple(latent.flatten().tolist()) for latent in seen}) == 72


def test_a_walk_is_reproducible() -> None:
    generator = LatentPixels()
    once, again = (list(walk(generator, keyframe_latents(generator, 3, 2, 0), 2)) for _ in range(2))
    assert once == again
    assert len(once) == len({frame.tobytes() for frame in once}) == 6


def test_a_walk_is_a_loop_without_a_jump() -> None:
    generator = LatentPixels()
    keyframes = keyframe_latents(generator, 3, 1, seed=0)
    seen: list[Tensor] = []
    generator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    frames = list(walk(generator, keyframes, frames=10))
    assert len(frames) == 30
    for j, keyframe in enumerate(keyframes):
        assert torch.equal(seen[10 * j], keyframe)
    assert torch.equal(slerp(keyframes[-1], keyframes[0], 10 / 10), seen[0])
    strides = [float((q - p).norm()) for p, q in itertools.pairwise([*seen, seen[0]])]
    assert strides[-1] == pytest.approx(strides[-2], rel=0.2)


def test_a_smooth_walk_is_slow_near_its_keyframes() -> None:
    generator = MappedPixels()
    keyframes = keyframe_latents(generator, 2, 1, seed=0)
    list(walk(generator, keyframes, 4, easing="smooth"))
    a, b = map(generator.map, keyframes)
    expected = [a.lerp(b, t) for t in (0.0, 0.15625, 0.5, 0.84375)]
    torch.testing.assert_close(torch.stack(generator.seen[:4]), torch.stack(expected))
    assert [eased(t, "linear") for t in (0.0, 0.25, 1.0)] == [0.0, 0.25, 1.0]


def test_labels_are_passed_to_the_generator() -> None:
    generator = LatentPixels()
    keyframes = keyframe_latents(generator, 2, 2, seed=0)
    plain = next(walk(generator, keyframes, 1))
    assert next(walk(generator, keyframes, 1, torch.tensor([0, 0]))) == plain
    assert next(walk(generator, keyframes, 1, torch.tensor([0, 1]))) != plain


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
def test_frames_of_any_number_of_channels_are_rgb(channels: int) -> None:
    generator = LatentPixels(channels)
    (frame, _) = walk(generator, keyframe_latents(generator, 2, 1, 0), 1)
    assert frame.mode == "RGB"
    assert min(frame.size) >= 256


class MappedPixels(LatentPixels):
    """Intermediate latents are the cubes of the latents, less the label; images are these."""

    def map(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        w = (self.weight * latents) ** 3 / 30
        return w if condition is None else w - condition[:, None, None]

    def synthesize(self, intermediate: Tensor) -> Tensor:
        self.seen.append(intermediate)
        return intermediate[:, None].expand(-1, self.channels, -1, -1)

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.synthesize(self.map(latents, condition))


def test_a_walk_of_a_generator_with_intermediate_latents_is_linear_in_these() -> None:
    generator, labels = MappedPixels(), torch.tensor([0, 1, 0, 1])
    keyframes = keyframe_latents(generator, 2, 4, seed=0)
    first, *_ = walk(generator, keyframes, 4, labels)
    seen = torch.stack(generator.seen)
    a, b = (generator.map(latents, labels) for latents in keyframes)
    expected = [a.lerp(b, k / 4) for k in range(4)] + [b.lerp(a, k / 4) for k in range(4)]
    torch.testing.assert_close(seen, torch.stack(expected))
    images = grid(enlarged(images_from_latents(generator, keyframes[0], labels), factor=63))
    assert first.convert("L").tobytes() == images.tobytes()
