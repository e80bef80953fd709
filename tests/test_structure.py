"""Objects that factories return are checked for attributes and methods."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from ganzoo import Discriminator, Generator, Networks
from ganzoo.errors import ContractError
from ganzoo.structure import require_structure


class CorrectLoss:
    independent_scores = False

    def discriminator(self, critic: Any, real: Any, fake: Any) -> Any: ...

    def generator(self, critic: Any, fake: Any, real: Any) -> Any: ...


class Misspelled(CorrectLoss):
    def constrian(self, discriminator: Any) -> None: ...


class NoLoading(CorrectLoss):
    def state_dict(self) -> Any: ...


class CorrectRegularizer:
    network = "discriminator"
    every = 16
    independent_scores = True

    def terms(self, step: Any) -> Any: ...


class MisspelledMaps:
    identity = "maps"

    def __call__(self, images: Any) -> Any: ...

    def features_maps(self, images: Any) -> Any: ...


class Rotation:
    apply_to = "real"

    def sample_affine(self, n: int, image_shape: Any, random: Any) -> Any: ...


class MisspelledTint(Rotation):
    def sample_color_matrixes(self, n: int, channels: int, random: Any) -> Any: ...


def test_correct_components_pass_without_a_warning() -> None:
    require_structure("loss", CorrectLoss())
    require_structure("regularizer", CorrectRegularizer())
    require_structure("augmentation", Rotation())


class DarkGenerator(Generator):
    def forward(self, latents: Any, condition: Any = None) -> Any: ...


class PlainDiscriminator(Discriminator):
    def forward(self, images: Any, condition: Any = None) -> Any: ...


def test_latents_are_normal_unless_a_generator_draws_others() -> None:
    class Normal(DarkGenerator):
        latent_dim = 3

    class Uniform(DarkGenerator):
        def sample_latents(self, n: int, random: torch.Generator) -> torch.Tensor:
            return torch.rand(n, 2, generator=random)

    for generator in (Normal(), Uniform()):
        require_structure(
            "architecture", Networks(generator=generator, discriminator=PlainDiscriminator())
        )
    drawn = [Normal().sample_latents(2, torch.Generator().manual_seed(4)) for _ in range(2)]
    assert torch.equal(*drawn)
    assert torch.equal(drawn[0], torch.randn(2, 3, generator=torch.Generator().manual_seed(4)))


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({}, "ema has the name 'back', and others has no network"),
        ({"bac": nn.Linear(1, 1)}, "ema has the name 'back', and others has bac"),
        ({"back": nn.BatchNorm1d(1)}, "back has an EMA and batch norm, .* ganzoo.Generator"),
    ],
)
def test_a_network_that_cannot_have_an_ema_is_refused(
    others: dict[str, nn.Module], message: str
) -> None:
    generator = DarkGenerator()
    generator.latent_dim = 2
    networks = Networks(
        generator=generator, discriminator=PlainDiscriminator(), others=others, ema=["back"]
    )
    with pytest.raises(ContractError, match=message):
        require_structure("architecture", networks)


@pytest.mark.parametrize("latent_dim", [None, 0, "8"])
def test_a_generator_needs_the_length_of_its_latents(latent_dim: Any) -> None:
    class Wrong(DarkGenerator):
        pass

    if latent_dim is not None:
        Wrong.latent_dim = latent_dim
    with pytest.raises(ContractError, match="has no latent_dim: set it to the length of a latent"):
        require_structure(
            "architecture", Networks(generator=Wrong(), discriminator=PlainDiscriminator())
        )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"network": 5}, 'network is 5, not a name such as "discriminator"'),
        ({"network": ()}, r"network is \(\), not a name"),
        (
            {"network": ("generator", "discriminator"), "every": 2},
            "every is 2, but must be 1 for several networks",
        ),
        ({"every": 0}, "every is 0, not a whole number from 1 on"),
        ({"every": True}, "every is True, not"),
        ({"independent_scores": None}, "independent_scores is None, not True or False"),
        ({"terms": 5}, "Wrong has no method terms"),
        ({"observe": 5}, "Wrong has no method observe"),
    ],
)
def test_a_regularizer_lacks_something(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        require_structure("regularizer", type("Wrong", (CorrectRegularizer,), wrong)())


@pytest.mark.parametrize(
    ("kind", "built", "message"),
    [
        (
            "loss",
            Misspelled(),
            "Misspelled has no method constrain: rename constrian to constrain",
        ),
        (
            "augmentation",
            MisspelledTint(),
            "MisspelledTint has no method sample_color_matrix: rename sample_color_matrixes to "
            "sample_color_matrix",
        ),
        (
            "extractor",
            MisspelledMaps(),
            "MisspelledMaps has no method feature_maps: rename features_maps to feature_maps",
        ),
    ],
)
def test_a_misspelled_optional_method_is_warned_of(kind: str, built: object, message: str) -> None:
    with pytest.warns(UserWarning, match=message):
        require_structure(kind, built)


@pytest.mark.parametrize(
    ("kind", "built", "message"),
    [
        ("loss", NoLoading(), "NoLoading has no method load_state_dict"),
        ("loss", None, "NoneType has no method discriminator"),
        ("metric", 3, "returned an int, which cannot be called"),
        ("dataset", [], "no class_names"),
    ],
)
def test_a_missing_method_or_attribute_is_named(kind: str, built: object, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        require_structure(kind, built)
