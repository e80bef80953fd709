from __future__ import annotations

import io
import json
import os
import struct
import tracemalloc
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image

import ganzoo
from ganzoo import Condition, RequestError, UnreadableImage
from ganzoo.data.cache import load_or_prepare
from ganzoo.data.inspection import Report, inspect
from ganzoo.data.preparation import Preparation
from ganzoo.data.preparation_estimate import evenly_spaced
from ganzoo.data.preview import preview
from ganzoo_image_folder import ImageFolderOptions
from ganzoo_image_folder.folder import ImageFolder

Labeled = tuple[Image.Image | NDArray[np.uint8], int | None]


class Images:
    """Images in memory; an error in the list is raised."""

    def __init__(
        self,
        images: Sequence[Image.Image | NDArray[np.uint8] | UnreadableImage],
        labels: Sequence[int] | None = None,
        class_names: Sequence[str] = (),
    ) -> None:
        self.images = images
        self.labels = labels
        self.class_names = class_names
        self.fingerprint = "some images"

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Labeled:
        image = self.images[index]
        if isinstance(image, UnreadableImage):
            raise image
        return image, None if self.labels is None else self.labels[index]


def image(seed: int, size: tuple[int, int] = (48, 32), mode: str = "RGB") -> Image.Image:
    """Random soft blobs."""
    blobs = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(blobs).resize(size, Image.Resampling.BICUBIC).convert(mode)


def report_of(images: Sequence[Any], how: Preparation | None = None, **more: Any) -> Report:
    return inspect(Images(images, **more), how or Preparation(resolution=16))


# --- a folder as users have it ----------------------------------------------------------------


def turned(upright: Image.Image, orientation: int) -> Image.Image:
    """The image as a camera with this EXIF orientation stores it."""
    back = [None, 0, 3, 1, 5, 2, 6, 4][orientation - 1]
    return upright if back is None else upright.transpose(Image.Transpose(back))


def bomb(width: int, height: int) -> bytes:
    """A PNG whose pixels need far more memory than the file."""

    def chunk(name: bytes, data: bytes) -> bytes:
        checked = name + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0))
    content = zlib.compress(bytes(10_000_000))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", content) + chunk(b"IEND", b"")


def draw_modes(folder: Path) -> None:
    image(1, mode="L").save(folder / "gray.png")
    image(2, mode="L").convert("RGB").save(folder / "gray in color.png")
    image(3, mode="1").save(folder / "bits.png")
    image(4, mode="P").save(folder / "palette.png")
    palette = image(5, mode="P")
    palette.save(folder / "clear palette.png", transparency=palette.getpixel((0, 0)))
    image(6, mode="CMYK").save(folder / "cmyk.jpg")
    image(7, mode="RGBA").save(folder / "opaque.png")
    clear = image(8, mode="RGBA")
    clear.putalpha(image(9, mode="L"))
    clear.save(folder / "clear.png")
    clear.convert("LA").rotate(180).save(folder / "clear gray.png")
    samples = np.asarray(image(10, mode="L")).astype(np.uint16) * 257
    Image.fromarray(samples).save(folder / "sixteen bits.png")
    Image.fromarray(np.asarray(image(11, mode="L")) / np.float32(255)).save(folder / "float.tif")
    frames = [image(12, mode="P"), image(13, mode="P")]
    frames[0].save(folder / "film.gif", save_all=True, append_images=frames[1:], duration=40)


def draw_odd_ones(folder: Path) -> None:
    Image.new("RGB", (48, 32), "navy").save(folder / "night.png")
    Image.new("RGB", (1, 1)).save(folder / "dot.png")
    image(20, (400, 20)).save(folder / "panorama.png")
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        turned(image(21), orientation).save(folder / f"camera {orientation}.png", exif=exif)


def draw_doubles(folder: Path) -> None:
    photo = image(30, (96, 64))
    photo.save(folder / "photo.png")
    photo.save(folder / "photo (1).tif")
    photo.save(folder / "recompressed.jpg", quality=60)
    photo.resize((84, 56), Image.Resampling.LANCZOS).save(folder / "smaller.png")


def break_some(folder: Path) -> None:
    stream = io.BytesIO()
    image(40, (96, 64)).save(stream, "JPEG")
    (folder / "cut off.jpg").write_bytes(stream.getvalue()[:900])
    (folder / "empty.jpg").touch()
    (folder / "page.jpg").write_text("<html>not found</html>")
    (folder / "bomb.png").write_bytes(bomb(50_000, 50_000))
    (folder / "dangling.png").symlink_to(folder / "nowhere.png")
    (folder / "circle.png").symlink_to(folder / "circle.png")


