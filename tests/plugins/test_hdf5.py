from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from ganzoo import BulkDataset, ChunkedDataset, Condition, RequestError
from ganzoo_hdf5 import Hdf5Options, ganzoo_datasets
from ganzoo_hdf5.images import Hdf5Images

Pixels = NDArray[np.uint8]


def pixels(count: int = 10, height: int = 8, width: int = 6, channels: int = 3) -> Pixels:
    shape = (count, height, width, channels)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def store(path: Path, images: NDArray[Any], more: dict[str, Any] | None = None, **how: Any) -> Path:
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=images, **how)
        for name, values in (more or {}).items():
            file[name] = values
    return path


def open_dataset(path: Path | None, **options: Any) -> Hdf5Images:
    return Hdf5Images(Hdf5Options(path=path, **options))


def error_message(path: Path | None, **options: Any) -> str:
    with pytest.raises(RequestError) as refused:
        open_dataset(path, **options)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def open_descriptors(path: Path) -> list[Path]:
    """The open file descriptors of this process for a file; none without /proc."""
    return [handle for handle in Path("/proc/self/fd").glob("*") if handle.resolve() == path]


@pytest.mark.parametrize("how", [{}, {"chunks": (3, 8, 6, 3)}, {"chunks": True}])
@pytest.mark.parametrize("packed", [None, "gzip", "lzf"])
def test_images_are_read_as_stored(tmp_path: Path, how: Any, packed: str | None) -> None:
    if packed:
        how = {"chunks": True, **how, "compression": packed, "shuffle": True}
    images = pixels()
    path = store(tmp_path / "a.h5", images, **how)
    for memory in ("load", "stream"):
        dataset = open_dataset(path, memory=memory)
        assert len(dataset) == 10
        assert dataset.class_names == ()
        for indices in (range(10), range(2, 9), range(1, 10, 3), range(4, 4)):
            read, labels = dataset.read(indices)
            assert np.array_equal(read, images[indices])
            assert labels is None
        assert np.array_equal(dataset[7][0], images[7])


def test_loaded_and_streamed_images_and_chunks_are_the_same(
    tmp_path: Path,
) -> None:
    path = store(
        tmp_path / "a.h5", pixels(100), {"labels": np.arange(100) % 3}, chunks=(7, 8, 6, 3)
    )
    loaded, streamed = open_dataset(path, memory="load"), open_dataset(path, memory="stream")
    assert (loaded.chunk, loaded.window) == (streamed.chunk, streamed.window)
    assert loaded.fingerprint == streamed.fingerprint
    for indices in (range(100), range(33, 71)):
        for one, other in zip(loaded.read(indices), streamed.read(indices), strict=True):
            assert one is not None
            assert other is not None
            assert np.array_equal(one, other)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system has no /proc/self/fd")
def test_auto_loads_images_up_to_a_quarter_of_the_free_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = pixels()
    path = store(tmp_path / "a.h5", images)
    for free, still_open in ((4 * images.size, 0), (4 * images.size - 1, 1)):
        monkeypatch.setattr("ganzoo_hdf5.images.free_memory", lambda free=free: free)
        dataset = open_dataset(path)
        dataset.read(range(10))
        assert len(open_descriptors(path)) == still_open
    monkeypatch.setattr("ganzoo_hdf5.images.free_memory", lambda: images.size - 1)
    assert "1,439 are free: write dataset.memory=stream" in error_message(path, memory="load")


def test_a_chunk_has_whole_chunks_of_the_file_and_at_least_1_mib(tmp_path: Path) -> None:
    images = pixels(5000)  # of 144 bytes
    assert open_dataset(store(tmp_path / "a.h5", images)).chunk == 5000
    large = pixels(30, 256, 256)  # of 196,608 bytes
    assert open_dataset(store(tmp_path / "b.h5", large)).chunk == 5
    assert open_dataset(store(tmp_path / "c.h5", large, chunks=(2, 256, 256, 3))).chunk == 4
    assert open_dataset(store(tmp_path / "d.h5", large, chunks=(20, 256, 256, 3))).chunk == 20
    assert open_dataset(store(tmp_path / "e.h5", large, chunks=(1, 256, 256, 3))).chunk == 5


