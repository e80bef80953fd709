from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from ganzoo import RequestError, UnreadableImage
from ganzoo_huggingface import HuggingfaceOptions, ganzoo_datasets
from ganzoo_huggingface.images import HuggingfaceImages


@pytest.fixture
def datasets(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The library with an empty cache; tests that use it are skipped if it is not installed."""
    library = pytest.importorskip("datasets")
    cache = tmp_path_factory.mktemp("huggingface")
    monkeypatch.setattr(library.config, "HF_DATASETS_CACHE", cache)
    monkeypatch.setattr(library.config, "DOWNLOADED_DATASETS_PATH", cache / "downloads")
    return library


def rows(datasets: Any, labels: Any = (1, 0, 1), names: Any = ("iris", "rose")) -> Any:
    """A table of three images with the gray values 0, 1 and 2."""
    features = {"image": datasets.Image()}
    columns: dict[str, Any] = {"image": [Image.new("L", (4, 4), gray) for gray in range(3)]}
    if labels is not None:
        columns["label"] = list(labels)
        kind = "string" if isinstance(labels[0], str) else "int64"
        label = datasets.ClassLabel(names=list(names)) if names else datasets.Value(kind)
        features["label"] = label
    return datasets.Dataset.from_dict(columns, features=datasets.Features(features))


def parquet(rows: Any, file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(str(file))
    return file


def open_dataset(path: Path | None, **options: Any) -> HuggingfaceImages:
    return HuggingfaceImages(HuggingfaceOptions(path=path, **options))


def contents(dataset: HuggingfaceImages) -> list[tuple[Any, int | None]]:
    """The gray value and the label of every image, in order."""
    pairs = [dataset[index] for index in range(len(dataset))]
    return [(image.getpixel((0, 0)), label) for image, label in pairs]


EVERYTHING = [(0, 1), (1, 0), (2, 1)]


def test_a_missing_package_is_reported_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    message = r'^huggingface needs datasets: pip install "ganzoo-toolkit\[huggingface\]"$'
    with pytest.raises(RequestError, match=message):
        open_dataset(Path("images"))


def test_a_version_that_runs_code_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(__version__="3.6.0"))
    with pytest.raises(RequestError, match=r"needs datasets 4 or newer, not 3\.6\.0: pip install"):
        open_dataset(Path("images"))


def test_all_file_formats_and_folders_are_read(datasets: Any, tmp_path: Path) -> None:
    table = rows(datasets)
    file = parquet(table, tmp_path / "parquet/data/train-00000-of-00001.parquet")
    table.save_to_disk(str(tmp_path / "saved"))
    datasets.DatasetDict(train=table).save_to_disk(str(tmp_path / "splits"))
    arrow = tmp_path / "saved/data-00000-of-00001.arrow"
    for path in (file, file.parents[1], arrow, tmp_path / "saved", tmp_path / "splits"):
        dataset = open_dataset(path)
        assert dataset.class_names == ("iris", "rose")
        assert contents(dataset) == EVERYTHING


def test_a_folder_of_images_is_read(datasets: Any, tmp_path: Path) -> None:
    for gray, name in enumerate(["iris/b.png", "rose/a.png"]):
        (tmp_path / name).parent.mkdir()
        Image.new("L", (4, 4), gray).save(tmp_path / name)
    dataset = open_dataset(tmp_path)
    assert dataset.class_names == ("iris", "rose")
    assert contents(dataset) == [(0, 0), (1, 1)]


def test_splits_are_chosen(datasets: Any, tmp_path: Path) -> None:
    table = rows(datasets)
    parquet(table, tmp_path / "files/train-0.parquet")
    parquet(table.select([2]), tmp_path / "files/test-0.parquet")
    datasets.DatasetDict(train=table, test=table.select([2])).save_to_disk(str(tmp_path / "saved"))
    assert contents(open_dataset(tmp_path / "files", split="test")) == [(2, 1)]
    assert contents(open_dataset(tmp_path / "files", split="train[1:]")) == EVERYTHING[1:]
    assert contents(open_dataset(tmp_path / "saved", split="test")) == [(2, 1)]
    with pytest.raises(RequestError, match=r"files: Unknown split .valid.\. Should be one of"):
        open_dataset(tmp_path / "files", split="valid")
    with pytest.raises(RequestError, match=r"saved has no split 'valid': .* one of train, test"):
        open_dataset(tmp_path / "saved", split="valid")


@pytest.mark.parametrize(
    ("labels", "class_names", "expected"),
    [
        (None, (), [None, None, None]),
        ((7, 3, 7), ("3", "7"), [1, 0, 1]),
        (("rose", "iris", "rose"), ("iris", "rose"), [1, 0, 1]),
    ],
)
def test_labels_without_class_names_are_numbered(
    labels: Any, class_names: tuple[str, ...], expected: list[int], datasets: Any, tmp_path: Path
) -> None:
    images = open_dataset(parquet(rows(datasets, labels, names=None), tmp_path / "x.parquet"))
    assert images.class_names == class_names
    assert [label for _, label in contents(images)] == expected


def test_columns_with_other_names_are_chosen_by_keys(datasets: Any, tmp_path: Path) -> None:
    table = rows(datasets).rename_columns({"image": "img", "label": "kind"})
    path = parquet(table, tmp_path / "x.parquet")
    assert contents(open_dataset(path, image_key="img", label_key="kind")) == EVERYTHING
    assert contents(open_dataset(path, image_key="img"))[0] == (0, None)
    for options, message in (
        ({}, r"no column 'image': write dataset\.image_key=NAME, one of img, kind"),
        (
            {"image_key": "img", "label_key": "x"},
            r"no column 'x': write dataset\.label_key=NAME, one of img, kind",
        ),
        ({"image_key": "kind"}, "the column kind has the type ClassLabel.*, not images"),
    ):
        with pytest.raises(RequestError, match=message):
            open_dataset(path, **options)


def test_negative_labels_are_refused(datasets: Any, tmp_path: Path) -> None:
    path = parquet(rows(datasets, labels=(1, -1, 0)), tmp_path / "x.parquet")
    with pytest.raises(RequestError, match=r"x\.parquet: label: image 1 has the label -1: labels"):
        open_dataset(path)


def test_damaged_and_missing_images_are_reported(datasets: Any, tmp_path: Path) -> None:
    files = [{"bytes": b"<html>", "path": None}, None, {"bytes": None, "path": "none.png"}]
    dataset = open_dataset(
        parquet(datasets.Dataset.from_dict({"image": files}), tmp_path / "x.parquet")
    )
    for index, reason in enumerate(["it is not a JPEG", "it is missing", "No such file"]):
        with pytest.raises(UnreadableImage, match=rf"{index} of .*x\.parquet: {reason}"):
            dataset[index]


def linking(datasets: Any, *paths: Path | str) -> Any:
    """A table of images that are stored in other files."""
    images = [{"bytes": None, "path": str(path)} for path in paths]
    return datasets.Dataset.from_dict({"image": images})


def test_only_files_inside_the_path_are_opened(datasets: Any, tmp_path: Path) -> None:
    for name in ("in/a.image", "out.image"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (4, 4), 7).save(tmp_path / name, "PNG")
    inside, outside, link = (tmp_path / n for n in ("in/a.image", "out.image", "in/link.image"))
    link.symlink_to(outside)
    table = linking(datasets, inside, "a.image", outside, "../out.image", link)
    file = parquet(table, tmp_path / "in/x.parquet")
    for path in (file, file.parent):
        dataset = open_dataset(path, split="train")
        assert [dataset[index][0].getpixel((0, 0)) for index in (0, 1)] == [7, 7]
        for index in (2, 3, 4):
            with pytest.raises(
                UnreadableImage,
                match=rf"image {index} of .* is not in {tmp_path}/in: files elsewhere are not",
            ):
                dataset[index]


def test_only_downloaded_files_of_a_repository_are_opened(
    datasets: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloaded = datasets.config.DOWNLOADED_DATASETS_PATH / "a.png"
    downloaded.parent.mkdir()
    for path in (downloaded, tmp_path / "out.image"):
        Image.new("L", (4, 4), 7).save(path, "PNG")
    table = linking(datasets, downloaded, tmp_path / "out.image")
    monkeypatch.setattr(datasets, "load_dataset", lambda *names, **more: table)
    dataset = open_dataset(None, repository="owner/flowers")
    assert dataset[0][0].getpixel((0, 0)) == 7
    with pytest.raises(UnreadableImage, match=r"out\.image is not in .*: files elsewhere are not"):
        dataset[1]


def test_the_library_uses_its_own_cache(datasets: Any, tmp_path: Path, own_cache: Path) -> None:
    open_dataset(parquet(rows(datasets), tmp_path / "x.parquet"))
    assert [*datasets.config.HF_DATASETS_CACHE.rglob("*.arrow")]
    assert not [*own_cache.rglob("*.arrow")]


def test_threads_can_read_at_once(datasets: Any, tmp_path: Path) -> None:
    dataset = open_dataset(parquet(rows(datasets), tmp_path / "x.parquet"))
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(dataset.__getitem__, [0, 1, 2] * 10))
    assert [(image.getpixel((0, 0)), label) for image, label in read] == EVERYTHING * 10


def test_the_fingerprint_depends_on_the_files_and_the_options(
    datasets: Any, tmp_path: Path
) -> None:
    table = rows(datasets)
    first = open_dataset(parquet(table, tmp_path / "a/x.parquet")).fingerprint
    assert open_dataset(parquet(table, tmp_path / "b/y.parquet")).fingerprint == first
    changed = parquet(table.select([0, 2, 1]), tmp_path / "c/x.parquet")
    others = [open_dataset(changed), open_dataset(changed, split="train[:2]")]
    assert len({first, *(other.fingerprint for other in others)}) == 3
    datasets.DatasetDict(train=table).save_to_disk(str(tmp_path / "d"))
    before = open_dataset(tmp_path / "d").fingerprint
    (tmp_path / "d/dataset_dict.json").write_text('{"splits": ["train"] }')
    assert open_dataset(tmp_path / "d").fingerprint != before


def test_the_options_choose_repository_subset_and_split(
    datasets: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = parquet(rows(datasets), tmp_path / "x.parquet")
    local = datasets.load_dataset("parquet", data_files=str(file), cache_dir=str(tmp_path))["train"]
    requested = []

    def load(*names: Any, **more: Any) -> Any:
        assert "trust_remote_code" not in more
        requested.append((*names, more["split"]))
        return local

    monkeypatch.setattr(datasets, "load_dataset", load)
    dataset = open_dataset(None, repository="owner/flowers", subset="small", split="test")
    assert requested == [("owner/flowers", "small", "test")]
    assert contents(dataset) == EVERYTHING
    assert (
        dataset.fingerprint
        == open_dataset(None, repository="a/b", subset="small", split="test").fingerprint
    )


def test_files_that_cannot_be_opened_are_refused_in_one_line(datasets: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.zip").touch()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/x.parquet").write_bytes(b"PAR1, not")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/state.json").write_text("{}")
    for path, message in (
        (None, r"write dataset\.path=FOLDER or dataset\.repository=OWNER/NAME"),
        (
            tmp_path / "none",
            r"there is no .*none: dataset\.path is a Parquet or Arrow file or a folder",
        ),
        (tmp_path / "x.zip", r"x\.zip is not a \.parquet or \.arrow file"),
        (tmp_path / "empty", "datasets cannot open .*empty: .* contain any data files"),
        (tmp_path / "bad", "datasets cannot open .*bad: Parquet"),
        (tmp_path / "broken", "datasets cannot open .*broken: "),
    ):
        with pytest.raises(RequestError, match=message) as caught:
            open_dataset(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("repository", ["flowers", "../flowers", "a/b/c", "https://x/y"])
def test_a_repository_without_owner_and_name_is_refused(repository: str, datasets: Any) -> None:
    with pytest.raises(RequestError, match=r"is not a repository: write dataset\.repository=OWNER"):
        open_dataset(None, repository=repository)


def test_the_component_builds_it(datasets: Any, tmp_path: Path) -> None:
    (component,) = ganzoo_datasets()
    path = parquet(rows(datasets), tmp_path / "x.parquet")
    options = component.options.model_validate({"path": str(path)})
    assert len(component.build(options)) == 3
