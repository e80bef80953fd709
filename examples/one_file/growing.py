"""Networks that grow: ``ganzoo train blossoms growing wgan-gp --plugin growing.py``."""

from collections.abc import Iterable

from torch import Tensor, nn

from ganzoo import (
    ArchitectureSpec,
    Condition,
    GrowingDiscriminator,
    GrowingGenerator,
    ImageShape,
    LossRequirements,
    Networks,
    Options,
    hookimpl,
)

WIDTH = 32


class SmallGenerator(GrowingGenerator):
    """A dense layer to 4 x 4 feature maps, then upsampling and a convolution per stage."""

    latent_dim = WIDTH

    def __init__(self, image_shape: ImageShape) -> None:
        stages = image_shape.halved_shapes()  # such as 4, 8, 16 and 32 pixels
        height, width = stages[0][1:]
        first = nn.Sequential(
            nn.Linear(WIDTH, WIDTH * height * width), nn.Unflatten(1, (WIDTH, height, width))
        )
        upsampling = [
            nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(WIDTH, WIDTH, 3, padding=1))
            for _ in stages[1:]
        ]
        to_rgb = [
            nn.Sequential(nn.ReLU(), nn.Conv2d(WIDTH, image_shape.channels, 1)) for _ in stages
        ]
        super().__init__(stages, [first, *upsampling], to_rgb)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images in [-1, 1]."""
        return self.grown(latents).clamp(-1, 1)


class SmallDiscriminator(GrowingDiscriminator):
    """A convolution and downsampling per stage, then one score."""

    def __init__(self, image_shape: ImageShape) -> None:
        stages = image_shape.halved_shapes()
        _, height, width = stages[0]
        score = nn.Sequential(nn.Conv2d(WIDTH, 1, (height, width)), nn.Flatten(0))
        downsampling = [
            nn.Sequential(nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.LeakyReLU(0.2), nn.AvgPool2d(2))
            for _ in stages[1:]
        ]
        from_rgb = [
            nn.Sequential(nn.Conv2d(image_shape.channels, WIDTH, 1), nn.ReLU()) for _ in stages
        ]
        super().__init__(stages, [score, *downsampling], from_rgb)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores, (N,)."""
        return self.grown(images)


def build(
    options: Options,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Generator and discriminator."""
    return Networks(
        generator=SmallGenerator(image_shape), discriminator=SmallDiscriminator(image_shape)
    )


@hookimpl
def ganzoo_architectures() -> Iterable[ArchitectureSpec]:
    """One architecture."""
    yield ArchitectureSpec(
        name="growing",
        summary="Networks that grow, with one convolution per stage.",
        factory=build,
        grows=True,
        recommends={"growth.fade_images": 20_000, "growth.stable_images": 20_000},
    )