def test_images_are_read_in_chunks_and_in_bulk(tmp_path: Path) -> None:
    dataset = open_dataset(store(tmp_path / "a.h5", pixels()), window=77)
    assert isinstance(dataset, ChunkedDataset)
    assert isinstance(dataset, BulkDataset)
    assert dataset.window == 77


def test_layouts_and_ranges_are_detected_or_given(tmp_path: Path) -> None:
    images = pixels()
    first = store(tmp_path / "first.h5", np.moveaxis(images, 3, 1))
    unit = store(tmp_path / "unit.h5", images.astype(np.float64) / 255, chunks=True)
    gray = store(tmp_path / "gray.h5", images[..., 0])
    for memory in ("load", "stream"):
        assert np.array_equal(open_dataset(first, memory=memory).read(range(10))[0], images)
        assert np.array_equal(open_dataset(unit, memory=memory).read(range(10))[0], images)
        assert np.array_equal(open_dataset(gray, memory=memory).read(range(10))[0], images[..., :1])
    odd = store(tmp_path / "odd.h5", pixels(4, 8, 8, 5))
    assert "dataset.layout=NHWC" in error_message(odd)
    assert open_dataset(odd, layout="NHWC")[0][0].shape == (8, 8, 5)
    broken = images.astype(np.float32) / 255
    broken[4, 0, 0, 0] = np.nan
    assert "image 4 has values that are not finite numbers" in error_message(
        store(tmp_path / "n.h5", broken)
    )


def test_auto_uses_the_layout_and_range_stored_in_the_file(tmp_path: Path) -> None:
    black = np.zeros((10, 6, 6, 5), np.uint8)
    path = store(tmp_path / "a.h5", black)
    with h5py.File(path, "a") as file:
        file.attrs.update({"layout": "NHWC", "range": np.bytes_("0..255")})
    assert open_dataset(path)[0][0].shape == (6, 6, 5)
    assert open_dataset(path, layout="NCHW")[0][0].shape == (6, 5, 6)
    with h5py.File(path, "a") as file:
        file.attrs.update({"layout": "planar", "range": [0.0, 1.0]})
    assert "dataset.layout=NHWC" in error_message(path, range="0..255")
    assert "dataset.range=0..1" in error_message(path, layout="NHWC")


def test_duplicate_class_names_are_refused(tmp_path: Path) -> None:
    more = {"labels": np.arange(10) % 2, "class_names": ["a", "a"]}
    message = error_message(store(tmp_path / "a.h5", pixels(), more))
    assert "a.h5: labels: 2 classes have the name 'a': give each class its own name" in message


def test_labels_are_numbered_and_have_class_names(tmp_path: Path) -> None:
    text = h5py.string_dtype()
    names = np.array(["rose", "tülip"], text)
    counted = {"labels": np.arange(10) % 2, "class_names": names}
    from_one = {"labels": np.arange(10)[:, None] % 2 + 1}
    texts = {"labels": np.array(["b", "a"] * 5, text)}
    for more, class_names, start in (
        (counted, ("rose", "tülip"), [0, 1, 0]),
        (from_one, ("1", "2"), [0, 1, 0]),
        (texts, ("a", "b"), [1, 0, 1]),
    ):
        dataset = open_dataset(store(tmp_path / "a.h5", pixels(), more))
        assert dataset.class_names == class_names
        assert [dataset[i][1] for i in range(3)] == start
        labels = dataset.read(range(3))[1]
        assert labels is not None
        assert labels.dtype == np.int64
        assert labels.tolist() == start


def test_class_names_are_read_from_an_attribute(tmp_path: Path) -> None:
    path = store(tmp_path / "a.h5", pixels(), {"labels": np.arange(10) % 2})
    with h5py.File(path, "a") as file:
        file.attrs["class_names"] = ["rose", "tulip"]
    assert open_dataset(path).class_names == ("rose", "tulip")


