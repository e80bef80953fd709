"""The memory of the tensors of a training step, estimated from steps with small batches."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from ganzoo.contracts import Condition, ImageShape
from ganzoo.errors import OutOfMemory, is_out_of_memory
from ganzoo.launcher import local_process_count
from ganzoo.machine import free_memory
from ganzoo.run import Run
from ganzoo.training.engine import Engine
from ganzoo.training.progress import Progress
from ganzoo.training.randomness import preserved_random_state
from ganzoo.training.separate_trainer import separate_trainer

_SMALL, _LARGE = 2, 4
"""Images per process in the steps that are measured."""
_MIN_PIXELS = 2**17
"""Fewer pixels in the batch of a process are not worth the time: they need little memory."""
_WITH_BUFFERS = 1.5
"""The memory of a process in relation to that of its tensors; 1.38 to 1.50 were measured."""


def memory_message(
    run: Run, engine: Engine, image_shape: ImageShape, condition: Condition | None
) -> str:
    """How much memory the training steps of a process need, with a margin, and how much is free.

    Empty for batches so small that it does not matter.
    """
    n = run.train.batch_size // engine.processes
    if n * image_shape.height * image_shape.width < _MIN_PIXELS:
        return ""
    free = _free(run, engine)
    tensors = step_memory(run, engine, image_shape, condition)
    needed = tensors * _WITH_BUFFERS
    message = (
        f"a training step needs about {_gigabytes(tensors)} for its tensors, up to "
        f"{_gigabytes(needed)} with torch's own buffers"
    )
    if needed <= free:
        return f"{message}; {_gigabytes(free)} are free"
    return (
        f"{message}, but {_gigabytes(free)} are free: if the run ends, {_remedy(run)}, or lower "
        "data.resolution or the networks' width"
    )


def step_memory(
    run: Run, engine: Engine, image_shape: ImageShape, condition: Condition | None
) -> int:
    """The largest number of bytes of all tensors in a training step of this process.

    Each operation of a step is looked at: the bytes that exist after it are a linear function of
    the number of images. This includes weights, gradients, optimizers, the EMA generator, and what
    second derivatives need; not included are torch itself and the buffers inside its operations.
    With ``train.accumulate``, it is the memory of one piece and of the images of the others.
    """

    def bytes_with(n: int) -> list[int]:
        smaller = run.with_train({"batch_size": n * engine.processes, "accumulate": 1}, "auto")
        return _bytes_after_each_operation(smaller, engine, image_shape, condition)

    small, large = bytes_with(_SMALL), bytes_with(_LARGE)
    whole = run.train.batch_size / engine.processes
    piece = whole / run.train.accumulate
    more = (piece - _SMALL) / (_LARGE - _SMALL)
    if len(small) != len(large):  # the operations depend on the number of images
        small, large = [max(small)], [max(large)]
    largest = max(a + (b - a) * more for a, b in zip(small, large, strict=True))
    real_and_generated = 2 * prod(image_shape) * torch.float32.itemsize
    return round(largest + (whole - piece) * real_and_generated)


def _bytes_after_each_operation(
    run: Run, engine: Engine, image_shape: ImageShape, condition: Condition | None
) -> list[int]:
    eager, live = run.with_train({"compile": "off"}, "auto"), _LiveBytes()
    with preserved_random_state(engine.device), live:
        trainer = separate_trainer(eager, engine, image_shape, condition)
        for _ in range(2):  # the optimizers have their states only after the first step
            trainer.progress.step = 0  # in which all phases are updated, also lazy ones
            trainer.step()
    return live.history


class _LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors that were made inside it and still exist."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.history: list[int] = []
        """The bytes after each operation."""
        self._now = 0
        self._alive: dict[int, weakref.ref[torch.UntypedStorage]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_iter(result):
            if isinstance(tensor, Tensor):
                self._add(tensor.untyped_storage())
        self.history.append(self._now)
        return result

    def _add(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key not in self._alive:
            self._now += size
            self._alive[key] = weakref.ref(storage, lambda _: self._remove(key, size))

    def _remove(self, key: int, size: int) -> None:
        del self._alive[key]
        self._now -= size


def _free(run: Run, engine: Engine) -> int:
    """The free memory of a process's device, or its part of that of this machine, in bytes."""
    if engine.device.type == "cuda":
        kept = torch.cuda.memory_reserved(engine.device) - torch.cuda.memory_allocated(
            engine.device
        )
        return torch.cuda.mem_get_info(engine.device)[0] + kept  # what torch keeps is free, too
    return free_memory() // local_process_count(run.train.devices, run.train.nodes)


@contextmanager
def memory_errors(run: Run, progress: Progress) -> Iterator[None]:
    """A context that raises OutOfMemory, with the remedies, for errors about memory."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error) or isinstance(error, OutOfMemory):
            raise
        reason = next(iter(str(error).splitlines()), "")[:200]
        raise OutOfMemory(
            f"out of memory in step {progress.step + 1}{f' ({reason})' if reason else ''}: resume "
            f"from the newest checkpoint; {_remedy(run)}, or lower data.resolution or the "
            "networks' width in a new run"
        ) from error


def _remedy(run: Run) -> str:
    """What to set."""
    size, pieces = run.train.batch_size, run.train.accumulate
    return (
        f"set train.batch_size={max(1, size // 2)}, or train.accumulate={2 * pieces}, which keeps "
        f"the batch of {size}, for networks without batch norm"
    )


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:,.1f} GB"
