"""What a recipe has reached: its metrics at several lengths, on known images and a machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MeasuredImages(_Frozen):
    """The images of a measurement."""

    name: str = Field(description="A name for people, such as flowers.")
    count: int = Field(ge=1, description="Number of images that the run trained on.")
    shape: tuple[int, int, int] = Field(description="Channels, height and width in training.")
    classes: int = Field(0, ge=0, description="Number of classes; 0 without classes.")
    identity: str = Field("", description="A hash that depends on their content.")


class MeasuredMachine(_Frozen):
    """The machine of a measurement."""

    name: str = Field(description="The processor or the GPU, for people.")
    device: str = Field("cpu", description="cpu, cuda or mps.")
    threads: int = Field(1, ge=1, description="Threads for computation on the CPU.")
    operations_per_second: float = Field(
        gt=0, description="Floating point operations per second of a large matrix product."
    )


class MeasuredPoint(_Frozen):
    """What a run had reached at one moment."""

    images_seen: int = Field(ge=0)
    seconds: float = Field(ge=0, description="Since the start of training, without evaluations.")
    metrics: Mapping[str, float] = Field(description="Values by name, such as kid.")


class MeasuredResult(_Frozen):
    """One run of a recipe, measured at one or several moments."""

    images: MeasuredImages
    machine: MeasuredMachine
    extractor: str = Field(description="The extractor whose features were compared.")
    samples: int = Field(ge=1, description="Number of generated images.")
    real: int = Field(ge=1, description="Number of real images that they were compared with.")
    baselines: Mapping[str, float] = Field(
        {}, description="The metrics of one half of the real images against the other half."
    )
    seed: int = Field(0, description="The seed of the run.")
    points: Annotated[tuple[MeasuredPoint, ...], Field(min_length=1)] = Field(
        description="In the order of images seen."
    )

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