def test_datasets_with_other_names_are_chosen_by_keys(tmp_path: Path) -> None:
    images = pixels()
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["train/images"] = images
        file["train/kinds"] = np.arange(10) % 2
    message = error_message(path)
    assert "no dataset 'images'" in message
    assert "one of train/images, train/kinds" in message
    dataset = open_dataset(path, images_key="train/images", labels_key="train/kinds")
    assert np.array_equal(dataset[3][0], images[3])
    assert dataset[3][1] == 1
    assert "no dataset 'y'" in error_message(path, images_key="train/images", labels_key="y")
    assert "no dataset 'train'" in error_message(path, images_key="train")
    assert "no dataset 'train/kinds/x'" in error_message(path, images_key="train/kinds/x")
    store(path, images)
    assert "no dataset '.'" in error_message(path, images_key=".")
    with h5py.File(path, "w") as file:
        file[b"\xff"] = file["two\nlines"] = 1
    assert r"one of 'two\nlines', b'\xff'" in error_message(path)
    with h5py.File(path, "w"):
        pass
    assert "but the file has no datasets" in error_message(path)


@pytest.mark.parametrize("memory", ["load", "stream"])
def test_several_classes_or_values_are_read_with_their_names(tmp_path: Path, memory: str) -> None:
    yes_or_no = np.arange(20).reshape(10, 2) % 3 % 2
    more: dict[str, Any] = {"labels": yes_or_no, "class_names": ["round", "red"]}
    dataset = open_dataset(store(tmp_path / "a.h5", pixels(), more), memory=memory)
    assert dataset.condition == Condition("classes", ("round", "red"))
    assert dataset.class_names == ()
    values = dataset.read(range(3, 5))[1]
    assert values is not None
    assert values.dtype == np.float32
    assert values.tolist() == yes_or_no[3:5].tolist()
    assert dataset[4][1] == yes_or_no[4].tolist()
    more = {"labels": yes_or_no / 2, "value_names": ["hue", "size"]}
    dataset = open_dataset(store(tmp_path / "b.h5", pixels(), more), memory=memory)
    assert dataset.condition == Condition("vector", ("hue", "size"), ((0, 0.5), (0, 0.5)))
    more["value_ranges"] = [[0, 1], [-1, 1]]
    dataset = open_dataset(store(tmp_path / "c.h5", pixels(), more), memory=memory)
    assert dataset.condition == Condition("vector", ("hue", "size"), ((0, 1), (-1, 1)))
    more["value_ranges"] = [[0, 0.25], [-1, 1]]
    message = error_message(store(tmp_path / "d.h5", pixels(), more))
    assert "has hue=0.5, which is not in 0 to 0.25" in message


def test_labels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    for labels, message in (
        (np.arange(9), "(9,), but there are 10 images"),
        (np.zeros((10, 1001), int), "(10, 1001), but there are 10 images, and at most 1000"),
        (np.full((10, 2), 0.5), "value0 is 0.5 in all images: leave it out"),
        (np.full((10, 2), np.nan), "image 0 has values that are not finite"),
        (np.zeros(10), "float64"),
        (np.arange(10) - 1, "has the label -1"),
    ):
        assert message in error_message(store(tmp_path / "a.h5", pixels(), {"labels": labels}))
    few = {"labels": np.arange(10), "class_names": np.array(["a", "b"], h5py.string_dtype())}
    assert "has the label 9, but the 2 class names" in error_message(
        store(tmp_path / "a.h5", pixels(), few)
    )
    long = {"labels": np.arange(10), "class_names": np.array(["a" * 1001], h5py.string_dtype())}
    assert "1,001 characters" in error_message(store(tmp_path / "a.h5", pixels(), long))


