"""The initial weights of a run from those of another run.

The other run may have another resolution, other channels or other classes. ``layer_matching`` says
which layers belong together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvTransposeNd

from ganzoo.conditioning import ConditionEmbedding
from ganzoo.contracts import Condition
from ganzoo.errors import RequestError
from ganzoo.folders import RunFolder, is_export
from ganzoo.run import Run
from ganzoo.training import generator_file
from ganzoo.training.assembly import Assembly
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.checkpoint_file import State, read
from ganzoo.training.ema import Ema
from ganzoo.training.engine import Engine
from ganzoo.training.layer_matching import match, split
from ganzoo.training.weights import Weights

_EMA = "_ema"
"""What the name of a network's EMA ends with, in a checkpoint and in a report."""


@dataclass(frozen=True)
class Source:
    """A checkpoint that the weights of a new run start from."""

    path: Path
    state: State
    sha256: str

    @classmethod
    def of(cls, run: Run, engine: Engine, warn: Callable[[str], None]) -> Self | None:
        """The checkpoint that ``train.init_from`` names, the same in all processes, or ``None``.

        Raises RequestError if there is none.
        """
        chosen = run.train.init_from
        if chosen is None:
            return None
        try:
            path: Path = engine.broadcast(_checkpoint(chosen, warn) if engine.is_main else chosen)
            state = _exported_state(path) if is_export(path) else read(path)
        except RequestError as error:
            remedy = "name another run folder or checkpoint"
            raise RequestError(f"train.init_from: {error}; {remedy}") from error
        return cls(path, state, hashlib.sha256(path.read_bytes()).hexdigest())

    @property
    def channels(self) -> int:
        """The number of channels of the images that it was trained on."""
        return int(self.state["image_shape"][0])

    @property
    def condition(self) -> Condition | None:
        """What is known about each of these images."""
        return Condition.from_plain(self.state["condition"])

    def weights(self, network: str, *, of_ema: bool = False) -> Mapping[str, Tensor]:
        """The parameters and buffers of a network, or of its EMA; empty without it."""
        key = f"{network}{_EMA}" if of_ema else f"networks.{network}"
        return dict(self.state["state"].get(key, {}).get("weights", {}))


def _checkpoint(path: Path, warn: Callable[[str], None]) -> Path:
    """The file itself, or the newest undamaged checkpoint of a run folder."""
    if path.is_file() or is_export(path):
        return path
    checkpoints = Checkpoints(RunFolder.open(path).checkpoints, keep=1)
    return checkpoints.path(checkpoints.load(warn)["step"])


def _exported_state(path: Path) -> State:
    """What an exported generator has of a checkpoint: the weights of its EMA generator.

    A new generator starts from the same weights.
    """
    file = generator_file.read(path)
    try:
        facts = (file.card["step"], file.card["data_image_shape"], file.card["data_condition"])
    except KeyError as error:
        raise RequestError(f"{path} is damaged: its card has no {error}") from error
    networks = {
        key: {"weights": file.weights} for key in (f"generator{_EMA}", "networks.generator")
    }
    step, image_shape, condition = facts
    return {"step": step, "image_shape": image_shape, "condition": condition, "state": networks}


@dataclass
class Report:
    """What one network takes: tensors by their names."""

    taken: dict[str, str] = field(default_factory=dict)
    """The name of each in the other run."""
    converted: list[str] = field(default_factory=list)
    """Those of ``taken`` of which the channels or classes were converted."""
    new: list[str] = field(default_factory=list)
    not_used: list[str] = field(default_factory=list)


