"""What a recipe has reached: its metrics at several lengths, on known images and a machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

_Positive = Annotated[int, Field(ge=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MeasuredImages(_Frozen):
    """The images of a measurement."""

    name: str
    """A name for people, such as flowers."""
    count: _Positive
    """Number of images that the run trained on."""
    shape: tuple[_Positive, _Positive, _Positive]
    """Channels, height and width in training."""
    classes: int = Field(0, ge=0)
    """Number of classes; 0 without classes."""
    identity: str = ""
    """A hash that depends on their content."""


class MeasuredMachine(_Frozen):
    """The machine of a measurement."""

    name: str
    """The processor or the GPU, for people."""
    device: str = "cpu"
    """``cpu``, ``cuda`` or ``mps``."""
    threads: int = Field(1, ge=1)
    """Threads for computation on the CPU."""
    operations_per_second: float = Field(gt=0)
    """Floating point operations per second of a large matrix product."""


class MeasuredPoint(_Frozen):
    """What a run had reached at one moment."""

    images_seen: int = Field(ge=0)
    """Real images shown to the discriminator."""
    seconds: float = Field(ge=0)
    """Since the start of training, without evaluations."""
    metrics: Mapping[str, float]
    """Values by name: that of a metric, or ``METRIC/PART``."""


class MeasuredResult(_Frozen):
    """One run of a recipe, measured at one or several moments."""

    images: MeasuredImages
    """What it was trained on."""
    machine: MeasuredMachine
    """Where it was trained."""
    extractor: str
    """The extractor whose features were compared."""
    samples: _Positive
    """Number of generated images."""
    real: _Positive
    """Number of real images that they were compared with."""
    baselines: Mapping[str, float] = {}
    """The metrics of one half of the real images against the other half."""
    seed: int = 0
    """The seed of the run."""
    points: Annotated[tuple[MeasuredPoint, ...], Field(min_length=1)]
    """In the order of images seen."""

    @property
    def last(self) -> MeasuredPoint:
        """The result of the whole run."""
        return self.points[-1]


_RESULTS = TypeAdapter(tuple[MeasuredResult, ...])


def parse_results(text: str) -> tuple[MeasuredResult, ...]:
    """The results in a JSON array.

    Raises ValueError, which names the place of the first mistake.
    """
    try:
        return _RESULTS.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place + ': ' if place else ''}{first['msg']}") from None


def dump_results(results: tuple[MeasuredResult, ...]) -> str:
    """The same as JSON, which :func:`parse_results` reads."""
    return _RESULTS.dump_json(results, indent=2).decode() + "\n"