def test_data_outside_the_file_is_not_read(tmp_path: Path) -> None:
    images = pixels()
    path, other = tmp_path / "a.h5", store(tmp_path / "other.h5", images)
    with h5py.File(path, "w") as file:
        file["linked"] = h5py.ExternalLink(other, "images")
        file["beyond"] = h5py.ExternalLink(other, "/")
        file["soft"] = h5py.SoftLink("/linked")
        virtual = h5py.VirtualLayout(images.shape, np.uint8)
        virtual[:] = h5py.VirtualSource(other, "images", images.shape)
        file.create_virtual_dataset("virtual", virtual)
        outside = [(str(tmp_path / "raw"), 0, images.nbytes)]
        file.create_dataset("outside", images.shape, np.uint8, external=outside)
    (tmp_path / "raw").write_bytes(images.tobytes())
    for key in ("linked", "soft", "beyond/images"):
        assert "is a link" in error_message(path, images_key=key)
    for key in ("virtual", "outside"):
        assert "has its data in other files" in error_message(path, images_key=key)


def test_labels_and_class_names_are_checked_like_images(tmp_path: Path) -> None:
    other = store(tmp_path / "other.h5", pixels(), {"labels": np.arange(10)})
    for key in ("labels", "class_names"):
        path = store(tmp_path / "a.h5", pixels(), {"labels": np.arange(10)})
        with h5py.File(path, "a") as file:
            file.pop(key, None)
            file[key] = h5py.ExternalLink(other, "labels")
        assert f"{key} is a link" in error_message(path)


def test_arrays_without_numbers_or_images_are_refused(tmp_path: Path) -> None:
    for images, message in (
        (np.zeros((4, 8, 8, 3), np.complex64), "complex64"),
        (np.zeros((4, 8, 8, 3), [("r", "u1"), ("g", "u1")]), "images need numbers"),
        (np.full((4, 8, 8, 3), b"text"), "images need numbers"),
        (np.uint8(3), "has the shape ()"),
        (np.zeros((0, 8, 8, 3), np.uint8), "has the shape (0, 8, 8, 3)"),
    ):
        assert message in error_message(store(tmp_path / "a.h5", np.asarray(images)))
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.create_dataset("images", (4, 8, 8, 3), h5py.vlen_dtype(np.uint8))
        file["nothing"] = h5py.Empty("u1")
    for key in ("images", "nothing"):
        assert error_message(tmp_path / "b.h5", images_key=key)


def test_filter_plugins_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((4, 8, 8, 3))
        made.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))  # zstd
        space = h5py.h5s.create_simple((4, 8, 8, 3))
        h5py.h5d.create(file.id, b"images", h5py.h5t.STD_U8LE, space, made)
    assert "a filter that is not built into HDF5" in error_message(path)


def test_chunks_that_are_too_large_and_incomplete_data_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "chunks", (9000, 256, 256, 3), "u1", chunks=(9000, 256, 256, 1), compression="gzip"
        )
        file.create_dataset("claimed", (10**12, 64, 64, 3), "u1", chunks=(10, 64, 64, 3))
        file.create_dataset("wide", (9, 2**20, 2**20, 3), "u1", chunks=(1, 64, 64, 3))
        packed = file.create_dataset(
            "packed", (10**6, 64, 64, 3), "u1", chunks=(10, 64, 64, 3), compression="gzip"
        )
        packed[0] = np.ones((64, 64, 3), "u1")
        begun = file.create_dataset("begun", (100, 64, 64, 3), "u1", chunks=(10, 64, 64, 3))
        begun[:50] = np.ones((50, 64, 64, 3), "u1")
    for key, message in (
        ("chunks", "bytes are read at once"),
        ("wide", "bytes are read at once"),
        ("claimed", "was not written completely"),
        ("packed", "was not written completely"),
        ("begun", "was not written completely: the file has 614,400 of 1,228,800 bytes"),
    ):
        assert message in error_message(path, images_key=key)