class Transfer:
    """The weights of all networks of a run, from a source.

    Raises RequestError if no layer can be taken.
    """

    def __init__(self, source: Source, assembly: Assembly) -> None:
        self._source = source
        self._now = (assembly.batches.data.shape.channels, assembly.setup.condition)
        self._from_ema = assembly.run.train.init_from_ema
        self._with_ema = ("generator", *assembly.setup.with_ema)
        self.reports: dict[str, Report] = {}
        networks = assembly.setup.networks.items()
        if not sum(self._start(name, network) for name, network in networks):
            raise RequestError(
                f"train.init_from: the networks of {source.path} and of this run have no layer in "
                "common: use the same architecture, with the same numbers of channels"
            )

    def start_ema(self, ema: Ema) -> None:
        """Start the EMA generator, and the EMA of other networks, from those of the source."""
        for name, network in ema.networks.items():
            self._start(name, network, is_ema=True)
        ema.mark_changed()

    def _start(self, name: str, network: nn.Module, *, is_ema: bool = False) -> int:
        """Start a network, or its EMA; the number of weights that it takes.

        Those of conditions are not counted.
        """
        from_ema = name in self._with_ema and self._from_ema
        old = self._source.weights(name, of_ema=is_ema or from_ema) or self._source.weights(name)
        new: Mapping[str, Tensor] = Weights(network).state_dict()["weights"]
        modules = dict(network.named_modules())

        def fit(tensor: str, before: Tensor, now: Tensor) -> Tensor | None:
            return self._fit(modules.get(split(tensor)[0]), before, now)

        taken = match(old, new, fit)
        with torch.no_grad():
            for key, each in taken.items():
                new[key].copy_(each.value)
        used = {each.source for each in taken.values()}
        self.reports[f"{name}{_EMA}" if is_ema else name] = Report(
            {key: taken[key].source for key in new if key in taken},
            [k for k in new if k in taken and taken[k].value is not old[taken[k].source]],
            [key for key in new if key not in taken],
            [key for key in old if key not in used],
        )
        weights = [key for key, each in taken.items() if each.value.ndim > 1]
        embeddings = (isinstance(modules[split(key)[0]], ConditionEmbedding) for key in weights)
        return len(weights) - sum(embeddings)

    def _fit(self, module: nn.Module | None, old: Tensor, new: Tensor) -> Tensor | None:
        """The value that a tensor of a module starts with; ``None`` if it stays new."""
        if old.dtype != new.dtype or old.ndim != new.ndim:
            return None
        channels, condition = self._now
        if condition and _has_row_per_name(module, condition, new):
            return _rows_by_name(old, new, self._source.condition, condition)
        if old.shape == new.shape:
            return old
        differing = [axis for axis in range(old.ndim) if old.shape[axis] != new.shape[axis]]
        pair = (self._source.channels, channels)
        if len(differing) > 1 or (old.shape[differing[0]], new.shape[differing[0]]) != pair:
            return None
        makes_images = (differing[0] == 0) != (
            isinstance(module, _ConvTransposeNd) and old.ndim > 1
        )
        return _convert_channels(old, new, differing[0], makes_images=makes_images)

    def message(self) -> str:
        """One line about the source, and a table of the number of tensors by network."""
        lines = [f"the weights start from {self._source.path}, step {self._source.state['step']}"]
        width = max(map(len, self.reports))
        lines.append(f"{'tensors of':{width}}  taken  (converted)    new  not used")
        for name, report in self.reports.items():
            counts = map(len, (report.taken, report.converted, report.new, report.not_used))
            lines.append("{:{}}  {:5}  {:11}  {:5}  {:8}".format(name, width, *counts))
        return "\n  ".join(lines)

    def facts(self) -> dict[str, Any]:
        """What the run folder records: the source and the names of the tensors."""
        networks = {name: vars(report) for name, report in self.reports.items()}
        source, step = self._source, self._source.state["step"]
        file = {"path": str(source.path), "step": step, "sha256": source.sha256}
        return {**file, "networks": networks}


def _has_row_per_name(module: nn.Module | None, condition: Condition, tensor: Tensor) -> bool:
    """Whether a tensor has one row for each class or value."""
    kinds = isinstance(module, ConditionEmbedding | nn.Embedding)
    return kinds and tensor.ndim == 2 and len(tensor) == condition.size


def _rows_by_name(
    old: Tensor, new: Tensor, before: Condition | None, now: Condition
) -> Tensor | None:
    """The new rows, with the old rows of the same class, or of the same value and range."""
    if before is None or before.kind != now.kind or before.size != len(old):
        return None
    if old.shape[1:] != new.shape[1:]:
        return None
    limits = dict(zip(before.names, before.limits, strict=True))
    rows = new.detach().clone()
    known = [
        number for number, name in enumerate(now.names) if limits.get(name) == now.limits[number]
    ]
    for number in known:
        rows[number] = old[before.names.index(now.names[number])]
    return rows if known else None


def _convert_channels(old: Tensor, new: Tensor, axis: int, *, makes_images: bool) -> Tensor:
    """A layer for images of another number of channels.

    From and to one channel, gray stays gray: channels are repeated or averaged where images are
    made, and weights are divided or summed where images are read. Otherwise the first channels
    that both have are taken.
    """
    before, now = old.shape[axis], new.shape[axis]
    if before == 1:
        return (old if makes_images else old / now).expand_as(new).clone()
    if now == 1:
        return old.mean(axis, keepdim=True) if makes_images else old.sum(axis, keepdim=True)
    both = min(before, now)
    converted = new.detach().clone()
    converted.narrow(axis, 0, both).copy_(old.narrow(axis, 0, both))
    return converted
