from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ganzoo import Condition, RawImage, RequestError, UnreadableImage
from ganzoo.data.cache import load_or_prepare
from ganzoo.data.preparation import Preparation

SMALL = Preparation(resolution=8)


@dataclass
class Plain:
    """Images of one color each; every value of image i is i."""

    count: int = 5
    gray: bool = False
    class_names: Sequence[str] = ("even", "odd")
    fingerprint: str = "plain"
    broken: Sequence[int] = ()
    skip: bool = True
    reads: int = 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[RawImage, int | None]:
        self.reads += 1
        if index in self.broken:
            raise UnreadableImage(f"{index}.png", "it is broken", skip=self.skip)
        image = np.full((16, 16, 3), index % 256, np.uint8)
        if not self.gray:
            image[..., 2] = 200
        return image, index % 2 if self.class_names else None


class Changed(Plain):
    """A dataset with the same fingerprint, but one image changed or all labels shifted."""

    def __init__(self, image: int = -1, by: int = 9, shift: int = 0) -> None:
        super().__init__()
        self.image, self.by, self.shift = image, by, shift

    def __getitem__(self, index: int) -> tuple[RawImage, int | None]:
        image, label = super().__getitem__(index)
        assert label is not None
        changed = np.asarray(image)
        changed[..., 0] += 3 * self.by * (index == self.image)
        return changed, (label + self.shift) % 2


class Drawn(Plain):
    def at(self, resolution: int) -> Plain:
        return DrawnAt(count=self.count, fingerprint=f"drawn at {resolution}")


class DrawnAt(Plain):
    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
        assert self.fingerprint == "drawn at 8"
        images = np.zeros((len(indices), 8, 8, 3), np.uint8)
        images[..., 0] = np.array(indices)[:, None, None]
        return images, np.array(indices) % 2


def folders(cache: Path) -> list[str]:
    """The folders of complete sets of prepared images."""
    return sorted(path.name for path in (cache / "prepared").glob("[!.]*"))


def test_images_and_labels_keep_their_order() -> None:
    data = load_or_prepare(Plain(count=300), SMALL)
    assert data.images.shape == (300, 8, 8, 3)
    assert data.shape == (3, 8, 8)
    assert [int(p[0, 0, 0]) for p in data.images] == [i % 256 for i in range(300)]
    assert data.values is not None
    assert data.values.tolist() == [i % 2 for i in range(300)]
    assert data.condition == Condition("class", ("even", "odd"))


def test_cached_images_are_checked_by_reading_three() -> None:
    load_or_prepare(Plain(), SMALL)
    again = Plain()
    data = load_or_prepare(again, SMALL)
    assert again.reads == 3
    assert len(data) == 5


class Sequential(Plain):
    sequential = True


def test_a_sequential_dataset_is_not_read_again_for_the_check() -> None:
    load_or_prepare(Sequential(), SMALL)
    again = Sequential()
    load_or_prepare(again, SMALL)
    assert again.reads == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (Plain(count=6), "it has 6 images, but 5 are prepared"),
        (Changed(image=0), "image 0 differs from the prepared image"),
        (Changed(image=2), "image 2 differs from the prepared image"),
        (Changed(image=4), "image 4 differs from the prepared image"),
        (Changed(shift=1), "image 0 has the label 1, but its prepared label is 0"),
    ],
)
def test_changed_images_with_the_same_fingerprint_are_refused(
    changed: Plain, message: str, own_cache: Path
) -> None:
    folder = (
        own_cache / "prepared" / load_or_prepare(Plain(), SMALL, dataset_name="mine/plain").identity
    )
    with pytest.raises(RequestError) as refused:
        load_or_prepare(changed, SMALL, dataset_name="mine/plain")
    assert str(refused.value) == (
        f"dataset mine/plain: its images changed, but its fingerprint did not: {message}; the "
        f"plugin must correct its fingerprint; until then, delete {folder} to prepare the images "
        "again"
    )


def test_small_differences_between_decoders_are_accepted() -> None:
    load_or_prepare(Plain(), SMALL)
    assert len(load_or_prepare(Changed(image=0, by=1), SMALL)) == 5


