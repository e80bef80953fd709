from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo import (
    ImageShape,
    LossRequirements,
    Networks,
    ReconstructingDiscriminator,
    RequestError,
    SkipLayerExcitation,
)
from ganzoo_fastgan import FastganOptions, ReconstructionOptions
from ganzoo_fastgan.discriminator import Downsampling, FastganDiscriminator
from ganzoo_fastgan.layers import Noise
from ganzoo_fastgan.losses import Hinge
from ganzoo_fastgan.networks import build
from ganzoo_fastgan.reconstruction import Reconstruction, pyramid_distance
from tests.plugins.outputs import CONDITIONS, draw, layers, require_conditions, score
from tests.plugins.recipe_runs import recipe_run
from tests.plugins.steps import scores
from tests.sameness import same
from tests.trials.runs import state

TINY = {"base_channels": 1, "latent_dim": 4}


def build_networks(
    height: int = 32,
    width: int = 32,
    colors: int = 3,
    *,
    kind: str | None = None,
    independent: bool = False,
    **options: Any,
) -> Networks:
    torch.manual_seed(0)
    return build(
        FastganOptions(**{**TINY, **options}),
        image_shape=ImageShape(colors, height, width),
        condition=CONDITIONS[kind],
        requirements=LossRequirements(independent_scores=independent),
    )


def discriminator_of(networks: Networks) -> FastganDiscriminator:
    assert isinstance(networks.discriminator, FastganDiscriminator)
    return networks.discriminator


@pytest.mark.parametrize("colors", [1, 3, 5])
@pytest.mark.parametrize(("height", "width"), [(16, 16), (28, 28), (36, 72), (24, 40), (32, 16)])
def test_images_of_any_channels_and_sizes(height: int, width: int, colors: int) -> None:
    networks = build_networks(height, width, colors)
    images = draw(networks, 2)
    assert images.shape == (2, colors, height, width)
    assert images.abs().max() <= 1
    assert score(networks, images).shape[0] == 2
    for number in range(4):
        for made, expected in discriminator_of(networks).reconstruct(images, number):
            assert made.shape == expected.shape
            assert made.shape[1] == colors


@pytest.mark.parametrize("kind", ["class", "classes", "vector"])
def test_images_and_scores_depend_on_the_condition(kind: str) -> None:
    require_conditions(build_networks(kind=kind, norm="none"))


@pytest.mark.parametrize("size", [64, 256])
def test_the_image_and_its_copy_have_5_by_5_scores_each(size: int) -> None:
    networks = build_networks(size, size)
    assert score(networks, draw(networks, 1).repeat(2, 1, 1, 1)).shape == (2, 5 * 5 * 2)


