"""BiGAN in one file: ``ganzoo train blossoms pairs bigan --plugin bigan.py``.

Three networks: a generator from latents to images, an encoder from images to latents, and a
discriminator of pairs of both (Donahue et al. 2016, arXiv 1605.09782).
"""

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import (
    ArchitectureSpec,
    Condition,
    Discriminator,
    Generator,
    ImageShape,
    LossRequirements,
    LossSpec,
    Method,
    Networks,
    Options,
    Phase,
    RequestError,
    Step,
    Terms,
    hookimpl,
)

LATENT, WIDTH = 16, 256


def layers(inputs: int, outputs: int) -> nn.Sequential:
    """Two layers, from (N, ...) to (N, outputs)."""
    first, last = nn.Linear(inputs, WIDTH), nn.Linear(WIDTH, outputs)
    return nn.Sequential(nn.Flatten(), first, nn.LeakyReLU(0.2), last)


class LayeredGenerator(Generator):
    """Two layers, then tanh."""

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        image = nn.Unflatten(1, tuple(image_shape))
        self.layers = nn.Sequential(layers(LATENT, prod(image_shape)), nn.Tanh(), image)

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Normal latents, (n, 16)."""
        return torch.randn(n, LATENT, generator=random, device=random.device)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images, (N, C, H, W) in [-1, 1]."""
        images: Tensor = self.layers(latents)
        return images


class PairDiscriminator(Discriminator):
    """Scores of pairs of an image and a latent, high for a real image."""

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        self.layers = layers(prod(image_shape) + LATENT, 1)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores (N,) of images alone, as every discriminator has: with latents of 0."""
        return self.of_pairs(images, images.new_zeros(len(images), LATENT))

    def of_pairs(self, images: Tensor, latents: Tensor) -> Tensor:
        """Scores, (N,)."""
        scores: Tensor = self.layers(torch.cat([images.flatten(1), latents], 1)).flatten()
        return scores


class BiGan(Method):
    """D tells pairs (x, E(x)) from pairs (G(z), z); then E and G learn to make them alike."""

    independent_scores = False

    def __init__(self, options: Options) -> None:
        """The method has no options."""

    def phases(self) -> Sequence[Phase]:
        """An update of D on new real images, then one of G and E together."""
        return [
            Phase(
                name="discriminator",
                networks=("discriminator",),
                terms=self.discriminator_terms,
                new_images=True,
            ),
            Phase(
                name="generator",
                networks=("generator", "encoder"),
                terms=self.generator_terms,
            ),
        ]

    def discriminator_terms(self, step: Step) -> Terms:
        """-E[log D(x, E(x))] - E[log(1 - D(G(z), z))], where D = sigmoid(score)."""
        real, fake = self.scores(step)
        return {"real": softplus(-real).mean(), "fake": softplus(fake).mean()}

    def generator_terms(self, step: Step) -> Terms:
        """The same with the opposite signs, so that the gradients do not vanish (section 3.4)."""
        real, fake = self.scores(step)
        return {"encoder": softplus(real).mean(), "adversarial": softplus(-fake).mean()}

    def scores(self, step: Step) -> tuple[Tensor, Tensor]:
        """The scores of (x, E(x)) and of (G(z), z)."""
        discriminator, encoder = step.networks["discriminator"], step.networks["encoder"]
        if not isinstance(discriminator, PairDiscriminator):
            raise RequestError("bigan needs a discriminator of pairs: the architecture pairs")
        x, fake = step.real.images, step.fake
        return (
            discriminator.of_pairs(step.augmented(x), encoder(x)),
            discriminator.of_pairs(step.augmented(fake.images), fake.latents),
        )


def build(
    options: Options,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """The three networks."""
    return Networks(
        generator=LayeredGenerator(image_shape),
        discriminator=PairDiscriminator(image_shape),
        others={"encoder": layers(prod(image_shape), LATENT)},
    )


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """One architecture."""
    summary = "A generator, an encoder, and a discriminator of pairs of an image and a latent."
    return [ArchitectureSpec(name="pairs", summary=summary, factory=build)]


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """One method, which is named where a loss is named."""
    return [
        LossSpec(
            name="bigan",
            summary="BiGAN: an encoder learns the inverse of the generator.",
            factory=BiGan,
            reference="Donahue et al. 2016, arXiv 1605.09782",
        )
    ]
