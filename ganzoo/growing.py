"""Networks that grow by one block of layers for each stage, as in Karras et al. 2017."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo.contracts import Discriminator, Generator, ImageShape


class _Staged(nn.Module):
    """A block for each stage, and a layer between its features and its images."""

    def __init__(
        self,
        stages: Sequence[ImageShape],
        blocks: Iterable[nn.Module],
        image_layers: Iterable[nn.Module],
    ) -> None:
        super().__init__()
        self.stages = list(stages)
        self.blocks = nn.ModuleList(blocks)
        self.image_layers = nn.ModuleList(image_layers)
        self.grow(len(self.stages) - 1, fade=1.0)

    def grow(self, stage: int, fade: float) -> None:
        """Work at ``stage`` from now on, faded into the stage before."""
        self.stage, self.fade = stage, fade

    def stage_parameters(self, stage: int) -> Iterator[nn.Parameter]:
        """The parameters of the stage's block and image layer; stage 0 also has all others."""
        for own, module in self._owners():
            if own == stage:
                yield from module.parameters()

    def _owners(self) -> Iterator[tuple[int, nn.Module]]:
        for name, module in self.named_children():
            if name in ("blocks", "image_layers"):
                assert isinstance(module, nn.ModuleList)
                yield from enumerate(module)
            else:
                yield 0, module

    @property
    def _fading(self) -> bool:
        return self.stage > 0 and self.fade < 1


class GrowingGenerator(_Staged, Generator):
    """A generator with one block for each stage, and one image layer from features to images.

    Each block after the first doubles height and width.

    A subclass calls ``grown`` in its ``forward``; modules of its own belong to the first stage.
    """

    def grown(self, x: Tensor) -> Tensor:
        """Images of the current stage, from the first block's input.

        While the newest layers fade in, they are mixed with the images of the stage before.
        """
        for block in self.blocks[: self.stage]:
            x = block(x)
        images: Tensor = self.image_layers[self.stage](self.blocks[self.stage](x))
        if self._fading:
            before = interpolate(self.image_layers[self.stage - 1](x), scale_factor=2.0)
            images = before.lerp(images, self.fade)
        return images


class GrowingDiscriminator(_Staged, Discriminator):
    """A discriminator with one block for each stage, and one image layer from images to features.

    Each block after the first halves height and width.

    A subclass calls ``grown`` in its ``forward``; modules of its own belong to the first stage.
    """

    def grown(self, images: Tensor, *more: Tensor) -> Tensor:
        """What the first stage's block makes of images of the current stage.

        Image layers are called with the images and ``more``. While the newest layers fade in, their
        features are mixed with those of the stage before, from images shrunk to means.
        """
        x: Tensor = self.blocks[self.stage](self.image_layers[self.stage](images, *more))
        if self._fading:
            before = self.image_layers[self.stage - 1](avg_pool2d(images, 2), *more)
            x = before.lerp(x, self.fade)
        for block in reversed(self.blocks[: self.stage]):
            x = block(x)
        return x
