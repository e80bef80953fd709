"""Card: what is known about an exported generator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

import ganzoo
from ganzoo.contracts import Condition, LossRequirements
from ganzoo.data.identity import DataIdentity
from ganzoo.errors import RequestError
from ganzoo.evaluation.record import EvaluationResult, Score
from ganzoo.folders import RunFolder
from ganzoo.output.trained import TrainedRun
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.settings import Settings, Stored
from ganzoo.training.sampling import ConditionFrequencies

_ROWS = "condition.rows"
_Side = Annotated[int, Field(ge=1, le=65536)]
_Shape = tuple[_Side, _Side, _Side]
_VERSIONS = ("ganzoo", "python", "torch")


class Card(BaseModel):
    """What is known about an exported generator: enough to build it, and to judge it."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, allow_inf_nan=False
    )

    title: str
    """``DATASET-ARCHITECTURE-LOSS``, by their short names."""
    description: str = ""
    """Free text of the user."""
    license: str = ""
    """The license of the weights; free text of the user, empty if none was given."""
    date: str
    """When it was exported, in UTC, as ISO 8601: ``2026-01-31T12:00:00Z``."""
    architecture: str
    """The qualified name, ``plugin/architecture``."""
    plugin: str
    """Where the architecture comes from: ``dcgan (ganzoo-toolkit 0.1.0)``."""
    parameters: int
    """The number of parameters of the generator."""
    step: int = Field(ge=0)
    """The step of the checkpoint."""
    images_seen: int = Field(ge=0)
    """Real images shown to the discriminator before the checkpoint."""
    latent_shape: tuple[int, ...]
    """The shape of one image's latents."""
    image_shape: _Shape
    """The shape of the images that the generator makes, (C, H, W)."""
    data_image_shape: _Shape
    """The shape of the images of the run; ``image_shape`` is smaller at an earlier stage."""
    condition: dict[str, Any] | None = None
    """What the generator is told about each image, as ``Condition.to_plain``; ``None`` if nothing.
    """
    data_condition: dict[str, Any] | None = None
    """What is known about each image of the run, as ``Condition.to_plain``."""
    class_counts: tuple[int, ...] = ()
    """How often each class was trained, by label; empty unless each image has one class."""
    rows: Tensor | None = Field(None, exclude=True)
    """The conditions of real images, float32 (M, D), if ``condition`` has several classes or
    values. They are a tensor of the file, and not in the JSON.
    """
    requirements: dict[str, bool]
    """The ``LossRequirements`` of the run's loss."""
    settings: dict[str, Any]
    """All settings of the run, as in its ``run.toml``."""
    plugins: tuple[str, ...] = ()
    """All plugins of the run, as ``dcgan (ganzoo-toolkit 0.1.0)``."""
    evaluations: tuple[EvaluationResult, ...] = ()
    """All evaluations of this checkpoint, oldest first."""
    real_images: int | None = None
    """The number of real images that the run was trained on."""
    fingerprint: str = ""
    """The first 8 digits of the fingerprint of these images; empty if it is not known."""
    trained_with: dict[str, str] = {}
    """The versions of ``ganzoo``, ``python`` and ``torch`` in training."""
    exported_with: dict[str, str]
    """The versions of ``ganzoo`` and ``torch`` that wrote this card."""

    @classmethod
    def of(cls, trained: TrainedGenerator, *, license: str = "", description: str = "") -> Self:
        """The card of a generator; a ``TrainedRun`` also has evaluations and versions."""
        run, entry = trained.run, trained.run.architecture.entry
        images = trained.trained_on
        frequencies = trained.frequencies
        has_classes = frequencies is not None and frequencies.rows is None
        return cls(
            title=run.title,
            description=description,
            license=license,
            date=now(),
            architecture=entry.qualified_name,
            plugin=str(entry.plugin),
            parameters=trained.parameter_count,
            step=trained.step,
            images_seen=trained.images_seen,
            latent_shape=tuple(trained.latents(1).shape[1:]),
            image_shape=tuple(trained.image_shape),
            data_image_shape=tuple(trained.data_image_shape),
            condition=trained.condition and trained.condition.to_plain(),
            data_condition=trained.data_condition and trained.data_condition.to_plain(),
            class_counts=frequencies.counts if frequencies and has_classes else (),
            rows=frequencies.rows if frequencies else None,
            requirements=asdict(trained.requirements),
            settings=run.tree(),
            real_images=images.images if images else None,
            fingerprint=images.fingerprint if images else "",
            exported_with=versions(),
            **(_facts_of_run(trained) if isinstance(trained, TrainedRun) else {}),
        )

    def to_json(self, indent: int | None = None) -> str:
        """The card as a JSON object, without ``rows``."""
        return self.model_dump_json(indent=indent)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], source: Path, rows: Tensor | None = None) -> Self:
        """The card that ``to_json`` wrote, parsed.

        Raises RequestError if a value is missing or wrong; ``source`` is where it comes from.
        """
        try:
            card = cls.model_validate({**plain, "rows": rows})
            Condition.from_plain(card.condition)
            Condition.from_plain(card.data_condition)
            LossRequirements(**card.requirements)
        except (ValidationError, ValueError, KeyError, TypeError) as error:
            faults = error.errors() if isinstance(error, ValidationError) else ()
            place = ".".join(map(str, faults[0]["loc"])) if faults else str(error)
            reason = f": {faults[0]['msg']}" if faults else ""
            raise RequestError(f"the card of {source} is wrong: {place}{reason}") from error
        return card

    @property
    def metrics(self) -> dict[str, Score]:
        """The newest score of each metric by its name, such as ``kid`` or ``swd/32``."""
        return {name: score for each in self.evaluations for name, score in each.scores.items()}

    @property
    def trained_on(self) -> DataIdentity | None:
        """The number and the fingerprint of the real images, if known."""
        if self.real_images is None or not self.fingerprint:
            return None
        return DataIdentity(self.real_images, self.fingerprint)

    @property
    def loss_requirements(self) -> LossRequirements:
        """What the loss of the run requires of the networks."""
        return LossRequirements(**self.requirements)

    @property
    def frequencies(self) -> ConditionFrequencies | None:
        """How often each condition was trained; ``None`` unless the generator is conditional."""
        if self.condition is None:
            return None
        if self.rows is None:
            return ConditionFrequencies(self.class_counts)
        return ConditionFrequencies([1] * len(self.rows), self.rows)

    def tensors(self) -> dict[str, Tensor]:
        """What belongs to the card and is not in its JSON: ``rows``, if it has them."""
        return {} if self.rows is None else {_ROWS: self.rows}

    @staticmethod
    def rows_in(tensors: Mapping[str, Tensor]) -> Tensor | None:
        """The ``rows`` among the tensors of a file."""
        return tensors.get(_ROWS)

    def stored_settings(self, source: Path) -> Settings:
        """The settings of the run, as stored in a file."""
        settings = Settings()
        settings.add(self.settings, str(source))
        settings.stored = Stored(str(source), self.plugins)
        return settings


def _facts_of_run(trained: TrainedRun) -> dict[str, Any]:
    """What only the run folder has."""
    folder = RunFolder(trained.folder)
    session = (folder.sessions() or [{}])[-1]
    return {
        "plugins": tuple(folder.plugins()),
        "evaluations": tuple(each for each in trained.evaluations if each.step == trained.step),
        "trained_with": {name: str(session[name]) for name in _VERSIONS if name in session},
    }


def now() -> str:
    """The time in UTC, as ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def versions() -> dict[str, str]:
    """The versions of ganzoo and torch."""
    return {"ganzoo": ganzoo.__version__, "torch": torch.__version__}
