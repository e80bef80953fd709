"""The sections of a run's settings that belong to the core."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from ganzoo.data.preparation import Preparation
from ganzoo.errors import RequestError
from ganzoo.options import LocalPath, Options, section_model, table_model
from ganzoo.setting_types import Device, Duration, Interval, Names, Timeout
from ganzoo.shard import equal_parts

_Rule = Literal["adam", "rmsprop", "sgd"]
_Beta = Annotated[float, Field(ge=0, lt=1)]


class OptimizerOptions(Options):
    """The optimizer of one network, and its number of updates."""

    optimizer: _Rule = Field(
        "adam", description="The update rule; sgd uses the first of the betas as momentum."
    )
    lr: float = Field(2e-4, ge=0, description="Learning rate.")
    betas: tuple[_Beta, _Beta] = Field(
        (0.5, 0.999), description="Adam's betas: decay rates of its running means."
    )
    eps: float = Field(1e-8, gt=0, description="Epsilon in the denominator of Adam and RMSprop.")
    steps: int = Field(1, ge=1, le=1000, description="Updates of this network in each step.")
    freeze: int = Field(
        0,
        ge=0,
        le=1000,
        description="Number of the network's first layers that are not trained, counted along its "
        "computation: those next to the image for the discriminator.",
    )


class OtherOptimizerOptions(Options):
    """What the optimizer of another network has of its own; the rest is as in another section."""

    optimizer: _Rule | None = Field(
        None, description="The update rule; the same for networks that a phase updates together."
    )
    lr: float | None = Field(None, ge=0, examples=[2e-4], description="Learning rate.")
    betas: tuple[_Beta, _Beta] | None = Field(
        None,
        examples=[(0.5, 0.999)],
        description="Adam's betas: decay rates of its running means.",
    )
    eps: float | None = Field(
        None,
        gt=0,
        examples=[1e-8],
        description="Epsilon in the denominator of Adam and RMSprop.",
    )
    steps: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="Updates of this network in each step, if its phase does not set them.",
    )


class EmaOptions(Options):
    """The exponential moving average (EMA) of the generator's weights, which makes all samples."""

    half_life: float = Field(
        20_000,
        ge=0,
        description="Half-life in images generated for the generator's updates: after this many, "
        "the weight of an old value is halved.",
    )
    rampup: float = Field(
        0.05,
        ge=0,
        description="The half-life is at most this fraction of the images generated so far; 0 "
        "removes the bound.",
    )
    decay: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Decay per step, such as 0.999, instead of a half-life.",
    )


class TrainOptions(Options):
    """Length, batch size, optimizers and devices."""

    steps: int = Field(
        10_000,
        ge=1,
        description="Number of steps; each is discriminator.steps updates of the discriminator, "
        "then generator.steps of the generator.",
    )
    epochs: float | None = Field(
        None, gt=0, le=1e9, description="Length in epochs, instead of steps."
    )
    images: int | None = Field(None, ge=1, description="Length in images seen, instead of steps.")
    max_time: Duration | None = Field(
        None,
        description='Stop after this time, such as "11.5 hours", with a checkpoint to resume from; '
        "for a sweep, the time of the whole sweep.",
    )
    init_from: LocalPath | None = Field(
        None,
        description="Start from the weights of this run folder, checkpoint or exported generator "
        "(.safetensors), as far as its layers fit.",
    )
    init_from_ema: bool = Field(
        False,
        description="Start the generator, and others with an EMA, from their EMA in init_from.",
    )
    batch_size: int = Field(
        64, ge=1, le=65536, description="Images per batch, summed over all processes."
    )
    accumulate: int = Field(
        1,
        ge=1,
        le=4096,
        description="Pieces into which each process splits its part of a batch; they are computed "
        "one after the other, which needs less memory and changes only the last bits of results.",
    )
    sync_batch_norm: bool = Field(
        False,
        description="Whether batch norm uses the images of all processes, instead of those of one.",
    )
    generator: OptimizerOptions = Field(
        OptimizerOptions(), description="The generator's optimizer, and its updates in each step."
    )
    discriminator: OptimizerOptions = Field(
        OptimizerOptions(),
        description="The discriminator's optimizer, and its updates in each step.",
    )
    others: Mapping[str, OtherOptimizerOptions] = Field(
        {},
        description="Optimizers of further networks that a loss trains, by network, such as "
        "train.others.encoder.lr=1e-4. What is not set is as in train.generator, or as in "
        "train.discriminator for a network that is updated with the discriminator.",
    )
    simultaneous: bool = Field(
        False,
        description="Update both networks at once, from the same generated images and their "
        "scores, instead of the discriminator first.",
    )
    share_fakes: bool = Field(
        False,
        description="Let the generator learn from the images that were generated for the "
        "discriminator's last update, instead of new ones; this saves one pass of the generator.",
    )
    ema: EmaOptions = Field(EmaOptions(), description="EMA of the generator's weights.")
    device: Device = Field("auto", description="auto, cpu, cuda, cuda:N or mps.")
    devices: int | None = Field(
        None,
        ge=1,
        description="Number of processes on each machine, each on its own device; if unset, as "
        "many as torchrun or srun started, and one without them.",
    )
    nodes: int | None = Field(
        None,
        ge=1,
        description="Number of machines; if unset, as many as torchrun or srun use, and one "
        "without them.",
    )
    timeout: Timeout = Field(
        "10 minutes",
        description="Time within which all processes end if one of them hangs, from 5 seconds to "
        "7 days.",
    )
    restarts: int = Field(
        0,
        ge=0,
        le=1000,
        description="How often all processes start again from the newest checkpoint after one "
        "failed; needs --run-dir.",
    )
    precision: Literal["fp32", "tf32", "bf16"] = Field(
        "fp32", description="Precision of the forward passes; with bf16, penalties stay in float32."
    )
    on_nonfinite: Literal["raise", "skip", "rollback"] = Field(
        "raise",
        description="When a loss or gradient is NaN or infinite: raise ends the run, skip skips "
        "the update, rollback resumes from the last checkpoint with other random numbers.",
    )
    channels_last: Literal["auto"] | bool = Field(
        "auto",
        description="Use the channels_last memory format for convolutions; auto measures which is "
        "faster here.",
    )
    compile: Literal["off", "auto", "on", "cuda-graphs"] = Field(
        "off",
        description="Compile the forward passes of generator and discriminator with torch.compile, "
        "but not those of regularizers; auto measures whether it is faster here; cuda-graphs also "
        "starts their operators on a GPU all at once.",
    )
    threads: Literal["auto"] | Annotated[int, Field(ge=1, le=1024)] = Field(
        "auto",
        description="Threads of each process for computation on the CPU; auto uses the physical "
        "cores that the process may use, or OMP_NUM_THREADS if it is set.",
    )

    def require_equal_parts(self, processes: int) -> None:
        """Raise RequestError if a batch cannot be split equally among so many processes."""
        if self.batch_size % (processes * self.accumulate):
            parts = equal_parts(processes, self.accumulate, self.nodes)
            raise RequestError(f"train.batch_size={self.batch_size} cannot be split into {parts}")


