"""The networks of a run, on its device and in its memory format."""

from __future__ import annotations

import torch

from ganzoo.batch_norm import synchronize_batch_norm
from ganzoo.contracts import Condition, ImageShape, LossRequirements, Networks
from ganzoo.run import Run
from ganzoo.training.frozen_layers import freeze_layers
from ganzoo.training.randomness import Randomness


def initial_networks(
    run: Run,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
    processes: int = 1,
) -> Networks:
    """The networks with their initial weights, which depend on the seed, on the CPU.

    With several processes, batch norm is synchronized if the run says so.
    """
    Randomness(run.seed).reseed("initial weights", 0, torch.device("cpu"))
    networks: Networks = run.architecture.build(
        image_shape=image_shape, condition=condition, requirements=requirements
    )
    if run.train.sync_batch_norm and processes > 1:
        for name, network in networks.by_name().items():
            synchronize_batch_norm(name, network)
    return networks


def networks_to_train(
    run: Run,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
    device: torch.device,
    processes: int = 1,
) -> Networks:
    """The same on a device, in the run's memory format, with the layers frozen that it freezes."""
    networks = initial_networks(run, image_shape, condition, requirements, processes)
    for network in networks.by_name().values():
        network.to(device=device).to(memory_format=memory_format(run))
    freeze_layers(networks, run.train, image_shape, condition)
    return networks


def memory_format(run: Run) -> torch.memory_format:
    """The memory format of images and feature maps; ``auto`` counts as true."""
    return torch.channels_last if run.train.channels_last else torch.contiguous_format
