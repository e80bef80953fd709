"""Images that are kept on the device; the CPU stands in for a GPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import ganzoo
from ganzoo import Condition, RequestError
from ganzoo.data.batches import Batches
from ganzoo.data.cache import PreparedImages
from ganzoo.data.collection import Collection
from ganzoo.data.device_images import should_keep
from ganzoo.data.streaming import StreamedImages
from ganzoo.shard import Shard
from ganzoo.training.checkpoint import Checkpoints
from tests.sameness import same

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def collection(classes: tuple[str, ...] = ()) -> Collection:
    images = np.random.default_rng(0).integers(0, 256, (3000, 2, 3, 3), np.uint8)
    condition = Condition("class", ("a", "b", "c"))
    return Collection.of(PreparedImages(images, np.arange(3000) % 3, condition), classes)


@pytest.mark.parametrize("classes", [(), ("c", "a")])
def test_batches_are_the_same_with_and_without_images_on_the_device(
    classes: tuple[str, ...],
) -> None:
    data = collection(classes)
    kept, gathered = (Batches(data, 7, CPU, keep=keep) for keep in (True, False))
    for position, shard in ((0, Shard(0, 1)), (len(data) - 5, Shard(1, 2))):
        one, other = (each.take(position, 64, shard) for each in (kept, gathered))
        assert torch.equal(one.images, other.images)
        assert one.images.stride() == other.images.stride()
        assert one.condition is not None
        assert other.condition is not None
        assert torch.equal(one.condition, other.condition)


def test_auto_keeps_images_on_a_gpu_if_they_take_less_than_a_quarter_of_its_free_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = collection()
    size = 3000 * 2 * 3 * 3
    for free, expected in ((4 * size + 1, True), (4 * size, False)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _, free=free: (free, 10 * free))
        assert should_keep(data, GPU, "auto") is expected
    assert not should_keep(data, CPU, "auto")
    assert not should_keep(data, GPU, False)
    assert should_keep(data, GPU, True)


def test_images_that_are_read_in_chunks_are_not_kept() -> None:
    streamed = StreamedImages.__new__(StreamedImages)
    data = Collection(streamed, np.arange(3), None, None, "")
    assert not should_keep(data, GPU, "auto")
    with pytest.raises(RequestError, match=r"data\.on_device=true: images that are read in chunks"):
        should_keep(data, GPU, True)


def test_a_run_is_the_same_with_images_on_the_device(tiny: Callable[..., dict[str, Any]]) -> None:
    runs = [
        ganzoo.train(**tiny(str(keep), "mlp", settings={"data.on_device": keep}))
        for keep in (True, False)
    ]
    assert same(*(Checkpoints(run.folder / "checkpoints", 3).load() for run in runs))


@pytest.mark.gpu
def test_a_batch_from_a_gpu_equals_one_from_the_cpu() -> None:
    data = collection()
    kept, pinned, expected = (
        Batches(data, 7, device, keep=keep).take(100, 64)
        for device, keep in ((GPU, True), (GPU, False), (CPU, False))
    )
    assert torch.equal(kept.images.cpu(), expected.images)
    assert torch.equal(pinned.images.cpu(), expected.images)
