"""Players that grow by one block of layers for each stage, as in Karras et al. 2017."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo.contracts import Discriminator, Generator, ImageShape


class _Staged(nn.Module):
    """A block for each stage, and a door between its features and its pictures."""

    def __init__(
        self,
        stages: Sequence[ImageShape],
        blocks: Iterable[nn.Module],
        doors: Iterable[nn.Module],
    ) -> None:
        super().__init__()
        self.stages = list(stages)
        self.blocks = nn.ModuleList(blocks)
        self.doors = nn.ModuleList(doors)
        self.grow(len(self.stages) - 1, fade=1.0)

    def grow(self, stage: int, fade: float) -> None:
        """Work at ``stage`` from now on, faded into the stage before."""
        self.stage, self.fade = stage, fade

    def added(self, stage: int) -> Iterator[nn.Parameter]:
        """The parameters of its block and its door; the first stage has all others, too."""
        for own, module in self._owners():
            if own == stage:
                yield from module.parameters()

    def _owners(self) -> Iterator[tuple[int, nn.Module]]:
        for name, module in self.named_children():
            if name in ("blocks", "doors"):
                assert isinstance(module, nn.ModuleList)
                yield from enumerate(module)
            else:
                yield 0, module

    @property
    def _fading(self) -> bool:
        return self.stage > 0 and self.fade < 1


class GrowingGenerator(_Staged, Generator):
    """A generator whose blocks each double height and width, and whose doors make pictures.

    A subclass calls ``grown`` in its ``forward``; modules of its own belong to the first stage.
    """

    def grown(self, x: Tensor) -> Tensor:
        """Pictures of the current stage from what the first block takes.

        While they fade in, from those of the stage before, with pixels repeated.
        """
        for block in self.blocks[: self.stage]:
            x = block(x)
        images: Tensor = self.doors[self.stage](self.blocks[self.stage](x))
        if self._fading:
            before = interpolate(self.doors[self.stage - 1](x), scale_factor=2.0)
            images = before.lerp(images, self.fade)
        return images


class GrowingDiscriminator(_Staged, Discriminator):
    """A discriminator whose doors take pictures, and whose blocks each halve height and width.

    A subclass calls ``grown`` in its ``forward``; modules of its own belong to the first stage.
    """

    def grown(self, images: Tensor, *more: Tensor) -> Tensor:
        """What the first stage's block makes of pictures of the current stage.

        Doors are called with the pictures and ``more``. While they fade in, what comes through the
        door of the stage before, from pictures shrunk to means, is faded over.
        """
        x: Tensor = self.blocks[self.stage](self.doors[self.stage](images, *more))
        if self._fading:
            before = self.doors[self.stage - 1](avg_pool2d(images, 2), *more)
            x = before.lerp(x, self.fade)
        for block in reversed(self.blocks[: self.stage]):
            x = block(x)
        return x