def test_a_path_that_is_not_an_hdf5_file_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("<html>")
    (tmp_path / "empty.h5").touch()
    assert "write dataset.path=FILE.h5" in error_message(None)
    assert "No such file" in error_message(tmp_path / "missing.h5")
    for name in ("text.h5", "empty.h5"):
        assert "is not an HDF5 file: write dataset.path=FILE.h5" in error_message(tmp_path / name)
    assert "is not a file" in error_message(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.h5")
        assert "is not a file" in error_message(tmp_path / "pipe.h5")


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = store(tmp_path / "a.h5", pixels(200, 16, 16))
    whole = path.read_bytes()
    for length in (len(whole) - 1, len(whole) // 2, 600):
        path.write_bytes(whole[:length])
        assert str(path) in error_message(path)


def test_damaged_images_are_reported_in_one_line_with_their_place(tmp_path: Path) -> None:
    path = store(
        tmp_path / "a.h5", pixels(100), chunks=(50, 8, 6, 3), fletcher32=True, compression="gzip"
    )
    with h5py.File(path, "r") as file:
        place = file["images"].id.get_chunk_info(1).byte_offset
    with path.open("rb+") as file:
        file.seek(place + 100)
        file.write(b"damaged")
    dataset = open_dataset(path, memory="stream", range="0..255")
    dataset.read(range(50))
    for read in (lambda: dataset.read(range(50, 60)), lambda: open_dataset(path, memory="load")):
        with pytest.raises(RequestError, match=r"images\[\d+:\d+\] of .*a\.h5, it is damaged"):
            read()


def test_damaged_bytes_are_refused_or_harmless(tmp_path: Path) -> None:
    more = {"labels": np.arange(40) % 3}
    path = store(tmp_path / "a.h5", pixels(40), more, chunks=(10, 8, 6, 3), compression="gzip")
    whole = path.read_bytes()
    random = np.random.default_rng(1)
    for place in [*range(0, 120, 2), *random.integers(0, len(whole), 60).tolist()]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(random.integers(8))
        path = tmp_path / f"{place}.h5"  # HDF5 caches by path
        path.write_bytes(damaged)
        try:
            dataset = open_dataset(path, memory="stream")
            dataset.read(range(len(dataset)))
        except RequestError as error:
            assert "\n" not in str(error)  # noqa: PT017 - some bytes do not matter


def test_the_fingerprint_depends_on_the_content_and_the_options(tmp_path: Path) -> None:
    images = pixels(10, 8, 4)
    first = open_dataset(store(tmp_path / "a.h5", images), layout="NHWC").fingerprint
    (tmp_path / "moved").mkdir()
    again = open_dataset(
        store(tmp_path / "moved" / "b.h5", images), layout="NHWC", window=5
    ).fingerprint
    assert again == first
    images[0, 0, 0, 0] += 1
    other = open_dataset(store(tmp_path / "moved" / "a.h5", images), layout="NHWC").fingerprint
    assert other != first
    clipped = open_dataset(tmp_path / "a.h5", layout="NHWC", range="0..1").fingerprint
    assert clipped != first


def test_threads_can_read_one_file(tmp_path: Path) -> None:
    images = pixels(200)
    path = store(tmp_path / "a.h5", images, chunks=(10, 8, 6, 3), compression="gzip")
    for memory in ("load", "stream"):
        dataset = open_dataset(path, memory=memory)
        wrong: list[int] = []

        def read(start: int, dataset: Hdf5Images = dataset, wrong: list[int] = wrong) -> None:
            for index in range(start, 200, 8):
                if not np.array_equal(dataset[index][0], images[index]):
                    wrong.append(index)

        threads = [threading.Thread(target=read, args=(start,)) for start in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_each_process_opens_the_file_itself(tmp_path: Path) -> None:
    images = pixels()
    path = store(tmp_path / "a.h5", images, chunks=(2, 8, 6, 3), compression="gzip")
    dataset = open_dataset(path, memory="stream")
    assert not open_descriptors(path)  # no file is open if the process is forked now
    dataset.read(range(2))
    child = os.fork()
    if not child:
        same = np.array_equal(dataset.read(range(10))[0], images)
        os._exit(0 if same else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert np.array_equal(dataset.read(range(10))[0], images)


def test_a_locked_file_is_read(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    images = pixels()
    path = store(tmp_path / "a.h5", images)
    with path.open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert np.array_equal(open_dataset(path, memory="stream")[0][0], images[0])


def test_the_component_builds_it(tmp_path: Path) -> None:
    (component,) = ganzoo_datasets()
    options = component.options.model_validate({"path": str(store(tmp_path / "a.h5", pixels()))})
    build: Callable[..., Any] = component.build
    assert len(build(options)) == 10