def test_the_cache_key_includes_plugin_and_class_names(own_cache: Path) -> None:
    load_or_prepare(Plain(), SMALL, dataset_name="mine/plain")
    load_or_prepare(Plain(), SMALL, dataset_name="yours/plain")
    other = load_or_prepare(Plain(class_names=("zero", "one")), SMALL, dataset_name="mine/plain")
    assert other.condition == Condition("class", ("zero", "one"))
    assert len(folders(own_cache)) == 3


class Labeled(Plain):
    def __init__(self, label: Any, class_names: Sequence[str]) -> None:
        super().__init__(class_names=class_names)
        self.label = label

    def __getitem__(self, index: int) -> tuple[RawImage, int | None]:
        image, label = super().__getitem__(index)
        return image, self.label if index == 3 else label


class LabeledInBulk(Labeled):
    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
        images, labels = zip(*(self[index] for index in indices), strict=True)
        return np.stack(images), np.array(labels)


@pytest.mark.parametrize(
    ("kind", "label", "class_names", "message"),
    [
        (Labeled, 2, "ab", r"has the label 2, but there are 2 classes \(a, b\): labels are"),
        (LabeledInBulk, 2, "ab", "has the label 2, but there are 2 classes"),
        (LabeledInBulk, -1, "ab", "has the label -1, but"),
        (Labeled, None, "ab", "has no label, but"),
        (Labeled, 0, "", "has the label 0, but class_names is empty"),
        (Labeled, 0.5, "ab", "has the label 0.5 of type float, not a whole number"),
        (Labeled, "a", "ab", "has the label 'a' of type str, not a whole number"),
    ],
)
def test_a_label_that_does_not_match_the_class_names_is_refused_and_nothing_is_cached(
    kind: type[Labeled], label: Any, class_names: str, message: str, own_cache: Path
) -> None:
    with pytest.raises(RequestError, match="^dataset mine/plain: image 3 " + message):
        load_or_prepare(kind(label, tuple(class_names)), SMALL, dataset_name="mine/plain")
    assert [path for path in (own_cache / "prepared").iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("other", [Plain(fingerprint="other"), Plain(count=4, fingerprint="four")])
def test_other_content_is_prepared_separately(other: Plain, own_cache: Path) -> None:
    load_or_prepare(Plain(), SMALL)
    load_or_prepare(other, SMALL)
    assert len(folders(own_cache)) == 2


def test_another_preparation_is_cached_separately(own_cache: Path) -> None:
    load_or_prepare(Plain(), SMALL)
    assert load_or_prepare(Plain(), Preparation(resolution=4)).shape == (3, 4, 4)
    assert len(folders(own_cache)) == 2


def test_gray_images_get_one_channel() -> None:
    assert load_or_prepare(Plain(gray=True), SMALL).shape == (1, 8, 8)
    assert load_or_prepare(Plain(gray=True), Preparation(resolution=8, channels=3)).shape == (
        3,
        8,
        8,
    )
    assert load_or_prepare(Plain(), Preparation(resolution=8, channels=1)).shape == (1, 8, 8)
    assert load_or_prepare(Plain(), Preparation(resolution=8, channels=4)).shape == (4, 8, 8)


class Valued(Plain):
    """Images with two values each."""

    condition = Condition("vector", ("gray", "half"), ((0.0, 300.0), (0.0, 150.0)))
    wrong = -1

    def __init__(self) -> None:
        super().__init__(class_names=())

    def __getitem__(self, index: int) -> tuple[RawImage, Any]:
        return super().__getitem__(index)[0], (index, 999.0 if index == self.wrong else index / 2)


def test_values_are_kept_in_order(own_cache: Path) -> None:
    for _ in range(2):  # prepared, then read from the cache
        data = load_or_prepare(Valued(), SMALL)
        assert data.condition == Valued.condition
        assert data.values is not None
        assert data.values.dtype == np.float32
        assert data.values.tolist() == [[i, i / 2] for i in range(len(data))]
    assert data.values is not None
    np.save(own_cache / "prepared" / data.identity / "values.npy", data.values * 1000)
    with pytest.raises(RequestError, match=r"are damaged .the values are float32 of shape"):
        load_or_prepare(Valued(), SMALL)


def test_values_out_of_range_are_refused_before_training(own_cache: Path) -> None:
    source = Valued()
    source.wrong = 3
    message = "dataset mine/plain: image 3 has half=999, which is not in 0 to 150"
    with pytest.raises(RequestError, match=message):
        load_or_prepare(source, SMALL, dataset_name="mine/plain")


def test_images_without_classes_have_no_labels() -> None:
    assert load_or_prepare(Plain(class_names=()), SMALL).values is None


def test_unreadable_images_are_left_out_and_reported_each_time() -> None:
    for _ in range(2):
        data = load_or_prepare(Plain(broken=(0, 3)), SMALL)
        assert [int(image[0, 0, 0]) for image in data.images] == [1, 2, 4]
        assert data.values is not None
        assert data.values.tolist() == [1, 0, 0]
        assert data.skipped == tuple(f"cannot read the image {i}.png: it is broken" for i in (0, 3))


def test_an_unreadable_image_is_an_error_unless_it_may_be_skipped(own_cache: Path) -> None:
    with pytest.raises(UnreadableImage, match=r"3\.png"):
        load_or_prepare(Plain(broken=(3,), skip=False), SMALL)
    assert folders(own_cache) == []


@pytest.mark.parametrize("skip", [True, False])
def test_images_that_were_left_out_are_prepared_when_they_become_readable(skip: bool) -> None:
    left_out = load_or_prepare(Plain(broken=[3]), SMALL)
    again = load_or_prepare(Plain(skip=skip), SMALL)
    assert (len(left_out), len(again), again.left_out) == (4, 5, ())
    assert again.identity == left_out.identity


def test_a_skipped_image_is_an_error_when_skipping_is_off() -> None:
    load_or_prepare(Plain(broken=(3,)), SMALL)
    with pytest.raises(UnreadableImage, match=r"3\.png"):
        load_or_prepare(Plain(broken=(3,), skip=False), SMALL)


def test_a_dataset_without_readable_images_is_refused(own_cache: Path) -> None:
    with pytest.raises(RequestError, match="none of the 5 images can be read"):
        load_or_prepare(Plain(broken=range(5)), SMALL)
    assert folders(own_cache) == []


def test_scalable_and_bulk_datasets_are_read_at_the_size_and_in_bulk() -> None:
    data = load_or_prepare(Drawn(count=300), SMALL)
    assert data.images[299, 0, 0].tolist() == [299 % 256, 0, 0]


class Killed(Plain):
    """The process is killed at image 600."""

    def __getitem__(self, index: int) -> tuple[RawImage, int | None]:
        if index == 600:
            raise KeyboardInterrupt
        return super().__getitem__(index)


def test_an_incomplete_cache_is_not_used_but_resumed(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganzoo.data.cache_writer._SECONDS", -1)
    with pytest.raises(KeyboardInterrupt):
        load_or_prepare(Killed(count=900, broken=(7,)), SMALL)
    assert folders(own_cache) == []
    again = Plain(count=900, broken=(7,))
    data = load_or_prepare(again, SMALL)
    assert again.reads == 900 - 512 + 1  # two chunks were recorded; the broken image is read again
    whole = load_or_prepare(Plain(count=900, broken=(7,), fingerprint="undisturbed"), SMALL)
    assert np.array_equal(data.images, whole.images)
    assert data.values is not None
    assert whole.values is not None
    assert data.values.tolist() == whole.values.tolist()
    assert data.skipped == whole.skipped
    assert list((own_cache / "prepared").glob(".*")) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("about.json", b"{"),
        ("about.json", b'{"condition": null, "skipped": []}'),
        ("about.json", b'{"condition": {"kind": "class", "names": ["a"]}, "skipped": []}'),
        ("about.json", b"[" * 100_000),
        ("images.npy", b""),
        ("images.npy", b"PK\x03\x04"),
        ("values.npy", b"\x93NUMPY\x01\0"),
    ],
)
def test_damaged_prepared_images_are_refused_with_a_remedy(
    own_cache: Path, name: str, content: bytes
) -> None:
    folder = own_cache / "prepared" / load_or_prepare(Plain(), SMALL).identity
    (folder / name).write_bytes(content)
    with pytest.raises(RequestError, match=r"damaged .*: delete this folder") as refused:
        load_or_prepare(Plain(), SMALL)
    assert str(folder) in str(refused.value)


