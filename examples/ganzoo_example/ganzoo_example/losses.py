"""The formulas of the relativistic hinge loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn.functional import relu

from ganzoo import Critic, Terms

if TYPE_CHECKING:
    from ganzoo_example import RelativisticHingeOptions


@dataclass(frozen=True)
class RelativisticHinge:
    """The hinge of C(x_r) - E[C(x_f)] and of C(x_f) - E[C(x_r)].

    Jolicoeur-Martineau 2018, RaHingeGAN, where the margin is 1. A score counts by how far it is
    from the other side's mean, so the generator's loss depends on real images too.
    """

    options: RelativisticHingeOptions
    independent_scores = False

    def discriminator(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:
        """Real images shall lie above the generated ones, and these below the real ones."""
        return self._apart(above=critic(real), below=critic(fake), names=("real", "fake"))

    def generator(self, critic: Critic, fake: Tensor, real: Tensor) -> Terms:
        """The same with the two exchanged."""
        return self._apart(above=critic(fake), below=critic(real), names=("fake", "real"))

    def _apart(self, above: Tensor, below: Tensor, names: tuple[str, str]) -> Terms:
        """E[max(0, m - (above - E[below]))] and E[max(0, m + (below - E[above]))]."""
        m = self.options.margin
        return {
            names[0]: relu(m - (above - below.mean())).mean(),
            names[1]: relu(m + (below - above.mean())).mean(),
        }
