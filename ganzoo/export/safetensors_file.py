"""Exports as safetensors: the weights and the card, for ganzoo and other Python programs."""

from __future__ import annotations

import textwrap
from pathlib import Path

from ganzoo.contracts import Condition, ImageShape
from ganzoo.errors import RequestError
from ganzoo.evaluation.record import EvaluationResult
from ganzoo.export.card import Card
from ganzoo.output.networks import build_networks
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.run import Run
from ganzoo.training import generator_file
from ganzoo.training.growth import GrowthSchedule
from ganzoo.training.weights import Weights


class ExportedGenerator(TrainedGenerator):
    """The generator of a safetensors file that ``ganzoo export`` wrote.

    ``run`` is the run of its ``card``, resolved again. The architecture's plugin must be installed,
    and nothing else of the run is needed. Raises RequestError if the file is missing or damaged, or
    if the networks of the installed plugin do not fit it.
    """

    def __init__(self, path: Path, run: Run) -> None:
        file = generator_file.read(path)
        self.card = card = Card.from_plain(file.card, path, Card.rows_in(file.others))
        """What is known about the generator."""
        self.source = path
        self.run = run
        self.step = card.step
        self.images_seen = card.images_seen
        self.data_condition = Condition.from_plain(card.data_condition)
        self.condition = Condition.from_plain(card.condition)
        self.frequencies = card.frequencies
        self.data_image_shape = shape = ImageShape(*card.data_image_shape)
        self.requirements = card.loss_requirements
        self.trained_on = card.trained_on
        networks = build_networks(run, shape, self.condition, self.requirements)
        self.generator = networks.generator.eval().requires_grad_(False)
        try:
            Weights(self.generator).load_state_dict({"weights": file.weights, "frozen": {}})
        except (RuntimeError, ValueError) as error:
            reason = textwrap.shorten(str(error), 200)
            raise RequestError(
                f"the generator of {run.architecture.entry.plugin} does not fit {path}, which was "
                f"trained with {card.plugin}: {reason}"
            ) from error
        schedule = GrowthSchedule(run, networks, shape)
        self.growth_point = schedule.at(self.images_seen)
        self.growth_point.grow(self.generator)

    @property
    def evaluations(self) -> list[EvaluationResult]:
        """The evaluations of the checkpoint, oldest first."""
        return list(self.card.evaluations)


def write(trained: TrainedGenerator, card: Card, path: Path) -> None:
    """Write the weights of the generator and its card.

    Raises OSError if the file cannot be written.
    """
    generator_file.write(path, card.to_json(), trained.generator.state_dict(), card.tensors())


def read(path: Path) -> ExportedGenerator:
    """The generator in a file that ``write`` wrote.

    Raises RequestError as ``ExportedGenerator``.
    """
    settings = read_card(path).stored_settings(path)
    return ExportedGenerator(path, Run.resolve(settings, recommend=False))


def read_card(path: Path) -> Card:
    """The card in a file that ``write`` wrote, without its ``rows``; the weights are not read.

    Raises RequestError if the file is missing or damaged, or of another kind or format.
    """
    return Card.from_plain(generator_file.read_card(path), path)
