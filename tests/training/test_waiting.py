"""A training step never waits for the device: it reads no value of a tensor.

On a GPU, reading a value stops the program until everything before it is computed. Here the CPU
stands in, and each operation of a step is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ganzoo.contracts import Condition, ImageShape
from ganzoo.registry import Registry
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training.engine import Engine
from ganzoo.training.separate_trainer import separate_trainer
from ganzoo.training.trainer import Trainer
from tests.conftest import SMALL

_READING = {
    torch.ops.aten._local_scalar_dense.default,
    torch.ops.aten.equal.default,
    torch.ops.aten.masked_select.default,
    torch.ops.aten.nonzero.default,
    torch.ops.aten._unique2.default,
}
"""Operations that need a value, or whose result has a shape that depends on values."""
_INDEXING = {
    torch.ops.aten.index.Tensor,
    torch.ops.aten.index_put.default,
    torch.ops.aten.index_put_.default,
}
"""Operations that wait for the device if an index is booleans."""


class _RefuseReading(TorchDispatchMode):
    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        indices = tree_leaves(args[1]) if func in _INDEXING else []
        masks = [i for i in indices if isinstance(i, Tensor) and i.dtype == torch.bool]
        assert func not in _READING, f"{func} waits for the device"
        assert not masks, "an index of booleans waits for the device"
        return func(*args, **(kwargs or {}))


@contextmanager
def refused_reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A context in which reading a value of a tensor fails."""

    def refuse(self: Tensor, *arguments: object) -> None:
        raise AssertionError("this waits for the device")

    with monkeypatch.context() as patch, _RefuseReading():  # type: ignore[no-untyped-call]
        for name in ("tolist", "numpy", "cpu"):
            patch.setattr(Tensor, name, refuse)
        yield


def trainer(**parts: Any) -> Trainer:
    """A trainer of tiny networks, after its first step."""
    settings = Settings()
    architecture = parts.pop("architecture", "dcgan")
    tiny = {"data.resolution": 16, **SMALL[architecture], "train.batch_size": 8}
    values = {"dataset": "blossoms", "architecture": architecture, "loss": "hinge", **tiny}
    settings.add({**values, "train.device": "cpu", "train.discriminator.steps": 1, **parts}, "")
    run = Run.resolve(settings)
    size = run.data.height
    condition = Condition("class", ("a", "b")) if run.data.conditional else None
    made = separate_trainer(run, Engine(run.train), ImageShape(3, size, size), condition)
    made.updater.finite_check._immediate = False  # as on a GPU
    made.step()
    made.progress.step = 0  # the next step has all phases again, also lazy ones
    return made


_NEEDED: dict[str, dict[str, Any]] = {
    "auxiliary-classifier": {"data.conditional": True},
    "fastgan-reconstruction": {"architecture": "fastgan"},
    "mismatch": {"data.conditional": True},
}
"""What components need."""


def parts() -> Iterator[Any]:
    """Each architecture, and each loss, regularizer and augmentation with a dcgan."""
    for architecture in SMALL:
        yield pytest.param({"architecture": architecture}, id=architecture)
    for kind, section in (("loss", ""), ("regularizer", "regularize"), ("augmentation", "augment")):
        for entry in Registry.discover().entries(kind):
            name = entry.component.name
            chosen: dict[str, Any] = {f"{section}.{name}": {}} if section else {"loss": name}
            chosen |= _NEEDED.get(name, {})
            yield pytest.param(chosen, id=f"{kind} {name}")


@pytest.mark.parametrize("chosen", list(parts()))
def test_a_step_reads_no_value(chosen: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    made = trainer(**chosen)
    with refused_reading(monkeypatch):
        made.step()


@pytest.mark.parametrize(
    "read", [Tensor.item, lambda one: one.tolist(), bool, Tensor.nonzero, lambda one: one[one > 0]]
)
def test_reading_is_noticed(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    value = torch.ones(())
    with pytest.raises(AssertionError, match="waits for the device"), refused_reading(monkeypatch):
        read(value)
