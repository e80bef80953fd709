from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import ganzoo
from ganzoo import Condition, RequestError
from ganzoo.data.batches import Batches
from ganzoo.data.collection import Collection
from ganzoo.data.order import WindowedOrder
from ganzoo.data.preparation import Preparation
from ganzoo.data.streaming import StreamedImages

SMALL = Preparation(resolution=4)


class Chunked:
    """90 images of one gray level each, in chunks of 8; records which ranges are read."""

    chunk = 8
    window = 24
    class_names = ("even", "odd")
    fingerprint = "chunked"

    def __init__(self, side: int = 4, channels: int = 3) -> None:
        self.side = side
        self.channels = channels
        self.values = np.arange(90) % 2
        self.reads: list[range] = []
        self.threads: set[str] = set()

    def __len__(self) -> int:
        return 90

    def __getitem__(self, index: int) -> tuple[Any, int | None]:
        raise AssertionError("it is read in bulk")

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
        self.reads.append(indices)
        self.threads.add(threading.current_thread().name)
        grays = np.array(indices, np.uint8)[:, None, None, None]
        return np.tile(grays, (1, self.side, self.side, self.channels)), self.values[indices]


def grays(images: NDArray[np.uint8]) -> list[int]:
    return [int(image[0, 0, 0]) for image in images]


@pytest.mark.parametrize("side", [4, 12])
def test_images_are_read_by_number_and_prepared(side: int) -> None:
    data = StreamedImages(Chunked(side), SMALL)
    assert (data.shape, len(data)) == ((3, 4, 4), 90)
    taken = data.take(np.array([5, 89, 40, 5]))
    assert taken.shape == (4, 4, 4, 3)
    assert grays(taken) == [5, 89, 40, 5]


def test_stored_channels_are_kept_unless_others_are_requested() -> None:
    assert StreamedImages(Chunked(channels=1), SMALL).shape == (1, 4, 4)
    gray = StreamedImages(Chunked(), Preparation(resolution=4, channels=1))
    assert gray.take(np.array([7])).shape == (1, 4, 4, 1)


def test_an_epoch_reads_each_chunk_once() -> None:
    chunked = Chunked()
    batches = Batches(Collection.of(StreamedImages(chunked, SMALL)), 0, torch.device("cpu"))
    seen = [batches.take(position, 10) for position in range(0, 90, 10)]
    shown = torch.cat([((b.images[:, 0, 0, 0] + 1) * 127.5).round() for b in seen]).int().tolist()
    assert sorted(shown) == list(range(90))
    labels = torch.cat([b.condition for b in seen if b.condition is not None])
    assert labels.tolist() == [gray % 2 for gray in shown]
    ahead = [r for r in chunked.reads if len(r) > 1][: -(-90 // 8)]
    assert sorted(r.start for r in ahead) == list(range(0, 90, 8))
    assert threading.current_thread().name not in chunked.threads - {"MainThread"}


def test_the_order_shuffles_within_windows_of_chunks() -> None:
    data = Collection.of(StreamedImages(Chunked(), SMALL))
    order = WindowedOrder(np.arange(90), chunk=8, window=24, seed=3)
    assert np.array_equal(Batches(data, 3, torch.device("cpu")).order.at(17, 60), order.at(17, 60))


def test_memory_is_bounded() -> None:
    data = StreamedImages(Chunked(), SMALL)
    order = WindowedOrder(np.arange(90), 8, 24, seed=0)
    for position in range(180):
        data.read_ahead(order, position, 1)
        data.take(order.at(position, 1))
        parts = [part for parts in data._windows.values() for part in parts.values()]
        assert len(parts) <= 2 * 3  # two windows of three chunks


def test_a_window_that_does_not_fit_into_memory_is_refused_with_a_smaller_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chunked = Chunked(side=12)
    image = 4 * 4 * 3  # as it is prepared
    monkeypatch.setattr("ganzoo.data.streaming.free_memory", lambda: 80 * image)
    for chunked.window, images in ((41, 82), (1000, 90)):  # there are 90 images
        message = (
            f"two windows of {chunked.window:,} images need {images * image:,} bytes of memory, "
            "and 3,840 are free: write dataset.window=20"
        )
        with pytest.raises(RequestError, match=f"^{message}$"):
            StreamedImages(chunked, SMALL)
    for chunked.window in (40, 20, 1):
        StreamedImages(chunked, SMALL)


def test_with_few_images_each_chunk_is_still_read_once_per_epoch() -> None:
    chunked = Chunked()
    chunked.values = (np.arange(90) % 10 != 0).astype(np.int64)  # nine in 90 are "even"
    data = Collection.of(StreamedImages(chunked, SMALL), ["even"])
    batches = Batches(data, 0, torch.device("cpu"))
    chunked.reads.clear()
    for position in range(0, 9, 3):
        batches.take(position, 3)
    starts = [indices.start for indices in chunked.reads]
    assert len(starts) <= 2 * len({n // 8 for n in range(0, 90, 10)})  # this epoch's and the next


def test_classes_may_be_chosen_but_not_balanced() -> None:
    store = StreamedImages(Chunked(), SMALL)
    data = Collection.of(store, ["odd"])
    batch = Batches(data, 0, torch.device("cpu")).take(0, 45)
    shown = ((batch.images[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()
    assert sorted(shown) == list(range(1, 90, 2))
    with pytest.raises(RequestError, match="read in chunks cannot be balanced"):
        Batches(data, 0, torch.device("cpu"), balance=True)


def test_a_run_on_chunks_trains_and_resumes_exactly(
    tiny: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ganzoo.configured_components import ConfiguredComponent
    from ganzoo.training.checkpoint import Checkpoints
    from tests.sameness import same

    built = ConfiguredComponent.build

    def shelved(self: ConfiguredComponent, **context: Any) -> Any:
        dataset = self.entry.component.kind == "dataset"
        return Chunked(8) if dataset else built(self, **context)

    monkeypatch.setattr(ConfiguredComponent, "build", shelved)
    straight = ganzoo.train(**tiny("straight", steps=12)).folder
    halved = ganzoo.train(**tiny("halved", steps=5)).folder
    ganzoo.resume(halved, steps=12, quiet=True)
    states = [Checkpoints(f / "checkpoints", 3).load() for f in (straight, halved)]
    assert same(states[0]["state"]["networks.generator"], states[1]["state"]["networks.generator"])


def test_values_are_streamed_with_their_images() -> None:
    chunked: Any = Chunked()
    chunked.class_names = ()
    chunked.condition = Condition("vector", ("gray",), ((0.0, 90.0),))
    chunked.values = np.arange(90.0)[:, None]
    data = Collection.of(StreamedImages(chunked, Preparation(resolution=4)))
    batch = Batches(data, seed=0, device=torch.device("cpu")).take(0, 20)
    assert batch.condition is not None
    assert batch.condition.dtype == torch.float32
    grays = ((batch.images[:, 0, 0, 0] + 1) * 127.5).round()
    assert torch.equal(batch.condition[:, 0], grays)


def test_labels_that_do_not_match_the_class_names_are_refused() -> None:
    chunked = Chunked()
    chunked.values = np.full(len(chunked), len(chunked.class_names))
    with pytest.raises(RequestError, match=r"^dataset mine/chunked: image 0 has the label 2, but"):
        StreamedImages(chunked, SMALL, "mine/chunked")
