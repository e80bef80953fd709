"""CycleGAN (Zhu et al. 2017, arXiv 1703.10593): four networks, and images of two domains.

An image has its two domains side by side: A in its left half, B in its right half. The generator
translates A to B. Its latents are images of A, and its output has both side by side again.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from ganzoo import (
    ArchitectureSpec,
    Condition,
    DatasetSpec,
    Discriminator,
    Generator,
    ImageShape,
    LossRequirements,
    LossSpec,
    Method,
    Networks,
    Options,
    Phase,
    Step,
    Terms,
    hookimpl,
)

WIDTH, STORED = 4, 8


def halves(images: Tensor) -> tuple[Tensor, Tensor]:
    """The left and the right half, (N, C, H, W / 2) each."""
    a, b = images.chunk(2, dim=3)
    return a, b


def translator(channels: int) -> nn.Sequential:
    """Two convolutions, from images to images in [-1, 1]."""
    first, last = nn.Conv2d(channels, WIDTH, 3, 1, 1), nn.Conv2d(WIDTH, channels, 3, 1, 1)
    return nn.Sequential(first, nn.Tanh(), last, nn.Tanh())


class Translator(Generator):
    """Translates A to B; samples are translations of a few real images, which are stored."""

    sources: Tensor

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        channels, height, width = image_shape
        self.layers = translator(channels)
        self.register_buffer("sources", torch.rand(STORED, channels, height, width // 2) * 2 - 1)

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Stored images of A, (n, C, H, W / 2)."""
        index = torch.randint(STORED, (n,), generator=random, device=random.device)
        return self.sources.to(random.device)[index]

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images of A and their translations, (N, C, H, W)."""
        return torch.cat([latents, self.layers(latents)], 3)


class DomainDiscriminator(Discriminator):
    """Scores of patches of one half of an image, (N, K)."""

    def __init__(self, channels: int, domain: int) -> None:
        super().__init__()
        self.domain = domain
        first, last = nn.Conv2d(channels, WIDTH, 3), nn.Conv2d(WIDTH, 1, 3)
        self.layers = nn.Sequential(first, nn.LeakyReLU(0.2), last, nn.Flatten())

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores, (N, K)."""
        scores: Tensor = self.layers(halves(images)[self.domain])
        return scores


class CycleOptions(Options):
    """Options of CycleGAN."""

    weight: float = Field(10.0, ge=0, le=1e6, description="Weight of the cycle; lambda.")


class CycleGan(Method):
    """The objective of equation 3 with the least squares of section 4, G from A to B and F back.

    Not from the paper: no earlier translations are kept for the discriminators.
    """

    independent_scores = False

    def __init__(self, options: CycleOptions) -> None:
        self.weight = options.weight

    def phases(self) -> Sequence[Phase]:
        """An update of both generators on new images, then one of both discriminators."""
        return [
            Phase(
                name="generators",
                networks=("generator", "back"),
                terms=self.generators,
                after=self.store_sources,
                new_images=True,
            ),
            Phase(
                name="discriminators",
                networks=("discriminator", "discriminator_a"),
                terms=self.discriminators,
            ),
        ]

    def generators(self, step: Step) -> Terms:
        """(D_B(G(a)) - 1)^2 + (D_A(F(b)) - 1)^2 + lambda (|F(G(a)) - a| + |G(F(b)) - b|)."""
        networks, (a, b) = step.networks, halves(step.real.images)
        to_b, to_a = step.generate(a).images, networks["back"](b)
        scores = step.critic(to_b), networks["discriminator_a"](torch.cat([to_a, b], 3))
        cycle_a = networks["back"](halves(to_b)[1]) - a
        cycle_b = halves(step.generate(to_a).images)[1] - b
        return {
            "b": (scores[0] - 1).square().mean(),
            "a": (scores[1] - 1).square().mean(),
            "cycle": self.weight * (cycle_a.abs().mean() + cycle_b.abs().mean()),
        }

    def discriminators(self, step: Step) -> Terms:
        """(D(x) - 1)^2 / 2 + D(y)^2 / 2 for real images x and translations y of each domain."""
        networks, real = step.networks, step.real.images
        a, b = halves(real)
        to_b, to_a = step.generate(a).images, networks["back"](b).detach()
        discriminator_a, fake_a = networks["discriminator_a"], torch.cat([to_a, b], 3)
        return {
            "b": _least_squares(step.critic(real), step.critic(to_b)),
            "a": _least_squares(discriminator_a(real), discriminator_a(fake_a)),
        }

    def store_sources(self, step: Step) -> None:
        """Use the first images of A as the latents of samples."""
        if step.number == 0:
            a = step.gather(halves(step.real.images)[0])[:STORED]
            stored = step.networks["generator"].get_buffer("sources")
            stored[: len(a)] = a


def _least_squares(real: Tensor, fake: Tensor) -> Tensor:
    return ((real - 1).square().mean() + fake.square().mean()) / 2


class Squares:
    """A bright square on a dark image of A, and the colors inverted in B."""

    class_names = ()
    fingerprint = "squares-1"

    def __init__(self, options: Options) -> None:
        """The dataset has no options."""

    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], None]:
        y, x = divmod(range(len(self))[index], 5)
        a = np.full((8, 8, 3), (30, 60, 90), np.uint8)
        a[y : y + 4, x : x + 4] = (250, 200, 10 * index)
        return np.concatenate([a, 255 - a], 1), None


def build(
    options: Options,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """The four networks."""
    if image_shape.width % 2:
        raise ValueError("images need an even width, because the domains are side by side")
    channels = image_shape.channels
    return Networks(
        generator=Translator(image_shape),
        discriminator=DomainDiscriminator(channels, domain=1),
        others={
            "back": translator(channels),
            "discriminator_a": DomainDiscriminator(channels, domain=0),
        },
        ema=["back"],
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """One dataset."""
    size = {"data.resolution": "16x8"}
    summary = "Squares, and the same images with inverted colors beside them."
    return [DatasetSpec(name="squares", summary=summary, factory=Squares, recommends=size)]


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """One architecture."""
    summary = "Generators and discriminators of two domains."
    return [ArchitectureSpec(name="two-domains", summary=summary, factory=build)]


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """One loss."""
    return [
        LossSpec(
            name="cycle-gan",
            summary="CycleGAN for images whose halves are two domains.",
            factory=CycleGan,
            options=CycleOptions,
            reference="Zhu et al. 2017, arXiv 1703.10593",
        )
    ]
