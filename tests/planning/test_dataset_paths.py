from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo import DatasetSpec, LocalPath, Options, RequestError
from ganzoo.planning.dataset_paths import dataset_of, require_quoted
from ganzoo.registry import Plugin, Registry


class WithPath(Options):
    path: LocalPath | None = None


def spec(name: str, *opens: str) -> DatasetSpec:
    return DatasetSpec(name=name, summary="Mine.", factory="x:y", options=WithPath, opens=opens)


@pytest.fixture
def known() -> Registry:
    found = Registry()
    datasets = [
        spec("folder", "folder"),
        spec("packed", "folder/index.json"),
        spec("tables", ".table", "folder/*.table"),
        spec("compressed", ".table.gz"),
        spec("zipped", ".gz"),
        spec("same", ".two"),
        spec("other", ".two"),
        spec("drawn"),
    ]
    found.add_components(datasets, Plugin("mine", "mine", "1"))
    return found


@pytest.mark.parametrize(
    ("file", "what", "expected"),
    [
        ("pics/a.png", "pics", "folder"),
        ("pics/index.json", "pics", "packed"),
        ("pics/a.table", "pics", "tables"),
        ("a.table", "a.table", "tables"),
        ("A.TABLE", "A.TABLE", "tables"),
        ("a.table.gz", "a.table.gz", "compressed"),  # the longest end counts
        ("a.gz", "a.gz", "zipped"),
    ],
)
def test_the_declaration_that_fits_most_closely_opens_a_path(
    known: Registry, tmp_path: Path, file: str, what: str, expected: str
) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()
    path = str(tmp_path / what)
    found = dataset_of(path, known)
    assert found == {"dataset.name": f"mine/{expected}", "dataset.path": path}


def test_a_name_comes_before_a_path(
    known: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("drawn").mkdir()
    Path("drawn/a.png").touch()
    assert dataset_of("drawn", known) == {"dataset.name": "mine/drawn"}
    assert dataset_of("./drawn", known)["dataset.name"] == "mine/folder"


@pytest.mark.parametrize(
    ("file", "what", "message"),
    [
        ("a.png", "b.png", r"there is no file or folder called .*b\.png; did you mean a\.png\?"),
        ("a/b", "c/b", r"there is no file or folder called .*; give the path of your images"),
        ("a.png", "a.png", r"no dataset opens .*a\.png: give a folder of images, or a file .*\.gz"),
        ("a.two", "a.two", r"opened by several datasets: write mine/other or mine/same"),
        ("run/run.toml", "run", r"is a run folder: resume it with `ganzoo resume .*run`"),
        ("empty/x/y", "empty/x", None),
    ],
)
def test_what_cannot_be_opened_is_one_line(
    known: Registry, tmp_path: Path, file: str, what: str, message: str | None
) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    if message is None:
        message = "is an empty folder: put images into it"
    else:
        (tmp_path / file).touch()
    with pytest.raises(RequestError, match=message):
        dataset_of(str(tmp_path / what), known)


def test_a_path_with_spaces_that_was_not_quoted_is_recognized(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my new photos").mkdir()
    words = ["./my", "new", "photos", "dcgan", "hinge"]
    with pytest.raises(RequestError, match=r"the path \./my new photos contains spaces: write it"):
        require_quoted(words)
    Path("my").mkdir()
    require_quoted(words)  # the first word is a path of its own
    require_quoted(["blossoms", "dcgan", "hinge"])


def test_a_list_of_addresses_is_downloaded_first(tmp_path: Path) -> None:
    (tmp_path / "list.txt").touch()
    with pytest.raises(
        RequestError, match=r"download a list of addresses first: `ganzoo data --help`"
    ):
        dataset_of(str(tmp_path / "list.txt"), Registry.discover())


@pytest.mark.parametrize(
    ("file", "what", "name"),
    [
        ("pics/rose/a.jpg", "pics", "image-folder"),
        ("packed/index.json", "packed", "shards"),
        ("tables/train.parquet", "tables", "huggingface"),
        ("a.parquet", "a.parquet", "huggingface"),
        ("a.zip", "a.zip", "archive"),
        ("a.tar", "a.tar", "archive"),
        ("a.npy", "a.npy", "numpy"),
        ("a.npz", "a.npz", "numpy"),
        ("a.h5", "a.h5", "hdf5"),
        ("a.hdf5", "a.hdf5", "hdf5"),
    ],
)
def test_bundled_datasets_open_the_usual_paths(
    tmp_path: Path, file: str, what: str, name: str
) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).touch()
    found = dataset_of(str(tmp_path / what), Registry.discover())
    assert found["dataset.name"].partition("/")[2] == name


@pytest.mark.parametrize("opens", ["zip", "folder/", "*.zip", "folder/a/b", "."])
def test_a_wrong_declaration_is_a_fault(opens: str) -> None:
    (fault,) = spec("mine", opens).faults()
    assert 'ends of names such as ".zip", "folder", or "folder/FILE"' in fault


def test_a_dataset_that_opens_paths_needs_an_option_for_them() -> None:
    plain = DatasetSpec(name="mine", summary="Mine.", factory="x:y", opens=(".zip",))
    assert list(plain.faults()) == ["it opens paths, so it needs an option path"]
