"""The networks of a trained run, to be filled with its weights."""

from __future__ import annotations

import torch

from ganzoo.contracts import Condition, ImageShape, LossRequirements, Networks
from ganzoo.run import Run
from ganzoo.training.run_networks import initial_networks
from ganzoo.training.switches import own_modes


def build_networks(
    run: Run, image_shape: ImageShape, condition: Condition | None, requirements: LossRequirements
) -> Networks:
    """The networks of a run, on the CPU, with their initial weights."""
    # As in training, so that frozen parameters with random values are the same.
    with torch.random.fork_rng(devices=[]), own_modes():
        return initial_networks(run, image_shape, condition, requirements)
