from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ganzoo import Condition, Dataset, RequestError
from ganzoo.data.cache import PreparedImages, load_or_prepare
from ganzoo.data.collection import Collection
from ganzoo.data.pack import Pack
from ganzoo.data.packing import check_output, write
from ganzoo.data.preparation import Preparation
from ganzoo.registry import Registry

HOW = Preparation(resolution=16)
REGISTRY = Registry.discover()


def images(
    count: int = 300, channels: int = 3, class_names: Sequence[str] = ("daisy", "rose")
) -> PreparedImages:
    pixels = np.random.default_rng(0).integers(0, 256, (count, 16, 16, channels), np.uint8)
    labels = np.arange(count, dtype=np.int64) % len(class_names) if class_names else None
    condition = Condition("class", tuple(class_names)) if class_names else None
    return PreparedImages(pixels, labels, condition)


def packed(data: PreparedImages | None = None, **more: Any) -> Pack:
    return Pack(data=Collection.of(data or images()), **more)


def reread(name: str, path: Path, how: Preparation = HOW) -> PreparedImages:
    """The packed images as a run reads them."""
    component = REGISTRY.find("dataset", name).component
    source: Dataset = component.build(component.options.model_validate({"path": path}))
    return load_or_prepare(source, how)


def same_images(one: PreparedImages, other: PreparedImages) -> bool:
    in_order = one.values is None or np.array_equal(one.values, other.values)  # type: ignore[arg-type]
    return (
        in_order and np.array_equal(one.images, other.images) and one.condition == other.condition
    )


