"""Layers of networks for another resolution are found, without help of the networks."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from ganzoo import ImageShape, LossRequirements, Networks
from ganzoo.registry import Registry
from ganzoo.training.layer_matching import match, split
from tests.conftest import SMALL


def same_shape(name: str, old: Tensor, new: Tensor) -> Tensor | None:
    return old if old.shape == new.shape else None


def matched(old: nn.Module, new: nn.Module) -> dict[str, str]:
    found = match(old.state_dict(), new.state_dict(), same_shape)
    return {name: each.source for name, each in found.items() if name.endswith("weight")}


def convs(*widths: int) -> nn.Sequential:
    return nn.Sequential(*(nn.Conv2d(*pair, 3) for pair in pairwise(widths)))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ((8, 4, 3), (16, 8, 4, 3), {1: 0, 2: 1}),  # a generator whose layers end at the image
        ((3, 4, 8), (3, 4, 8, 16), {0: 0, 1: 1}),
        ((16, 8, 4, 3), (8, 4, 3), {0: 1, 1: 2}),
        ((9, 8, 4, 3), (9, 8, 8, 4, 3), {0: 0, 2: 1, 3: 2}),  # one in the middle
        ((4, 4, 4), (4, 4, 4, 4), {0: 0, 1: 1}),  # ambiguous: the first numbers
        ((4, 4, 4, 4), (4, 4, 4), {0: 0, 1: 1}),
        ((5, 6), (7, 8), {}),
    ],
)
def test_numbered_layers_are_matched_in_order(
    old: tuple[int, ...], new: tuple[int, ...], expected: dict[int, int]
) -> None:
    names = {f"{number}.weight": f"{before}.weight" for number, before in expected.items()}
    assert matched(convs(*old), convs(*new)) == names


def test_blocks_and_their_layers_are_matched() -> None:
    old = nn.ModuleDict({"blocks": nn.ModuleList([convs(8, 8, 4), convs(4, 4, 2)])})
    new = nn.ModuleDict({"blocks": nn.ModuleList([convs(16, 16, 8), convs(8, 8, 4)])})
    assert matched(old, new) == {
        "blocks.1.0.weight": "blocks.0.0.weight",
        "blocks.1.1.weight": "blocks.0.1.weight",
    }


def test_named_layers_are_matched_by_name() -> None:
    old, new = nn.ModuleDict({"b8": convs(3, 4)}), nn.ModuleDict({"b16": convs(3, 4)})
    assert matched(old, new) == {}


def test_a_layer_is_taken_only_with_its_weights() -> None:
    # The biases have the same shape, but belong to other weights.
    assert match(convs(3, 4).state_dict(), convs(5, 4).state_dict(), same_shape) == {}


def test_a_parametrization_is_part_of_its_layer() -> None:
    normal = parametrizations.spectral_norm(nn.Conv2d(3, 4, 3))
    found = match(normal.state_dict(), normal.state_dict(), same_shape)
    assert found.keys() == normal.state_dict().keys()
    path = "layers.0.parametrizations.weight.original"
    assert split(path) == ("layers.0", "parametrizations.weight.original")
    assert split("parametrizations.weight.0._u") == ("", "parametrizations.weight.0._u")
    assert split("scale") == ("", "scale")


@pytest.mark.parametrize("architecture", SMALL)
def test_every_architecture_has_layers_in_common_with_itself_at_another_size(
    architecture: str,
) -> None:
    sizes = (8, 16) if architecture == "growing-mlp" else (16, 32)
    old, new = (_networks(architecture, size) for size in sizes)
    for name, network in old.by_name().items():
        assert matched(network, network) == {key: key for key in matched(network, network)}
        taken = matched(network, new.by_name()[name])
        assert len(taken) >= len(matched(network, network)) / 3, name


def _networks(architecture: str, size: int) -> Networks:
    entry = Registry.discover().find("architecture", architecture)
    options = {
        key.removeprefix("architecture."): value
        for key, value in SMALL[architecture].items()
        if key.startswith("architecture.")
    }
    networks: Networks = entry.build(
        entry.component.options(**options),
        image_shape=ImageShape(3, size, size),
        condition=None,
        requirements=LossRequirements(),
    )
    return networks


def test_taken_values_are_those_of_the_old_network() -> None:
    old, new = convs(3, 4), convs(3, 4)
    found = match(old.state_dict(), new.state_dict(), same_shape)
    assert torch.equal(found["0.bias"].value, old.state_dict()["0.bias"])
