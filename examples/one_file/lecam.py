"""A regularizer with state: ``ganzoo train blossoms dcgan hinge --regularize lecam``.

Add ``--plugin lecam.py``.
"""

import torch
from pydantic import Field
from torch import Tensor, nn

from ganzoo import Options, RegularizerSpec, Scores, Step, Terms, hookimpl


class LeCamOptions(Options):
    """Options of the LeCam regularization."""

    weight: float = Field(0.3, ge=0, description="Weight of the regularization.")
    decay: float = Field(0.99, ge=0, lt=1, description="Decay of the moving averages.")


class LeCam(nn.Module):
    """weight * (E[(D(x_r) - a_f)^2] + E[(D(x_f) - a_r)^2]) (Tseng et al. 2021, equation 5).

    a_r and a_f are moving averages of the scores of real and generated images. They are buffers, so
    they are in ``state_dict`` and in checkpoints, and a resumed run is exact.
    """

    network = "discriminator"
    every = 1
    independent_scores = False
    real_average: Tensor
    fake_average: Tensor

    def __init__(self, options: LeCamOptions) -> None:
        """Both averages start at 0."""
        super().__init__()
        self.weight, self.decay = options.weight, options.decay
        self.register_buffer("real_average", torch.zeros(()))
        self.register_buffer("fake_average", torch.zeros(()))

    def terms(self, step: Step) -> Terms:
        """The regularization, named ``lecam``."""
        # Copies, since observe changes the averages in place.
        a_r, a_f = self.real_average.clone(), self.fake_average.clone()
        d_r, d_f = step.scores.real, step.scores.fake
        lecam = (d_r - a_f).square().mean() + (d_f - a_r).square().mean()
        return {"lecam": self.weight * lecam}

    def observe(self, step: Step, scores: Scores) -> None:
        """Average in the scores of the whole batch; they are the same in all processes."""
        self.real_average.lerp_(scores.real.mean(), 1 - self.decay)
        self.fake_average.lerp_(scores.fake.mean(), 1 - self.decay)


@hookimpl
def ganzoo_regularizers() -> list[RegularizerSpec]:
    """One regularizer."""
    return [
        RegularizerSpec(
            name="lecam",
            summary="LeCam regularization of the scores, for few images.",
            factory=LeCam,
            options=LeCamOptions,
            reference="Tseng et al. 2021, arXiv 2104.03310",
        )
    ]