@pytest.mark.parametrize("file", ["a.h5", "a.npz"])
@pytest.mark.parametrize(
    "condition",
    [
        Condition("classes", ("round", "schön")),
        Condition("vector", ("hue", "schön"), ((0, 1), (-2, 2))),
        Condition("vector", ("hue", "1"), ((0.0, 0.5), (0.25, 1.5))),
    ],
)
def test_several_classes_and_values_are_packed(
    tmp_path: Path, file: str, condition: Condition
) -> None:
    data = replace(images(count=12), values=condition.examples(12).numpy(), condition=condition)
    write(packed(data), tmp_path / file)
    name = "hdf5" if file == "a.h5" else "numpy"
    assert same_images(reread(name, tmp_path / file), data)
    with pytest.raises(RequestError, match=r"a folder cannot contain 2 .* of each image: write"):
        write(packed(data), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("class_names", [(), ("daisy", "schöne rose")])
@pytest.mark.parametrize(
    ("name", "file"), [("hdf5", "a.h5"), ("hdf5", "b.HDF5"), ("numpy", "a.npz")]
)
def test_a_packed_file_trains_on_the_same_images(
    tmp_path: Path, name: str, file: str, class_names: Sequence[str], channels: int, compress: bool
) -> None:
    data = images(channels=channels, class_names=class_names)
    write(packed(data, compress=compress), tmp_path / file)
    assert same_images(reread(name, tmp_path / file), data)


@pytest.mark.parametrize(("name", "file"), [("hdf5", "a.h5"), ("numpy", "a.npz")])
@pytest.mark.parametrize(
    ("width", "height", "channels", "brightest"),
    [
        *((8, 8, 5, 255), (16, 4, 5, 255)),
        *((4, 4, 1, 255), (4, 4, 3, 255), (4, 4, 4, 255)),
        *((8, 8, 3, 0), (8, 8, 3, 1)),
    ],
)
def test_a_packed_file_states_its_layout_and_range(
    tmp_path: Path, name: str, file: str, width: int, height: int, channels: int, brightest: int
) -> None:
    shape = (12, height, width, channels)
    pixels = np.random.default_rng(0).integers(0, brightest + 1, shape, np.uint8)
    data = PreparedImages(pixels, None, None)
    write(packed(data), tmp_path / file)
    how = Preparation(resolution=f"{width}x{height}", channels=channels)
    assert same_images(reread(name, tmp_path / file, how), data)


@pytest.mark.parametrize("class_names", [(), ("daisy", "schöne rose")])
def test_a_packed_folder_trains_on_the_same_images(
    tmp_path: Path, class_names: Sequence[str]
) -> None:
    data = images(count=12, class_names=class_names)
    write(packed(data), tmp_path / "out" / "packed")
    found = reread("image-folder", tmp_path / "out" / "packed")
    by_class = np.arange(12) if data.values is None else np.argsort(data.values, kind="stable")
    labels = None if data.values is None else data.values[by_class]
    assert same_images(found, replace(data, images=data.images[by_class], values=labels))


def test_files_take_any_number_of_channels_and_folders_1_3_or_4(tmp_path: Path) -> None:
    data = images(count=12, channels=5)
    write(packed(data), tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        assert np.array_equal(file["images"], data.images)
    with pytest.raises(RequestError, match=r"cannot have 5 channels: write --out FILE\.h5"):
        write(packed(data), tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


def test_an_hdf5_file_describes_its_content(tmp_path: Path) -> None:
    texts = {"description": ["eine Blüte", "nul\0", "", *["x"] * 297], "source": ["a.jpg"] * 300}
    pack = packed(facts={"dataset": "flowers/flowers"}, texts=texts)
    write(pack, tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        assert set(file) == {"images", "labels", "class_names", "description", "source"}
        assert dict(file.attrs) == {
            "format_version": 1,
            "dataset": "flowers/flowers",
            "layout": b"NHWC",
            "range": b"0..255",
        }
        assert [axis.label for axis in file["images"].dims] == [
            *("image", "height", "width", "channel")
        ]
        assert file["class_names"].asstr()[:].tolist() == ["daisy", "rose"]
        assert file["description"].asstr()[:3].tolist() == ["eine Blüte", "nul", ""]
        assert file["source"].asstr()[299] == "a.jpg"


def test_chunks_are_whole_images_and_about_a_mebibyte(tmp_path: Path) -> None:
    write(packed(images(count=3000)), tmp_path / "many.h5")
    write(packed(images(count=2)), tmp_path / "few.h5")
    for name, chunk in (("many.h5", 2**20 // 768), ("few.h5", 2)):
        with h5py.File(tmp_path / name) as file:
            assert file["images"].chunks == (chunk, 16, 16, 3)


def test_an_npz_is_read_by_numpy_without_pickle(tmp_path: Path) -> None:
    data = images()
    write(packed(data), tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        assert set(file) == {"images", "labels", "class_names", "layout", "range"}
        stored: NDArray[np.uint8] = file["images"]
        assert stored.dtype == np.uint8
        assert stored.flags.c_contiguous
        assert np.array_equal(stored, data.images.transpose(0, 3, 1, 2))
        assert np.array_equal(file["labels"], data.values)  # type: ignore[arg-type]
        assert file["class_names"].tolist() == ["daisy", "rose"]


def test_a_folder_takes_any_class_name(tmp_path: Path) -> None:
    names = ("T-shirt/top", "..", ".hidden", "a:b", "A_B", "", "x" * 300, "1-x", "\n")
    write(packed(images(count=18, class_names=names)), tmp_path / "out")
    folders = [path.name for path in sorted((tmp_path / "out").iterdir())]
    assert len({name.casefold() for name in folders}) == len(names)
    assert {"T-shirt_top", "_hidden", "a_b", "4-A_B", "_", "x" * 60, "1-x"} <= set(folders)
    assert all(len(list(folder.iterdir())) == 2 for folder in (tmp_path / "out").iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["a.h5", "a.npz", "a"])
def test_the_same_images_give_the_same_bytes(tmp_path: Path, name: str) -> None:
    written = []
    for folder in ("first", "second"):
        write(packed(facts={"a": "b"}), tmp_path / folder / name)
        files = sorted(path for path in (tmp_path / folder).rglob("*") if path.is_file())
        written.append([path.read_bytes() for path in files])
    assert written[0] == written[1]


@pytest.mark.parametrize("name", ["a.h5", "a.npz", "a"])
def test_an_interrupted_write_leaves_no_files(tmp_path: Path, name: str) -> None:
    def interrupt(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(packed(), tmp_path / name, interrupt)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.h5", "a.npz"])
@pytest.mark.parametrize("limit", [1000, 600 * 1024])
def test_a_full_disk_is_an_error_and_leaves_no_files(tmp_path: Path, name: str, limit: int) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write(packed(images(count=3000)), tmp_path / name)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


def test_some_classes_are_packed_with_new_labels(tmp_path: Path) -> None:
    data = images(count=12, class_names=("daisy", "rose", "tulip"))
    chosen = Collection.of(data, ["tulip", "daisy"])
    for name, path in (("hdf5", "a.h5"), ("numpy", "a.npz"), ("image-folder", "out")):
        write(Pack(data=chosen), tmp_path / path)
        found = reread(name, tmp_path / path)
        rows = np.flatnonzero(np.arange(12) % 3 != 1)
        if name == "image-folder":  # its classes are sorted by name
            rows = np.array([0, 3, 6, 9, 2, 5, 8, 11])
        assert np.array_equal(found.images, data.images[rows])
        assert found.values is not None
        assert found.condition is not None
        names = [found.condition.names[label] for label in found.values]
        assert names == [("daisy", "rose", "tulip")[row % 3] for row in rows]


@pytest.mark.parametrize("name", ["a.h5", "a"])
def test_a_file_created_meanwhile_is_not_overwritten(tmp_path: Path, name: str) -> None:
    def appear(done: int, total: int) -> None:
        (tmp_path / name).mkdir(exist_ok=True) if name == "a" else (tmp_path / name).touch()

    with pytest.raises(RequestError, match="exists already"):
        write(packed(), tmp_path / name, appear)
    assert [path.name for path in tmp_path.rglob("*")] == [name]
    assert not (tmp_path / name).is_file() or not (tmp_path / name).read_bytes()


def test_progress_is_reported_from_none_to_all(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    for name in ("a.h5", "a.npz", "a"):
        write(
            packed(images(count=3000)),
            tmp_path / name,
            lambda done, total: told.append((done, total)),
        )
        assert [done for done, _ in told] == [0, 1365, 2730, 3000]
        assert {total for _, total in told} == {3000}
        told.clear()


def test_a_format_that_cannot_contain_the_images_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "there.h5").touch()
    (tmp_path / "there").mkdir()
    (tmp_path / "dangling.npz").symlink_to(tmp_path / "nowhere")
    for name in ("there.h5", "there", "dangling.npz"):
        with pytest.raises(RequestError, match="exists already: name another with --out"):
            check_output(tmp_path / name)
    with pytest.raises(RequestError, match=r"write --out FILE\.h5, FILE\.npz or FOLDER/"):
        check_output(tmp_path / "a.zip")
    with pytest.raises(RequestError, match="remove --compress"):
        check_output(tmp_path / "folder", compress=True)
    for name in ("a.npz", "folder"):
        with pytest.raises(
            RequestError, match=r"cannot contain descriptions: write --out FILE\.h5"
        ):
            check_output(tmp_path / name, described=True)
    check_output(tmp_path / "a.h5", compress=True, described=True)
    check_output(tmp_path / "2024.10")


def test_an_image_in_a_folder_is_a_plain_png(tmp_path: Path) -> None:
    write(packed(images(count=12, channels=1, class_names=())), tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names[:2] + names[-1:] == ["00.png", "01.png", "11.png"]
    with Image.open(tmp_path / "out" / "07.png") as image:
        assert (image.format, image.mode, image.size) == ("PNG", "L", (16, 16))
