"""TrainedRun: the networks of a checkpoint, to generate images with."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from torch import nn

from ganzoo.contracts import Condition, ImageShape, LossRequirements
from ganzoo.data.identity import DataIdentity
from ganzoo.errors import RequestError
from ganzoo.evaluation.record import EvaluationResult
from ganzoo.folders import RunFolder
from ganzoo.journal import Journal
from ganzoo.output.networks import build_networks
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.run import Run
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.checkpoint_file import read
from ganzoo.training.conditional import network_condition
from ganzoo.training.growth import GrowthSchedule
from ganzoo.training.sampling import ConditionFrequencies
from ganzoo.training.weights import Weights


class TrainedRun(TrainedGenerator):
    """The EMA generator and the discriminator of one of a run's checkpoints.

    The real images need not exist anymore. ``checkpoint`` is ``"last"``, ``"best"`` or the number
    of a step. Raises RequestError if there is no such checkpoint, or if it is damaged.
    """

    def __init__(self, folder: RunFolder, run: Run, checkpoint: str = "last") -> None:
        self.source = folder.path
        self.run = run
        checkpoints = Checkpoints(folder.checkpoints, run.checkpoint.keep)
        if checkpoint == "last":
            state = checkpoints.load(warn=warnings.warn)
        else:
            state = read(checkpoints.find(checkpoint))
        self.step = state["step"]
        self.images_seen = state["images_seen"]
        self.data_condition = Condition.from_plain(state["condition"])
        self.condition = network_condition(run, self.data_condition)
        self.frequencies = None
        if self.condition:
            self.frequencies = ConditionFrequencies.from_plain(state["frequencies"])
        self.data_image_shape = ImageShape(*state["image_shape"])
        self.requirements = LossRequirements(**state["requirements"])
        sessions = folder.sessions()
        self.trained_on = DataIdentity.parse(sessions[-1].get("images")) if sessions else None
        networks = build_networks(run, self.data_image_shape, self.condition, self.requirements)
        self.generator = networks.generator
        self.discriminator = networks.discriminator
        """The discriminator, in evaluation mode."""
        self.networks: dict[str, nn.Module] = networks.by_name()
        """All networks by name, in evaluation mode.

        ``generator`` is the EMA generator, and others that have an EMA have its weights, too.
        """
        try:
            for name in reversed(self.networks):  # the EMA last, if networks share parameters
                network = self.networks[name].eval().requires_grad_(False)
                ema = state["state"].get(f"{name}_ema")
                Weights(network).load_state_dict(ema or state["state"][f"networks.{name}"])
        except (RuntimeError, ValueError) as error:
            if isinstance(error, RequestError):
                raise
            reason = textwrap.shorten(str(error), 200)
            raise RequestError(f"the networks do not fit the checkpoint: {reason}") from error
        schedule = GrowthSchedule(run, networks, self.data_image_shape)
        self.growth_point = schedule.at(self.images_seen)
        self.growth_point.grow(*self.networks.values())

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.source

    @property
    def history(self) -> list[Mapping[str, Any]]:
        """The run's reports and evaluations so far: one dict of named numbers per ``step``."""
        return list(Journal.read(self.folder / "metrics.jsonl").lines)

    @property
    def evaluations(self) -> list[EvaluationResult]:
        """All evaluations of the run so far, of all checkpoints."""
        return EvaluationResult.read(self.folder / "evaluations.jsonl")

    def to(self, device: str) -> Self:
        """Move all networks to a device; returns the run itself.

        Raises RequestError if there is no such device.
        """
        super().to(device)
        for network in self.networks.values():
            network.to(device)
        return self
