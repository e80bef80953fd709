"""The settings that have a flag of their own, and a keyword argument in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Flag(NamedTuple):
    """A setting's short name, as ``--batch-size`` or ``batch_size=``."""

    key: str
    """The dotted key of the setting."""
    type: type
    help: str


RESOLUTION_HELP = "Size of the images: 64 for 64 x 64, or WIDTHxHEIGHT such as 64x48."

FLAGS: Mapping[str, Flag] = {
    "resolution": Flag("data.resolution", str, RESOLUTION_HELP),
    "batch_size": Flag("train.batch_size", int, "Images per batch, over all processes."),
    "steps": Flag("train.steps", int, "Total number of training steps."),
    "epochs": Flag("train.epochs", float, "Number of passes over the dataset."),
    "seed": Flag("seed", int, "Random seed of the whole run."),
    "device": Flag("train.device", str, "Where to train: auto, cpu, cuda, cuda:N or mps."),
    "devices": Flag("train.devices", int, "Devices on each machine, with one process each."),
    "nodes": Flag("train.nodes", int, "Number of machines."),
    "init_from": Flag(
        "train.init_from", str, "Start from the weights of this run folder, checkpoint or export."
    ),
    "precision": Flag("train.precision", str, "Precision of computation: fp32, tf32 or bf16."),
}
"""Flags by their name in Python."""

ADDING: Mapping[str, str] = {
    "augment": "Add an augmentation; can be given several times.",
    "regularize": "Add a regularizer to the loss; can be given several times.",
}
"""Flags that add a component to the section of the same name, with their help."""
