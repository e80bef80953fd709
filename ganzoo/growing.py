"""Networks that grow by one block per stage, as in Karras et al. 2017."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo.contracts import Discriminator, Generator, ImageShape


class _GrowingModule(nn.Module):
    """One block per stage, and one layer per stage between its features and its images."""

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
        """Set the current stage, and the fade from the previous stage: from 0 to 1."""
        self.stage, self.fade = stage, fade

    def stage_parameters(self, stage: int) -> Iterator[nn.Parameter]:
        """The parameters of the stage's block and image layer; stage 0 also has all others."""
        for owner, module in self._modules_with_stage():
            if owner == stage:
                yield from module.parameters()

    def _modules_with_stage(self) -> Iterator[tuple[int, nn.Module]]:
        for name, module in self.named_children():
            if name in ("blocks", "image_layers"):
                assert isinstance(module, nn.ModuleList)
                yield from enumerate(module)
            else:
                yield 0, module

    @property
    def _fading(self) -> bool:
        return self.stage > 0 and self.fade < 1


class GrowingGenerator(_GrowingModule, Generator):
    """A generator with one block per stage, and one image layer from features to images.

    Each block after the first doubles height and width. A subclass calls ``grown`` in its
    ``forward``; its other modules belong to the first stage.
    """

    def grown(self, x: Tensor) -> Tensor:
        """Images of the current stage, from the first block's input.

        During a fade they are interpolated with the images of the previous stage.
        """
        for block in self.blocks[: self.stage]:
            x = block(x)
        images: Tensor = self.image_layers[self.stage](self.blocks[self.stage](x))
        if self._fading:
            previous = interpolate(self.image_layers[self.stage - 1](x), scale_factor=2.0)
            images = previous.lerp(images, self.fade)
        return images


class GrowingDiscriminator(_GrowingModule, Discriminator):
    """A discriminator with one block per stage, and one image layer from images to features.

    Each block after the first halves height and width. A subclass calls ``grown`` in its
    ``forward``; its other modules belong to the first stage.
    """

    def grown(self, images: Tensor, *more: Tensor) -> Tensor:
        """The output of the first stage's block for images of the current stage.

        Image layers get the images and ``more``. During a fade their features are interpolated
        with those of the previous stage, from images reduced by average pooling.
        """
        x: Tensor = self.blocks[self.stage](self.image_layers[self.stage](images, *more))
        if self._fading:
            previous = self.image_layers[self.stage - 1](avg_pool2d(images, 2), *more)
            x = previous.lerp(x, self.fade)
        for block in reversed(self.blocks[: self.stage]):
            x = block(x)
        return x
