"""A loss with state in one file: ``ganzoo train blossoms dcgan lecam --plugin lecam.py``."""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import relu

from ganzoo import Critic, LossSpec, Options, Terms, hookimpl


class LeCamOptions(Options):
    """Options of the LeCam regularization."""

    weight: float = Field(0.3, ge=0, description="Weight of the regularization.")
    decay: float = Field(0.99, ge=0, lt=1, description="Decay of the moving averages.")


class LeCam(nn.Module):
    """Hinge + weight * (E[(D(x_r) - a_f)^2] + E[(D(x_f) - a_r)^2]).

    Tseng et al. 2021. a_r and a_f are moving averages of the scores of real and generated images.
    They are buffers, so they are in ``state_dict`` and in checkpoints, and a resumed run is exact.
    """

    independent_scores = False
    real_average: Tensor
    fake_average: Tensor

    def __init__(self, options: LeCamOptions) -> None:
        """Both averages start at 0."""
        super().__init__()
        self.weight, self.decay = options.weight, options.decay
        self.register_buffer("real_average", torch.zeros(()))
        self.register_buffer("fake_average", torch.zeros(()))

    def discriminator(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:
        """The hinge loss plus the LeCam regularization of the scores."""
        on_real, on_fake = critic(real), critic(fake)
        self.real_average.lerp_(mean_over_processes(on_real), 1 - self.decay)
        self.fake_average.lerp_(mean_over_processes(on_fake), 1 - self.decay)
        # Copies, since the next call changes the averages in place.
        a_r, a_f = self.real_average.clone(), self.fake_average.clone()
        lecam = (on_real - a_f).square().mean() + (on_fake - a_r).square().mean()
        return {
            "hinge": relu(1 - on_real).mean() + relu(1 + on_fake).mean(),
            "lecam": self.weight * lecam,
        }

    def generator(self, critic: Critic, fake: Tensor, real: Tensor) -> Terms:
        """-E[D(x_f)]."""
        return {"hinge": -critic(fake).mean()}


def mean_over_processes(scores: Tensor) -> Tensor:
    """The mean of the scores over all processes, so that all have the same state."""
    mean = scores.detach().mean()
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(mean)
        mean /= torch.distributed.get_world_size()
    return mean


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """One loss."""
    return [
        LossSpec(
            name="lecam",
            summary="Hinge loss with LeCam regularization.",
            factory=LeCam,
            options=LeCamOptions,
            reference="Tseng et al. 2021, arXiv 2104.03310",
        )
    ]