def test_channels_are_those_of_the_paper() -> None:
    # Liu et al. 2021, appendix: 1024 channels at 4 x 4 pixels, 512, 256, 128, 128, 64, 32.
    networks = build_networks(256, 256, base_channels=64, latent_dim=2)
    generator = [norm.num_features // 2 for norm in layers(networks.generator, nn.BatchNorm2d)]
    assert list(dict.fromkeys(generator)) == [1024, 512, 256, 128, 64, 32]
    blocks = layers(discriminator_of(networks), Downsampling)
    found = [block.main[0][0].out_channels for block in blocks]
    assert found == [32, 64, 128, 256, 512]


@pytest.mark.parametrize("kind", [None, "class"])
@pytest.mark.parametrize("size", [16, 32, 128])
def test_gradients_reach_every_parameter(size: int, kind: str | None) -> None:
    networks = build_networks(size, size, kind=kind)
    images = draw(networks, 4)
    score(networks, images).square().mean().backward()
    pairs = discriminator_of(networks).reconstruct(images.detach(), 0)
    torch.stack([made.square().mean() for made, _ in pairs]).sum().backward()
    for network in (networks.generator, networks.discriminator):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name


def test_large_maps_are_excited_by_small_ones_as_in_figure_3() -> None:
    for size, count in ((32, 0), (64, 1), (256, 3), (1024, 4)):
        generator = build_networks(size, size).generator
        assert len(layers(generator, SkipLayerExcitation)) == count
    # Figure 4: 256 to 32, 128 to 16 and 64 to 8.
    assert len(layers(build_networks(256, 256).discriminator, SkipLayerExcitation)) == 3


def test_noise_is_new_in_training_and_fixed_in_evaluation() -> None:
    x = torch.zeros(2, 3, 8, 8)
    noise = Noise(ImageShape(3, 8, 8), 0)
    assert torch.equal(noise(x), x)  # its strength starts at 0
    nn.init.ones_(noise.strength)
    made = noise(x)
    assert not torch.equal(made, noise(x))
    assert not torch.equal(made[0], made[1])
    assert torch.equal(made[:, 0], made[:, 1])
    fixed = noise.eval()(x)
    assert torch.equal(fixed, noise(x))
    assert torch.equal(fixed[0], fixed[1])
    assert layers(build_networks().generator, Noise)


@pytest.mark.parametrize(
    ("norm", "independent", "kind"),
    [("auto", False, nn.BatchNorm2d), ("auto", True, nn.GroupNorm), ("none", False, nn.Identity)],
)
def test_the_norm_follows_the_requirements(norm: str, independent: bool, kind: Any) -> None:
    found = build_networks(norm=norm, independent=independent).discriminator
    norms = layers(found, nn.BatchNorm2d, nn.GroupNorm)
    assert norms == [layer for layer in layers(found, kind) if layer in norms]
    assert bool(norms) is (kind is not nn.Identity)


def test_penalties_of_the_gradient_can_be_computed() -> None:
    networks = build_networks(64, 64, independent=True)
    x = torch.rand(2, 3, 64, 64).requires_grad_()
    (gradient,) = torch.autograd.grad(networks.discriminator(x).sum(), x, create_graph=True)
    gradient.square().sum().backward()
    grads = [p.grad for p in networks.discriminator.parameters()]
    assert any(grad is not None and grad.any() for grad in grads)


@pytest.mark.parametrize(("size", "nearest"), [(8, "16 x 16"), (37, "36 x 36"), (250, "256 x 256")])
def test_other_sizes_are_refused_with_the_nearest_one(size: int, nearest: str) -> None:
    with pytest.raises(ValueError, match=f"the nearest size is {nearest}"):
        build_networks(size, size)


def test_reconstructions_are_of_the_image_a_copy_and_each_quadrant_in_turn() -> None:
    discriminator = discriminator_of(build_networks(32, 32))
    images = torch.rand(2, 3, 32, 32)
    targets = [[y for _, y in discriminator.reconstruct(images, n)] for n in range(5)]
    assert torch.equal(targets[0][0], images)
    torch.testing.assert_close(targets[0][1], nn.functional.avg_pool2d(images, 2))
    halves = slice(0, 16), slice(16, 32)
    quadrants = [images[:, :, rows, columns] for rows in halves for columns in halves]
    for number in range(5):
        assert torch.equal(targets[number][2], quadrants[number % 4])


def test_reconstructions_have_up_to_128_pixels_as_in_the_paper() -> None:
    pairs = discriminator_of(build_networks(512, 512)).reconstruct(torch.zeros(2, 3, 512, 512), 0)
    assert [made.shape[2:] for made, _ in pairs] == [(128, 128)] * 3


def test_the_distance_is_0_for_equal_images_and_sees_every_scale() -> None:
    x = torch.rand(2, 3, 32, 32)
    assert pyramid_distance(x, x) == 0
    constant = pyramid_distance(x, x + 0.5)
    torch.testing.assert_close(constant, torch.tensor(0.5))  # only the last level differs
    checkers = torch.ones(32, 32)
    checkers[::2, ::2] = checkers[1::2, 1::2] = -1
    torch.testing.assert_close(pyramid_distance(x, x + checkers), torch.tensor(1.0))  # the first


class OneStep:
    """A step with real images, a number, and margins from a list."""

    def __init__(self, discriminator: nn.Module, real: Tensor) -> None:
        self.real: Any = type("Real", (), {"images": real})
        self.networks = {"discriminator": discriminator}
        self.number = 3


def test_other_discriminators_are_refused_in_one_line(tmp_path: Path) -> None:
    regularizer = Reconstruction(ReconstructionOptions())
    step: Any = OneStep(nn.Linear(1, 1), torch.zeros(1, 3, 16, 16))
    with pytest.raises(RequestError, match="Linear does not: choose the architecture fastgan"):
        regularizer.terms(step)
    with pytest.raises(RequestError, match="DcganDiscriminator does not"):
        ganzoo.train(
            "blossoms",
            "dcgan",
            "hinge",
            settings={"regularize.fastgan-reconstruction": True, "architecture.base_channels": 1},
            resolution=16,
            steps=1,
            device="cpu",
            run_dir=tmp_path / "run",
        )


def test_the_reconstruction_is_the_sum_of_distances_times_the_weight() -> None:
    discriminator = discriminator_of(build_networks(16, 16))
    images = torch.rand(2, 3, 16, 16)
    step: Any = OneStep(discriminator.eval(), images)
    term = Reconstruction(ReconstructionOptions(weight=2)).terms(step)["reconstruction"]
    pairs = discriminator.reconstruct(images, 3)
    torch.testing.assert_close(term, 2 * sum(pyramid_distance(x, y) for x, y in pairs))


def test_the_hinge_loss_has_the_given_margins() -> None:
    given = scores(real=torch.tensor([[0.5, 2.0]]), fake=torch.tensor([[-0.5, -2.0]]))
    assert sum(Hinge().discriminator(given).values()) == (0.5 + 0.5) / 2
    margins = torch.tensor([[0.8, 0.9]])
    terms = Hinge().discriminator(given, margins, margins)
    torch.testing.assert_close(terms["real"], torch.tensor(0.15))
    torch.testing.assert_close(terms["fake"], torch.tensor(0.15))
    assert Hinge().generator(given)["adversarial"] == 1.25


def train(folder: Path, steps: int, **more: Any) -> dict[str, Any]:
    options = {f"architecture.{key}": value for key, value in TINY.items()}
    ganzoo.train(
        "blossoms",
        "fastgan",
        "soft-hinge",
        settings={"dataset.count": 8, "sample.count": 4, "log.every": 3, **options},
        resolution=16,
        batch_size=4,
        steps=steps,
        device="cpu",
        quiet=True,
        run_dir=folder,
        **more,
    )
    return state(folder, steps)


def test_a_run_resumes_exactly(tmp_path: Path) -> None:
    straight = train(tmp_path / "straight", 6)
    halved = train(tmp_path / "halved", 3)
    assert not same(halved, straight)
    ganzoo.resume(tmp_path / "halved", steps=6, quiet=True)
    assert same(state(tmp_path / "halved"), straight)
    decoders = [key for key in straight if ".discriminator.weights.decoders." in key]
    assert decoders
    journal = (tmp_path / "straight" / "metrics.jsonl").read_text("utf-8")
    assert '"reconstruction"' in journal or "/reconstruction" in journal


def test_bf16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True, raising=False)
    reduced = train(tmp_path / "bf16", 2, precision="bf16")
    assert all(v.isfinite().all() for v in reduced.values() if isinstance(v, Tensor))


def test_a_discriminator_that_reconstructs_is_recognized() -> None:
    networks = build_networks()
    assert isinstance(networks.discriminator, ReconstructingDiscriminator)
    assert not isinstance(networks.generator, ReconstructingDiscriminator)


@pytest.mark.parametrize("name", ["fastgan-paper", "fastgan-small"])
def test_the_recipes_have_the_settings_of_the_paper(name: str) -> None:
    run = recipe_run(name)
    adam = run.train.generator, run.train.discriminator
    assert {(each.lr, tuple(each.betas)) for each in adam} == {(2e-4, (0.5, 0.999))}
    assert run.loss.entry.qualified_name == "fastgan/soft-hinge"
    assert list(run.regularize) == ["fastgan-reconstruction"]
    assert run.train.ema.decay == 0.999
    if name == "fastgan-paper":
        assert (run.train.batch_size, run.data.resolution) == (8, 256)
        assert run.architecture.options == FastganOptions()
