"""Batches that are read before they are asked for; the CPU stands in for a GPU."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import ganzoo
from ganzoo import Condition
from ganzoo.data import batches as batches_module
from ganzoo.data.batches import Batch, Batches
from ganzoo.data.cache import PreparedImages
from ganzoo.data.collection import Collection
from ganzoo.data.prefetch import Prefetch, RawBatch
from ganzoo.data.preparation import Preparation
from ganzoo.data.streaming import StreamedImages
from ganzoo.shard import WHOLE_BATCH, Shard
from ganzoo.training.checkpoint import Checkpoints
from tests.sameness import same

CPU = torch.device("cpu")
LAST = 100
"""The last position that can be read."""
SECONDS = 30.0
"""After which a test fails instead of waiting."""


class Source:
    """Batches that are numbered by their position, and where each was read."""

    def __init__(self) -> None:
        self.read: list[int] = []
        self.threads: set[str] = set()
        self.is_read = threading.Event()

    def __call__(self, position: int, count: int, shard: Shard) -> RawBatch:
        if position > LAST:
            raise ValueError("no such image")
        self.read.append(position)
        self.threads.add(threading.current_thread().name)
        self.is_read.set()
        return RawBatch(torch.full((count,), position), None)


def positions(prefetch: Prefetch, *wanted: int) -> list[int]:
    return [int(prefetch.take(each, 4, WHOLE_BATCH).images[0]) for each in wanted]


def test_the_next_batch_is_read_by_a_thread_before_it_is_asked_for() -> None:
    source = Source()
    prefetch = Prefetch(source, CPU)
    prefetch.take(0, 4, WHOLE_BATCH)
    source.is_read.clear()
    assert len(source.read) == 2 or source.is_read.wait(SECONDS)
    assert positions(prefetch, 4, 8) == [4, 8]
    prefetch.forget()  # waits for the thread
    assert source.read == [0, 4, 8, 12]
    assert len(source.threads) == 2


def test_batches_may_be_taken_in_any_order() -> None:
    source = Source()
    assert positions(Prefetch(source, CPU), 0, 0, 4, 100, 8) == [0, 0, 4, 100, 8]


def test_another_size_or_part_is_read_anew() -> None:
    prefetch = Prefetch(Source(), CPU)
    prefetch.take(0, 4, WHOLE_BATCH)
    assert len(prefetch.take(4, 2, WHOLE_BATCH).images) == 2
    prefetch.take(6, 2, Shard(1, 2))


def test_what_was_read_before_is_not_used_once_it_is_forgotten() -> None:
    source = Source()
    prefetch = Prefetch(source, CPU)
    prefetch.take(0, 4, WHOLE_BATCH)
    prefetch.forget()
    assert source.read == [0, 4]
    prefetch.take(4, 4, WHOLE_BATCH)
    assert source.read[:3] == [0, 4, 4]


def test_an_error_is_raised_only_for_a_batch_that_is_asked_for() -> None:
    prefetch = Prefetch(Source(), CPU)
    assert positions(prefetch, LAST - 4, LAST, 0, LAST) == [LAST - 4, LAST, 0, LAST]
    with pytest.raises(ValueError, match="no such image"):
        prefetch.take(LAST + 4, 4, WHOLE_BATCH)


def test_only_one_thread_reads_also_after_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, reading = threading.Event(), threading.Lock()

    def read(position: int, count: int, shard: Shard) -> RawBatch:
        assert reading.acquire(blocking=False), "two threads read at once"
        try:
            if position:
                assert goes_on.wait(SECONDS)
            return RawBatch(torch.full((count,), position), None)
        finally:
            reading.release()

    def interrupted(future: Future[RawBatch]) -> None:
        raise KeyboardInterrupt

    prefetch = Prefetch(read, CPU)
    prefetch.take(0, 4, WHOLE_BATCH)
    with monkeypatch.context() as patch:
        patch.setattr(Future, "exception", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prefetch.take(8, 4, WHOLE_BATCH)
    threading.Timer(0.05, goes_on.set).start()
    assert positions(prefetch, 8) == [8]


@pytest.fixture
def overlapping(monkeypatch: pytest.MonkeyPatch) -> list[Prefetch]:
    """Batches read ahead on a CPU, too; the list of what does so."""
    made: list[Prefetch] = []

    def prefetch(*arguments: Any) -> Prefetch:
        made.append(Prefetch(*arguments))
        return made[-1]

    monkeypatch.setattr(batches_module, "may_overlap", lambda device: True)
    monkeypatch.setattr(batches_module, "Prefetch", prefetch)
    return made


IMAGES = np.random.default_rng(0).integers(0, 256, (50, 4, 4, 3), np.uint8)
LABELS = np.arange(50) % 3


class Chunked:
    """The images in chunks, which are read during training."""

    chunk, window, fingerprint, class_names = 4, 12, "chunked", tuple("abc")
    values = LABELS

    def __len__(self) -> int:
        return 50

    def __getitem__(self, index: int) -> tuple[Any, int | None]:
        raise AssertionError("it is read in bulk")

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
        return IMAGES[indices], LABELS[indices]


def prepared() -> Collection:
    return Collection.of(PreparedImages(IMAGES, LABELS, Condition("class", tuple("abc"))))


def streamed() -> Collection:
    return Collection.of(StreamedImages(Chunked(), Preparation(resolution=4)))


def equal(one: Batch, other: Batch) -> bool:
    assert one.condition is not None
    assert other.condition is not None
    assert one.images.stride() == other.images.stride()
    return torch.equal(one.images, other.images) and torch.equal(one.condition, other.condition)


@pytest.mark.parametrize("shard", [WHOLE_BATCH, Shard(1, 2)])
@pytest.mark.parametrize("collection", [prepared, streamed])
def test_batches_are_the_same_in_every_epoch_and_after_a_rollback(
    collection: Callable[[], Collection],
    shard: Shard,
    overlapping: list[Prefetch],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ahead = Batches(collection(), 7, CPU)
    assert len(overlapping) == 1
    monkeypatch.undo()
    expected = Batches(collection(), 7, CPU)
    for position in range(0, 160, 16):
        assert equal(ahead.take(position, 16, shard), expected.take(position, 16, shard))
    for each in (ahead, expected):
        each.shuffle(8)
    assert equal(ahead.take(160, 16, shard), expected.take(160, 16, shard))


def test_images_on_the_device_are_not_read_before(overlapping: list[Prefetch]) -> None:
    Batches(prepared(), 7, CPU, keep=True)
    assert not overlapping


def test_a_run_is_the_same_and_resumes_exactly(
    tiny: Callable[..., dict[str, Any]],
    overlapping: list[Prefetch],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    halved = ganzoo.train(**tiny("halved", "mlp", steps=2))
    ganzoo.resume(halved.folder, steps=4, quiet=True)
    assert overlapping
    monkeypatch.undo()
    straight = ganzoo.train(**tiny("straight", "mlp", steps=4))
    assert same(*(Checkpoints(run.folder / "checkpoints", 3).load() for run in (halved, straight)))


@pytest.mark.gpu
def test_batches_of_a_gpu_that_computes_are_right() -> None:
    gpu = torch.device("cuda")
    on_gpu, expected = Batches(prepared(), 7, gpu), Batches(prepared(), 7, CPU)
    busy = torch.randn(4096, 4096, device=gpu)
    for position in range(0, 640, 16):
        busy = (busy @ busy).tanh()  # the copies run beside this
        batch = on_gpu.take(position, 16)
        assert torch.equal(batch.images.cpu(), expected.take(position, 16).images)