def draw_names(folder: Path) -> None:
    (folder / "a/b/c").mkdir(parents=True)
    (folder / "__MACOSX").mkdir()
    names = ["a/b/c/d.JPEG", "größe 日本.png", "new\nline.png", "caf\udce9.png"]
    for seed, name in enumerate(names, 50):
        image(seed).save(os.fsencode(folder / name), "PNG")
    for passed_over in ("._a.png", ".DS_Store", "Thumbs.db", "__MACOSX/a.png", "readme.txt"):
        (folder / passed_over).write_text("?")


@pytest.fixture(scope="module")
def real_life(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for fill in (draw_modes, draw_odd_ones, draw_doubles, break_some, draw_names):
        fill(folder)
    return folder


@pytest.fixture(scope="module")
def report(real_life: Path) -> Report:
    source = ImageFolder(ImageFolderOptions(path=real_life, on_error="skip"))
    return inspect(source, Preparation(resolution=32))


def test_every_file_with_an_image_suffix_is_counted(report: Report) -> None:
    assert (report.images, report.looked_at, report.readable) == (37, 37, 31)
    assert sum(report.sizes.values()) == sum(report.modes.values()) == 31
    assert report.sizes["48 x 32"] == 25
    assert next(iter(report.sizes)) == "48 x 32"
    assert report.smallest == "1 x 1 (dot.png)"
    assert report.largest == "400 x 20 (panorama.png)"
    assert report.ratios == {"3:2": 29, "1:1": 1, "20:1": 1}


def test_unreadable_images_are_listed_with_the_reason(report: Report) -> None:
    reasons = {
        "bomb.png": "it is too large: 50000 x 50000 pixels",
        "circle.png": "Too many levels of symbolic links",
        "cut off.jpg": "it is damaged",
        "dangling.png": "No such file or directory",
        "empty.jpg": "it is empty",
        "page.jpg": "it is not a JPEG",
    }
    assert list(report.unreadable) == list(reasons)
    for name, reason in reasons.items():
        assert report.unreadable[name].startswith(reason)


def test_a_run_trains_on_all_readable_images(
    real_life: Path, report: Report, tiny: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    settings = {"dataset.path": real_life, "dataset.on_error": "skip"}
    arguments = tiny(dataset="image-folder", steps=2, settings=settings)
    run = ganzoo.train(**arguments)
    assert run.step == 2
    facts = json.loads((run.folder / "environment.json").read_text())["sessions"][-1]
    assert int(facts["images"].split()[0]) == report.readable
    del settings["dataset.on_error"]
    with pytest.raises(UnreadableImage, match="on_error=skip to leave such images out"):
        ganzoo.train(**arguments | {"settings": settings, "run_dir": tmp_path / "none"})


def test_every_mode_is_counted(report: Report) -> None:
    assert report.modes == {
        **{"RGB": 20, "P": 3, "RGBA": 2},
        **{"1": 1, "CMYK": 1, "L": 1, "LA": 1, "F": 1, "I;16": 1},
    }
    for mode, name in {
        "1": "bits.png",
        "CMYK": "cmyk.jpg",
        "LA": "clear gray.png",
        "F": "float.tif",
        "I;16": "sixteen bits.png",
    }.items():
        assert report.oddities[f"mode_{mode}"] == [name]


def test_unusual_images_are_listed(report: Report) -> None:
    assert report.oddities["transparent"] == ["clear gray.png", "clear palette.png", "clear.png"]
    assert report.oddities["animated"] == ["film.gif"]
    assert report.oddities["gray_in_color"] == ["dot.png", "gray in color.png"]
    assert report.oddities["one_color"] == ["dot.png", "night.png"]
    assert report.oddities["enlarged"] == ["dot.png", "panorama.png"]


def test_duplicates_are_found_in_any_format_size_and_orientation(report: Report) -> None:
    assert report.same == [
        [f"camera {orientation}.png" for orientation in range(1, 9)],
        ["photo (1).tif", "photo.png"],
    ]
    assert report.near == [["photo (1).tif", "recompressed.jpg", "smaller.png"]]


def test_names_are_printable_in_one_line(real_life: Path) -> None:
    source = ImageFolder(ImageFolderOptions(path=real_life, on_error="skip"))
    names = inspect(source, Preparation(resolution=64)).oddities["enlarged"]
    assert {"a/b/c/d.JPEG", "größe 日本.png", "new\\nline.png", "caf\\xe9.png"} <= set(names)


# --- single properties ------------------------------------------------------------------------


def test_images_without_names_are_listed_by_number() -> None:
    broken = UnreadableImage("a page of a book", "it is torn")
    found = report_of([image(1), broken, image(1)])
    assert found.same == [["number 0", "number 2"]]
    assert found.unreadable == {"a page of a book": "it is torn"}


def test_arrays_of_any_number_of_channels_are_inspected() -> None:
    random = np.random.default_rng(0)
    for channels, mode in ((1, "L"), (3, "RGB"), (4, "RGBA"), (5, "5 channels")):
        pixels = random.integers(0, 256, (12, 16, channels), np.uint8)
        found = report_of([pixels], Preparation(resolution=16, channels=channels))
        assert found.modes == {mode: 1}
        assert found.sizes == {"16 x 12": 1}
        assert found.preparation.shape == (channels, 16, 16)


def test_classes_are_counted_and_unbalanced_classes_marked() -> None:
    labels = [0] * 10 + [1] * 4 + [2] * 1
    images = [image(seed, (8, 8)) for seed in range(len(labels))]
    found = report_of(images, labels=labels, class_names=["many", "some", "few", "none\n"])
    assert found.classes == {"many": 10, "some": 4, "few": 1, "none\\n": 0}
    assert found.unbalanced == {"few": "few", "none\\n": "few", "many": "many"}
    even = report_of(images[:4], labels=[0, 1, 0, 1], class_names=["a", "b"])
    assert even.unbalanced == {}
    assert report_of(images).classes == {}


def test_a_report_of_some_classes_covers_only_their_images() -> None:
    images = [image(seed, (8 + seed % 3, 8)) for seed in range(9)]
    source = Images(images, labels=[0, 1, 2] * 3, class_names=["rose", "tulip", "iris"])
    how = Preparation(resolution=16)
    found = inspect(source, how, classes=["iris+rose", "tulip"])
    assert found.classes == {"iris+rose": 6, "tulip": 3}
    found = inspect(source, how, classes=["tulip"])
    assert found.classes == {"tulip": 3}
    assert found.sizes == {"9 x 8": 3}
    assert (found.images, found.looked_at, found.readable) == (3, 3, 3)
    assert found.preparation.images == 9
    assert found.preparation.bytes == 9 * (16 * 16 * 3 + 8), "all are prepared"
    with pytest.raises(RequestError, match="no class lily"):
        inspect(source, how, classes=["lily"])


def test_with_a_limit_the_number_of_images_of_some_classes_is_estimated() -> None:
    images = [image(seed) for seed in range(100)]
    source = Images(images, labels=[0] * 60 + [1] * 40, class_names=["rose", "tulip"])
    found = inspect(source, Preparation(resolution=16), classes=["tulip"], limit=10)
    assert (found.images, found.looked_at) == (40, 4)


def test_images_of_other_classes_count_only_in_the_cost() -> None:
    images = [image(0, (40, 40), "L"), image(1, (80, 40))]
    source = Images(images, labels=[0, 1], class_names=["square", "wide"])
    ahead = inspect(source, Preparation(resolution=16), classes=["square"]).preparation
    assert ahead.most_lost == 0
    assert ahead.shape == (3, 16, 16), "channels are those of all that is prepared"


class Streamed(Images):
    """A chunked dataset; its first image is damaged."""

    chunk, window, values = 4, 8, None

    def read(self, indices: range) -> tuple[NDArray[np.uint8], None]:
        if 0 in indices:
            raise RequestError("chunk 0 is damaged")
        return np.stack([np.asarray(self.images[index]) for index in indices]), None

    def __getitem__(self, index: int) -> Labeled:
        return self.read(range(index, index + 1))[0][0], None


def test_a_damaged_chunk_does_not_end_an_inspection() -> None:
    source = Streamed([np.full((16, 16, 5), value, np.uint8) for value in range(10)])
    found = inspect(source, Preparation(resolution=8))
    assert found.unreadable == {"number 0": "chunk 0 is damaged"}
    assert (found.images, found.readable) == (10, 9)
    assert found.preparation.shape == (5, 8, 8)


@pytest.mark.parametrize(
    ("fit", "lost", "most_lost", "enlarged"),
    [("crop", 0.25, 0.5, 1), ("pad", 0.25, 0.5, 0), ("stretch", 0.25, 0.5, 1)],
)
def test_the_loss_of_each_fit_is_estimated(
    fit: Any, lost: float, most_lost: float, enlarged: int
) -> None:
    how = Preparation(resolution=32, fit=fit)
    found = report_of([image(1, (40, 40)), image(2, (20, 40))], how)
    assert found.preparation.lost == pytest.approx(lost)
    assert found.preparation.most_lost == pytest.approx(most_lost)
    assert len(found.oddities.get("enlarged", ())) == enlarged


def test_a_shape_that_is_not_square_is_estimated() -> None:
    how = Preparation(resolution="64x32")
    found = report_of([image(1, (128, 64)), image(2, (64, 64)), image(3, (63, 64))], how)
    assert found.preparation.shape == (3, 32, 64)
    assert found.preparation.most_lost == pytest.approx(1 - 63 / 128)
    assert found.oddities["enlarged"] == ["number 2"]


@pytest.mark.parametrize(
    ("sides", "fit", "resolution"),
    [
        ([100] * 9 + [10], "crop", 64),
        ([100] * 8 + [10] * 2, "crop", 8),
        ([64], "crop", 64),
        ([1100], "crop", 1024),
        ([3], "crop", 0),
        ([3], "pad", 16),
    ],
)
def test_the_suitable_resolution(sides: list[int], fit: Any, resolution: int) -> None:
    how = Preparation(resolution=16, fit=fit)
    images = [np.zeros((side, max(side, 16), 3), np.uint8) for side in sides]
    assert report_of(images, how).resolution == resolution


class Drawn(Images):
    """Images that are drawn at any resolution."""

    def at(self, resolution: int) -> Drawn:
        return Drawn([image(seed, (resolution, resolution)) for seed in range(3)])


def test_drawn_images_are_drawn_at_the_resolution() -> None:
    found = inspect(Drawn([image(0)] * 3), Preparation(resolution="24x16"))
    assert found.sizes == {"24 x 24": 3}
    assert found.resolution == 0


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_estimated_size_is_that_of_the_cache(mode: str, own_cache: Path) -> None:
    source = Images([image(seed, mode=mode) for seed in range(5)], [0] * 5, ["all"])
    how = Preparation(resolution=16)
    before = inspect(source, how).preparation
    assert before.done is False
    assert 0 < before.seconds < 60
    assert before.bytes == 5 * (16 * 16 * len(mode) + 8)
    data = load_or_prepare(source, how)
    assert before.shape == tuple(data.shape)
    files = [own_cache / "prepared" / data.identity / f"{n}.npy" for n in ("images", "values")]
    assert before.bytes == sum(file.stat().st_size - 128 for file in files)
    assert inspect(source, how).preparation.done is True
    assert inspect(source, Preparation(resolution=8)).preparation.done is False
    assert inspect(source, how, limit=4).preparation.done is None


def test_wrong_settings_are_refused_before_images_are_read(own_cache: Path) -> None:
    with pytest.raises(RequestError, match="no images"):
        report_of([])
    with pytest.raises(RequestError, match=r"data\.channels=5"):
        report_of([image(1)], Preparation(channels=5))


def test_a_dataset_without_readable_images_is_reported() -> None:
    found = report_of([UnreadableImage("a.png", "it is empty")] * 2)
    assert (found.images, found.readable) == (2, 0)
    assert found.unreadable == {"a.png": "it is empty"}
    assert asdict(found)["sizes"] == {}


def test_a_limit_opens_evenly_spaced_images() -> None:
    assert list(evenly_spaced(10, 4)) == [0, 2, 5, 7]
    assert list(evenly_spaced(4, 10)) == list(evenly_spaced(4)) == [0, 1, 2, 3]
    found = inspect(Images([image(s) for s in range(10)]), Preparation(resolution=16), limit=4)
    assert (found.images, found.looked_at, found.readable) == (10, 4, 4)


class Many:
    """Images that are made when they are read."""

    class_names = ()
    fingerprint = "many"

    def __len__(self) -> int:
        return 2000

    def __getitem__(self, index: int) -> Labeled:
        return np.full((64, 64, 3), (index, index // 256, 7), np.uint8) ^ PATTERN, None


PATTERN = np.asarray(image(0, (64, 64)))


def test_memory_stays_small_for_many_images() -> None:
    shown: list[int] = []
    tracemalloc.start()
    inspect(Many(), Preparation(resolution=16), progress=lambda done, total: shown.append(done))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6e6, "2,000 images have 25 MB"
    assert shown[0] == 0
    assert shown[-1] == 2000
    assert shown == sorted(shown)


def test_the_ranges_of_values_are_reported() -> None:
    source: Any = Images([image(seed, (8, 8)) for seed in range(2)])
    source.condition = Condition("vector", ("hue", "size\n"), ((0.0, 1.0), (-2.5, 2.0)))
    source.labels = [(0.5, 0), (1, -2)]
    found = inspect(source, Preparation(resolution=8))
    assert found.values == {"hue": "0 to 1", "size\\n": "-2.5 to 2"}
    assert found.classes == {}
    assert found.preparation.bytes == 2 * (8 * 8 * 3 + 2 * 4)
    source.condition = Condition("classes", ("round", "red"))
    source.labels = [(1, 0), (1, 1)]
    assert inspect(source, Preparation(resolution=8)).values == {"round": "0 or 1", "red": "0 or 1"}
    assert preview(source, Preparation(resolution=8)).width > 0
