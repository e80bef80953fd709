"""The training of CycleGAN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ganzoo import Method, Phase, Step, Terms
from ganzoo_cyclegan.networks import PairGenerator
from ganzoo_cyclegan.pairs import join, split
from ganzoo_cyclegan.pool import ImagePool

if TYPE_CHECKING:
    from ganzoo_cyclegan import CycleOptions


class CycleGan(Method):
    """Equation 3 of Zhu et al. 2017, with the least squares and the pool of its section 4.

    G: X -> Y and F: Y -> X are trained together, and so are D_X and D_Y. Not from the paper: the
    discriminators see translations that G and F make after their update, not before.
    """

    independent_scores = False

    def __init__(self, options: CycleOptions) -> None:
        self._options = options
        self._pools = {"x": ImagePool(options.pool), "y": ImagePool(options.pool)}

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
            Phase(name="discriminators", networks=("discriminator",), terms=self.discriminators),
        ]

    def generators(self, step: Step) -> Terms:
        """(D_Y(G(x)) - 1)^2 + (D_X(F(y)) - 1)^2, and the distances weighted by lambda.

        Those are |F(G(x)) - x| + |G(F(y)) - y|, and of section 5.2 |G(y) - y| + |F(x) - x|.
        """

        def g(images: Tensor) -> Tensor:
            return split(step.generate(images).images)[1]

        f = step.networks["back"]
        x, y = split(step.real.images)
        fake_x, fake_y = f(y), g(x)
        scores_x, scores_y = step.critic(join(fake_x, fake_y)).chunk(2, dim=1)
        cycle = _distance(f(fake_y), x) + _distance(g(fake_x), y)
        identity = _distance(g(y), y) + _distance(f(x), x)
        weight = self._options.cycle
        return {
            "adversarial": (scores_y - 1).square().mean() + (scores_x - 1).square().mean(),
            "cycle": weight * cycle,
            "identity": weight * self._options.identity * identity,
        }

    def discriminators(self, step: Step) -> Terms:
        """1/2 (D(real) - 1)^2 + 1/2 D(fake)^2 for the real images and translations of X and Y."""
        x, y = split(step.real.images)
        with torch.no_grad():
            fake_x = step.networks["back"](y)
            fake_y = split(step.generate(x).images)[1]
        fake = join(self._mixed("x", fake_x, step), self._mixed("y", fake_y, step))
        real_x, real_y = step.critic(step.real.images).chunk(2, dim=1)
        scores_x, scores_y = step.critic(fake).chunk(2, dim=1)
        return {
            "x": ((real_x - 1).square().mean() + scores_x.square().mean()) / 2,
            "y": ((real_y - 1).square().mean() + scores_y.square().mean()) / 2,
        }

    def _mixed(self, domain: str, images: Tensor, step: Step) -> Tensor:
        """Translations, of which some are from the pool; it is the same in all processes."""
        batch, random = step.gather(images), step.random(f"pool of {domain}")
        return step.shard(self._pools[domain].exchange(batch, random))

    def store_sources(self, step: Step) -> None:
        """Keep the first real images x of the run as the sources of samples."""
        generator, first = step.networks["generator"], step.number * step.batch_size
        assert isinstance(generator, PairGenerator)
        if first < len(generator.sources):
            generator.store(step.gather(split(step.real.images)[0]), first)

    def state_dict(self) -> dict[str, Tensor]:
        """The pools, (K, C, H, W) each."""
        empty = torch.empty(0)
        return {
            name: torch.stack(pool.images) if pool.images else empty
            for name, pool in self._pools.items()
        }

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore the pools."""
        for name, pool in self._pools.items():
            pool.images = list(state[name])


def _distance(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).abs().mean()
