"""Random numbers for the layers of networks, the same for any number of processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property

import torch
from torch import Tensor

from ganzoo.batch_rows import batches_in_pass
from ganzoo.shard import Shard


class NoiseSource:
    """The random numbers of one update, drawn for the whole batch.

    ``random`` returns the random generator; it is called when numbers are first needed.
    """

    def __init__(self, random: Callable[[], torch.Generator], shard: Shard) -> None:
        self._random = random
        self._shard = shard

    @cached_property
    def _generator(self) -> torch.Generator:
        return self._random()

    def normal(self, n: int, shape: tuple[int, ...], device: torch.device) -> Tensor:
        """The ``n`` rows of this part of the batch, from N(0, 1)."""
        return self._draw(torch.randn, n, shape, device)

    def uniform(self, n: int, shape: tuple[int, ...], device: torch.device) -> Tensor:
        """The ``n`` rows of this part of the batch, from U[0, 1)."""
        return self._draw(torch.rand, n, shape, device)

    def _draw(
        self, draw: Callable[..., Tensor], n: int, shape: tuple[int, ...], device: torch.device
    ) -> Tensor:
        random, batches = self._generator, batches_in_pass()
        size = (n // batches * self._shard.count, *shape)
        rows = [
            self._shard.of(draw(size, generator=random, device=random.device))
            for _ in range(batches)
        ]
        return torch.cat(rows).to(device)


_source: ContextVar[NoiseSource | None] = ContextVar("source", default=None)


@contextmanager
def noise_from(source: NoiseSource) -> Iterator[None]:
    """A context in which layers draw from this source."""
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)


def layer_noise(n: int, *shape: int, device: torch.device) -> Tensor:
    """Noise from N(0, 1) for ``n`` images, ``(n, *shape)``, for a layer of a network in training.

    In an update it depends on the seed, the phase and the number of the update, and each process
    gets its rows of what is drawn for the whole batch. So a resumed run is exact, and one process
    and several compute the same. Elsewhere, torch's global random generator draws it.

    In evaluation mode the noise should be a function of the latents, so that an image depends on
    them alone, and other for each image, as in training: noise that all images share shows as the
    same pattern in all of them.
    """
    source = _source.get()
    if source is None:
        return torch.randn(n, *shape, device=device)
    return source.normal(n, shape, device)


def layer_uniform(n: int, *shape: int, device: torch.device) -> Tensor:
    """As ``layer_noise``, from U[0, 1)."""
    source = _source.get()
    if source is None:
        return torch.rand(n, *shape, device=device)
    return source.uniform(n, shape, device)
