from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Ganzoo

ALBUM = """
from PIL import Image
from ganzoo import DatasetSpec, LocalPath, Options, hookimpl

class AlbumOptions(Options):
    path: LocalPath | None = None

class Album:
    class_names, fingerprint, names = (), "album", ("red.png", "green.png")

    def __init__(self, options):
        pass

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return Image.new("RGB", (8, 8), self.name(index).removesuffix(".png")), None

    def name(self, index):
        return self.names[index]

@hookimpl
def ganzoo_datasets():
    yield DatasetSpec(name="album", summary="Two.", factory=Album, options=AlbumOptions)
"""
"""A plugin whose images have names."""


def paint(folder: Path, count: int = 6) -> None:
    for number in range(count):
        (folder / f"class{number % 2}").mkdir(parents=True, exist_ok=True)
        image = Image.new("RGB", (20, 30), (number * 40, 90, 10))
        image.save(folder / f"class{number % 2}" / f"{number}.png")


def test_a_folder_becomes_one_file(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    paint(tmp_path / "images")
    done = ganzoo_command(
        *("data", "pack", "image-folder", "dataset.path=images", "--resolution", "16x8"),
        *("data.fit=stretch", "--compress", "--out", "new/packed.h5"),
    )
    assert (done.status, done.out) == (0, "new/packed.h5\n")
    assert "preparing 6 images\npacking 6 images" in done.err
    with h5py.File(tmp_path / "new" / "packed.h5") as file:
        assert file["images"].shape == (6, 8, 16, 3)
        assert file["images"].compression == "gzip"
        assert file["images"][:, 0, 0, 0].tolist() == [0, 80, 160, 40, 120, 200]
        assert file["labels"][:].tolist() == [0, 0, 0, 1, 1, 1]
        assert file["class_names"].asstr()[:].tolist() == ["class0", "class1"]
        assert file.attrs["dataset"] == "image-folder/image-folder"
        assert '"fit": "stretch"' in file.attrs["preparation"]
        assert len(file.attrs["fingerprint"]) == 64


def test_prepared_images_are_not_prepared_again(ganzoo_command: Ganzoo) -> None:
    arguments = ("data", "pack", "blossoms", "dataset.count=20", "--resolution", 8)
    assert "preparing" in ganzoo_command(*arguments, "--out", "a.npz").err
    assert "preparing" not in ganzoo_command(*arguments, "--out", "b.npz").err
    assert Path("a.npz").read_bytes() == Path("b.npz").read_bytes()


def test_the_datasets_own_resolution_is_kept(ganzoo_command: Ganzoo) -> None:
    ganzoo_command("data", "pack", "blossoms", "dataset.count=5", "--out", "a.npz")
    with np.load("a.npz") as file:
        assert file["images"].shape == (5, 3, 32, 32)


def test_skipped_images_are_listed(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    paint(tmp_path / "images")
    (tmp_path / "images" / "class0" / "bad.png").write_text("<html>")
    arguments = ("data", "pack", "image-folder", "dataset.path=images", "--out", "out")
    refused = ganzoo_command(*arguments)
    assert (refused.status, len(refused.err.splitlines())) == (2, 2)
    assert "bad.png: it is not a JPEG" in refused.err
    done = ganzoo_command(*arguments, "dataset.on_error=skip", "--resolution", 16)
    assert "1 image is left out:\n  cannot read the image" in done.err
    assert len(list((tmp_path / "out").rglob("*.png"))) == 6


def test_descriptions_are_packed_with_the_images(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    (tmp_path / "album.py").write_text(ALBUM)
    table = "file,address,description\ngreen.png,https://g,grass\nred.png,,roses\n"
    arguments = ("data", "pack", "album", "dataset.path=.", "--plugin", "album.py", "--out")
    for name, asked in (("images.csv", ()), ("shop.csv", ("--descriptions", "shop.csv"))):
        (tmp_path / name).write_text(table)
        assert ganzoo_command(*arguments, f"{name}.h5", *asked).status == 0
        (tmp_path / name).unlink()
        with h5py.File(f"{name}.h5") as file:
            assert file["description"].asstr()[:].tolist() == ["roses", "grass"]
            assert file["source"].asstr()[:].tolist() == ["red.png", "https://g"]
    ganzoo_command(*arguments, "plain.h5")
    with h5py.File("plain.h5") as file:
        assert set(file) == {"images", "source"}
    (tmp_path / "other.csv").write_text("file,description\nblue.png,sky\n")
    refused = ganzoo_command(*arguments, "a.h5", "--descriptions", "other.csv")
    assert "the table has blue.png, the dataset has red.png" in refused.error


def test_only_the_chosen_classes_are_packed(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    paint(tmp_path / "images")
    done = ganzoo_command(
        *("data", "pack", "image-folder", "dataset.path=images", "data.classes=class1"),
        *("--resolution", 8, "--out", "a.h5"),
    )
    assert "packing 3 images" in done.err
    with h5py.File("a.h5") as file:
        assert file["images"][:, 0, 0, 0].tolist() == [40, 120, 200]
        assert file["labels"][:].tolist() == [0, 0, 0]
        assert file["class_names"].asstr()[:].tolist() == ["class1"]
        assert file["source"].asstr()[0] == "class1/1.png"
        how = json.loads(file.attrs["preparation"])
        assert set(how) == {"resolution", "fit", "channels", "background"}


@pytest.mark.parametrize(
    "table",
    [b"name,price\nrose,3\n", b"caf\xe9", b"file,description\nblue.png,sky\n", b"a,file\nshort\n"],
)
def test_an_unrelated_images_csv_is_ignored_with_a_message(
    ganzoo_command: Ganzoo, tmp_path: Path, table: bytes
) -> None:
    paint(tmp_path / "pics", 2)
    (tmp_path / "pics/images.csv").write_bytes(table)
    arguments = ("data", "pack", "image-folder", "dataset.path=pics", "--resolution", 8, "--out")
    done = ganzoo_command(*arguments, "a.h5")
    assert done.status == 0, done.err
    with h5py.File("a.h5") as file:
        assert set(file) == {"images", "labels", "class_names", "source"}
    assert "csv" not in ganzoo_command(*arguments, "a.npz").err
    if b"file" not in table:
        assert "packing without descriptions: " in done.err
    if b"short" not in table:
        asked = ganzoo_command(*arguments, "b.h5", "--descriptions", "pics/images.csv")
        assert "images" in asked.error


def test_wrong_pack_arguments_are_one_line_errors(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    (tmp_path / "there.h5").touch()
    blossoms = ("data", "pack", "blossoms", "dataset.count=5")
    for arguments, said in (
        ((*blossoms, "--out", "there.h5"), "exists already"),
        ((*blossoms, "--out", "a.zip"), "FILE.npz"),
        ((*blossoms, "--out", "out", "--compress"), "--compress"),
        ((*blossoms, "--out", "a.npz", "--descriptions", "t.csv"), "cannot contain descriptions"),
        ((*blossoms, "--out", "a.h5", "--descriptions", "t.csv"), "there is no table t.csv"),
        ((*blossoms, "--out", "a.h5", "--resolution", "huge"), "data.resolution=huge"),
        ((*blossoms, "--out", "a.h5", "train.steps=5"), "train.steps does not affect the dataset"),
        ((*blossoms, "--out", "a.h5", "data.fitt=pad"), "did you mean data.fit"),
        ((*blossoms, "mnist", "--out", "a.h5"), "one dataset"),
        (("data", "pack", "nothing", "--out", "a.h5"), "no dataset called nothing"),
        (("data", "pack", "image-folder", "--out", "a.h5"), "dataset.path=FOLDER"),
        ((*blossoms, "--out", "a.h5", "data.balance=true"), "data.balance affects only training"),
        ((*blossoms, "--out", "a.h5", "data.classes=x"), "there is no class x"),
        (blossoms, "--out"),
    ):
        assert said in ganzoo_command(*arguments).error
    assert [path.name for path in tmp_path.iterdir()] == ["there.h5"]


def test_a_pack_does_not_take_the_place_of_its_images(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    (tmp_path / "pics").mkdir()  # with the name that a pack would give to the image
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "pics" / "0.png")
    before = (tmp_path / "pics" / "0.png").read_bytes()
    arguments = ("dataset.path=pics", "--out", "pics/", "--force", "--resolution", 4)
    refused = ganzoo_command("data", "pack", "image-folder", *arguments)
    assert "is also what is read" in refused.error
    assert (tmp_path / "pics" / "0.png").read_bytes() == before