def test_truncated_prepared_images_are_refused(own_cache: Path) -> None:
    folder = own_cache / "prepared" / load_or_prepare(Plain(), SMALL).identity
    os.truncate(folder / "images.npy", 300)
    with pytest.raises(RequestError, match="damaged"):
        load_or_prepare(Plain(), SMALL)


@pytest.mark.parametrize(
    "note", ['{"rows": 5', '{"rows": "5"}', '{"rows": 901}', '{"rows": 512, "skipped": [["a"]]}']
)
def test_a_damaged_progress_file_restarts_the_preparation(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch, note: str
) -> None:
    monkeypatch.setattr("ganzoo.data.cache_writer._SECONDS", -1)
    with pytest.raises(KeyboardInterrupt):
        load_or_prepare(Killed(count=900), SMALL)
    (part,) = (own_cache / "prepared").glob(".*.part")
    (part / "progress.json").write_text(note)
    again = Plain(count=900)
    assert len(load_or_prepare(again, SMALL)) == again.reads == 900


@pytest.mark.parametrize("damage", ["rows.npy", "every_value.npy"])
def test_incomplete_files_restart_the_preparation(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr("ganzoo.data.cache_writer._SECONDS", -1)
    with pytest.raises(KeyboardInterrupt):
        load_or_prepare(Killed(count=900), SMALL)
    (part,) = (own_cache / "prepared").glob(".*.part")
    (part / damage).unlink()
    again = Plain(count=900)
    assert len(load_or_prepare(again, SMALL)) == again.reads == 900


def test_a_second_process_waits_for_the_first(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganzoo.data.cache._POLL_SECONDS", 0.01)
    begun, let_go = threading.Event(), threading.Event()

    class Slow(Plain):
        def __getitem__(self, index: int) -> tuple[RawImage, int | None]:
            begun.set()
            let_go.wait()
            return super().__getitem__(index)

    waiting: list[tuple[int, int]] = []

    def waited(done: int, total: int) -> None:
        waiting.append((done, total))
        if len(waiting) == 3:
            let_go.set()

    second = Plain()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(load_or_prepare, Slow(), SMALL)
        begun.wait()
        data = load_or_prepare(second, SMALL, waited)
    assert len(first.result()) == len(data) == 5
    assert second.reads == 0
    assert waiting[:3] == [(0, 5)] * 3
    assert len(folders(own_cache)) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_cache_folder_is_refused(own_cache: Path) -> None:
    (own_cache / "prepared").mkdir()
    (own_cache / "prepared").chmod(0o500)
    with pytest.raises(RequestError, match="GANZOO_CACHE"):
        load_or_prepare(Plain(), SMALL)


@pytest.mark.parametrize("call", ["ganzoo.data.cache_writer.open_memmap", "os.posix_fallocate"])
def test_a_full_disk_is_reported(
    monkeypatch: pytest.MonkeyPatch, own_cache: Path, call: str
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(call, full, raising=False)
    with pytest.raises(
        RequestError,
        match="No space left on device; set the environment variable GANZOO_CACHE to another",
    ):
        load_or_prepare(Plain(), SMALL)
    assert folders(own_cache) == []


def test_progress_is_reported_only_when_images_are_prepared() -> None:
    told: list[tuple[int, int]] = []
    for _ in range(2):
        load_or_prepare(
            Plain(count=300, broken=(1,)), SMALL, lambda done, total: told.append((done, total))
        )
    assert told == [(0, 300), (256, 300), (300, 300)]
