"""Path length regularization and style mixing, with a small style-based generator."""

from math import prod

import torch
from pydantic import Field
from torch import Tensor, nn

from ganzoo import (
    ArchitectureSpec,
    Condition,
    Discriminator,
    Generator,
    ImageShape,
    LossRequirements,
    Networks,
    Options,
    RegularizerSpec,
    Step,
    Terms,
    hookimpl,
)

LATENT, WIDTH, LAYERS = 4, 8, 3


class StyleGenerator(Generator):
    """Layers whose units are scaled by styles, which are mapped from latents.

    Latents are (N, 4), or (N, 3, 4) with one for each layer.
    """

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        self.shape = image_shape
        self.mapping = nn.Sequential(nn.Linear(LATENT, LATENT), nn.LeakyReLU(0.2))
        self.constant = nn.Parameter(torch.ones(WIDTH))
        self.styles = nn.ModuleList(nn.Linear(LATENT, WIDTH) for _ in range(LAYERS))
        self.layers = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(LAYERS))
        self.to_image = nn.Linear(WIDTH, prod(image_shape))

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """One latent for all layers."""
        return torch.randn(n, LATENT, generator=random, device=random.device)

    def sample_training_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Style mixing (Karras et al. 2019, arXiv 1812.04948, section 3.1).

        With probability 0.9 the layers from a random one on get a second latent.
        """
        first, second = (self.sample_latents(n, random)[:, None] for _ in range(2))
        u, start = torch.rand(2, n, 1, 1, generator=random, device=random.device)
        layer = torch.arange(LAYERS, device=random.device)[None, :, None]
        mixed = (u < 0.9) & (layer >= 1 + (start * (LAYERS - 1)).floor())
        return torch.where(mixed, second, first)

    def map(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """The intermediate latents of the layers, (N, 3, 4)."""
        per_layer = latents if latents.ndim == 3 else latents[:, None].expand(-1, LAYERS, -1)
        intermediate: Tensor = self.mapping(per_layer)
        return intermediate

    def synthesize(self, intermediate: Tensor) -> Tensor:
        """Images, (N, C, H, W)."""
        x: Tensor = self.constant
        for layer, style, w in zip(self.layers, self.styles, intermediate.unbind(1), strict=True):
            x = torch.tanh(layer(x * (1 + style(w))))
        images: Tensor = self.to_image(x).view(-1, *self.shape)
        return images

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images, (N, C, H, W)."""
        return self.synthesize(self.map(latents, condition))


class ConvolutionalDiscriminator(Discriminator):
    """One convolution, then the mean."""

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        convolution = nn.Conv2d(image_shape.channels, WIDTH, 3)
        self.layers = nn.Sequential(convolution, nn.LeakyReLU(0.2), nn.Conv2d(WIDTH, 1, 3))

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores, (N,)."""
        scores: Tensor = self.layers(images).mean((1, 2, 3))
        return scores


class PathLengthOptions(Options):
    """Options of path length regularization."""

    weight: float = Field(2.0, ge=0, le=1e6, description="Weight of the regularization.")
    decay: float = Field(0.99, ge=0, lt=1, description="Decay of the moving mean of lengths.")
    every: int = Field(4, ge=1, le=1000, description="Steps from one use to the next.")


class PathLength(nn.Module):
    """weight * E[(||J_w^T y||_2 - a)^2] (Karras et al. 2020, arXiv 1912.04958, equation 4).

    J_w is the derivative of the image with respect to the intermediate latent w, y an image of
    normal noise, and a the moving mean of the lengths. With one w for each layer, the length is the
    root mean square over layers, as in the paper's code.
    """

    network = "generator"
    independent_scores = False
    mean: Tensor

    def __init__(self, options: PathLengthOptions) -> None:
        super().__init__()
        self.weight, self.decay, self.every = options.weight, options.decay, options.every
        self.register_buffer("mean", torch.zeros(()))

    def terms(self, step: Step) -> Terms:
        """The regularization, named ``path_length``."""
        images, w = step.fake.images, step.fake.intermediate
        if w is None:
            raise TypeError("path length regularization needs a generator with map and synthesize")
        # The division makes the length independent of the resolution (appendix B).
        y = step.normal(*images.shape[1:]) / prod(images.shape[2:]) ** 0.5
        (gradient,) = torch.autograd.grad((images * y).sum(), w, create_graph=True)
        lengths = gradient.square().sum(-1).view(len(w), -1).mean(1).sqrt()
        self.mean.lerp_(step.mean(lengths), 1 - self.decay)
        step.report("path length", lengths.mean())
        return {"path_length": self.weight * (lengths - self.mean.clone()).square().mean()}


def build(
    options: Options,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks."""
    return Networks(
        generator=StyleGenerator(image_shape), discriminator=ConvolutionalDiscriminator(image_shape)
    )


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """One architecture."""
    return [
        ArchitectureSpec(
            name="styles",
            summary="A generator with a mapping network and style mixing.",
            factory=build,
            reference="Karras et al. 2019, arXiv 1812.04948",
        )
    ]


@hookimpl
def ganzoo_regularizers() -> list[RegularizerSpec]:
    """One regularizer."""
    return [
        RegularizerSpec(
            name="path-length",
            summary="Equal lengths of the steps in an image for equal steps in w.",
            factory=PathLength,
            options=PathLengthOptions,
            reference="Karras et al. 2020, arXiv 1912.04958",
        )
    ]