_Pixels = Annotated[int, Field(ge=1)]


class GrowthOptions(Options):
    """The schedule of networks that grow."""

    start: int = Field(4, ge=1, le=1024, description="Resolution of the first stage, in pixels.")
    fade_images: int = Field(
        600_000, ge=0, description="Images seen while the newest layers fade in."
    )
    stable_images: int = Field(
        600_000, ge=1, description="Images seen after the fade, before the next stage."
    )
    freeze: bool = Field(False, description="Train the newest layers only, and freeze the others.")
    batch_size: Mapping[_Pixels, Annotated[int, Field(ge=1)]] = Field(
        {},
        description="Largest batch from a resolution on: growth.batch_size.64=16 limits it to 16 "
        "from 64 pixels on.",
    )
    lr_factor: Mapping[_Pixels, Annotated[float, Field(gt=0)]] = Field(
        {},
        description="Factor of both learning rates from a resolution on: growth.lr_factor.128=1.5.",
    )


class CheckpointOptions(Options):
    """When checkpoints are written, and how many are kept."""

    every: Interval = Field(
        1000, description='Steps between checkpoints, or a text such as "2 epochs".'
    )
    keep: int = Field(3, ge=1, description="Number of newest checkpoints that are kept.")
    keep_every: Interval | None = Field(
        None,
        description='Steps between checkpoints that are never deleted, or such as "2 epochs".',
    )


class SampleOptions(Options):
    """When grids of samples are made, and of how many images."""

    every: Interval = Field(
        250, description='Steps between grids of samples, or a text such as "2 epochs".'
    )
    count: int = Field(64, ge=1, le=1024, description="Images in a grid.")


class EvaluateOptions(Options):
    """When generated images are evaluated, and by which metrics."""

    every: Interval | None = Field(
        None,
        description='Steps between evaluations, or a text such as "5 epochs"; none if unset.',
    )
    metrics: Names = Field(
        (),
        description="Names of metrics, such as fd,kid; if empty, all that are installed when the "
        "run starts.",
    )
    samples: int = Field(2000, ge=1, le=1_000_000, description="Number of generated images.")
    real: int = Field(
        10_000, ge=1, le=1_000_000, description="Largest number of real images to compare with."
    )
    per_class: bool = Field(
        False,
        description="Compute the metrics of each class, too, for a conditional run with classes.",
    )
    best: str | None = Field(
        None,
        description="The metric that chooses the best checkpoint, such as kid, or one of its "
        "values, such as swd/32; if unset, a metric that is better when lower chooses it.",
    )
    patience: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="End the run after this number of evaluations without a better value of the "
        "metric that chooses the best checkpoint; if unset, it trains to its last step.",
    )


class LogOptions(Options):
    """When losses are reported."""

    every: Interval = Field(
        50, description='Steps between reports of losses and speed, or a text such as "2 epochs".'
    )


class DataOptions(Preparation):
    """Which images are used, how they are prepared, and how often each class is shown."""

    classes: Names = Field(
        (),
        description="Use only these classes, such as rose,tulip; rose+tulip merges two into one.",
    )
    balance: bool = Field(
        False, description="Show each class, or each combination of several classes, equally often."
    )
    conditional: bool = Field(
        False,
        description="Whether the networks are told each image's condition: its class, its classes "
        "or its values.",
    )
    on_device: Literal["auto"] | bool = Field(
        "auto",
        description="Keep all prepared images in the memory of the device; auto does so on a GPU "
        "if they take less than a quarter of its free memory.",
    )


def field_of(model: type[BaseModel], key: str) -> FieldInfo | None:
    """The field of a dotted key inside of a section; ``None`` if there is none."""
    name, _, rest = key.partition(".")
    field = model.model_fields.get(name)
    if field is None or not rest:
        return field
    inside = section_model(field.annotation)
    if table := table_model(field.annotation):
        inside, rest = table, rest.partition(".")[2]
    return field_of(inside, rest) if inside and rest else None


def known_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """The dotted keys of all settings and sections in a section."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        if inside := section_model(field.annotation):
            yield from known_keys(inside, f"{prefix}{name}.")
