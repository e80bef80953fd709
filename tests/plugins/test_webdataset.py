from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo import RequestError, StreamedDataset, UnreadableImage
from ganzoo.data.batches import Batches
from ganzoo.data.collection import Collection
from ganzoo.data.preparation import Preparation
from ganzoo.data.streaming import StreamedImages
from ganzoo.shard import Shard
from ganzoo_webdataset import WebDatasetOptions
from ganzoo_webdataset.images import WebDatasetImages
from tests.remote.faulty_server import serving

Files = Iterable[tuple[str, bytes]]


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))


def png(gray: int, width: int = 12, height: int = 10) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (gray, gray, gray)).save(file, "PNG")
    return file.getvalue()


def write_tar(path: Path, files: Files, form: int = tarfile.USTAR_FORMAT) -> Path:
    with tarfile.open(path, "w", format=form) as archive:
        for name, content in files:
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return path


def samples(start: int, stop: int) -> Files:
    for number in range(start, stop):
        yield f"{number:04}.png", png(number, width=10 + number % 5)
        yield f"{number:04}.cls", str(number % 3).encode()


def three_tars(folder: Path) -> str:
    """90 images, of the gray levels 0 to 89, in three files of different sizes."""
    folder.mkdir(exist_ok=True)
    for number, (start, stop) in enumerate([(0, 40), (40, 41), (41, 90)]):
        write_tar(folder / f"train-{number:02}.tar", samples(start, stop))
    return str(folder / "train-{00..02}.tar")


def opened(address: Path | str, **options: Any) -> WebDatasetImages:
    return WebDatasetImages(WebDatasetOptions(path=str(address), **options))


def error_of(address: Path | str, **options: Any) -> str:
    with pytest.raises(RequestError) as refused:
        opened(address, **options)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def grays(images: Any) -> list[int]:
    return [int(np.asarray(image)[0, 0, 0]) for image in images]


def test_images_and_labels_of_several_files_are_read_in_order(tmp_path: Path) -> None:
    found = opened(three_tars(tmp_path))
    assert isinstance(found, StreamedDataset)
    assert (len(found), found.class_names) == (90, ("0", "1", "2"))
    assert found.values is not None
    assert found.values.tolist() == [number % 3 for number in range(90)]
    assert grays(found.read_images(np.array([3, 39, 40, 41, 89]))) == [3, 39, 40, 41, 89]
    image, label = found[44]
    assert (image.size, label) == ((14, 10), 2)
    assert found.name(44) == f"0044.png in {tmp_path}/train-02.tar"


def test_files_are_indexed_once_and_again_when_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = three_tars(tmp_path)
    first = opened(address).fingerprint
    with monkeypatch.context() as patched:
        patched.setattr("ganzoo_webdataset.tar_index._read", None)  # the file is not read again
        assert opened(address).fingerprint == first
    write_tar(tmp_path / "train-01.tar", samples(5, 7))
    assert len(opened(address)) == 91
    assert opened(address).fingerprint != first
    for index in (tmp_path / "cache" / "indexes").iterdir():
        index.write_bytes(b"damaged")
    assert len(opened(address)) == 91


def test_the_fingerprint_does_not_depend_on_the_place(tmp_path: Path) -> None:
    first = opened(three_tars(tmp_path / "a")).fingerprint
    assert opened(three_tars(tmp_path / "b")).fingerprint == first


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_names_of_any_length_folders_and_other_members_are_read(tmp_path: Path, form: int) -> None:
    long = "folder.with.dots/" + "n" * 90 + "/ü"
    files = [
        ("readme.txt", b"about"),
        (f"{long}.seg.png", png(1)),
        (f"{long}.txt", b"a caption"),
        ("b.JPG", png(2)),
        ("b.json", b"{}"),
        ("c.png", png(3)),
    ]
    found = opened(write_tar(tmp_path / "a.tar", files, form))
    assert grays(found.read_images(np.arange(3))) == [1, 2, 3]
    assert found.values is None
    assert found.notes == [f"1 samples in {tmp_path}/a.tar have no image: left out"]


@pytest.mark.parametrize(
    ("labels", "values", "names"),
    [
        ([2, 7, 2], [0, 1, 0], ("2", "7")),
        (["rose", "iris", "rose"], [1, 0, 1], ("iris", "rose")),
        ([[0.5, 1], [0.25, 2], [1, 3]], [[0.5, 1], [0.25, 2], [1, 3]], ("value0", "value1")),
    ],
)
def test_labels_and_values_of_json_files(
    tmp_path: Path, labels: list[Any], values: list[Any], names: tuple[str, ...]
) -> None:
    files = []
    for number, label in enumerate(labels):
        files.append((f"{number}.json", json.dumps({"kind": label, "text": "x"}).encode()))
        files.append((f"{number}.png", png(number)))
    path = write_tar(tmp_path / "a.tar", files)
    found = opened(path, label_key="kind")
    assert found.condition is not None
    assert found.condition.names == names
    assert found.values is not None
    assert found.values.tolist() == values
    assert "has no key 'hue': write dataset.label_key=KEY; its keys are kind, text" in error_of(
        path, label_key="hue"
    )


@pytest.mark.parametrize(
    ("files", "key", "message"),
    [
        ([("a.png", b"1"), ("a.cls", b"\xff")], None, "a.cls in"),
        ([("a.png", b"1"), ("a.cls", b"1" * 2000)], None, "2,000 bytes, and 1,024 are allowed"),
        ([("a.png", b"1"), ("a.json", b"{")], "k", "a.json in"),
        ([("a.png", b"1"), ("a.json", b'{"k": null}')], "k", "k is null, not a whole number"),
        ([("a.png", b"1"), ("a.json", b'{"k": true}')], "k", "k is true, not a whole number"),
        ([("a.png", b"1"), ("a.json", b'{"k": []}')], "k", "k is [], not a whole number"),
        ([("a.png", b"1"), ("a.json", b'{"k": [1, "x"]}')], "k", 'k is [1, "x"], not a whole'),
        ([("a.png", b"1"), ("a.cls", b"0"), ("b.png", b"1")], None, "image 1 has no label"),
        ([("a.png", b"1"), ("a.cls", b"0"), ("b.png", b"1"), ("b.cls", b"x")], None, "kinds"),
        ([("a.txt", b"1")], None, "there are no images in"),
    ],
)
def test_wrong_labels_are_one_line(
    tmp_path: Path, files: Files, key: str | None, message: str
) -> None:
    assert message in error_of(write_tar(tmp_path / "a.tar", files), label_key=key)


@pytest.mark.parametrize("kind", ["empty", "noise", "cut", "joined", "gzip"])
def test_a_damaged_or_compressed_file_is_one_line(tmp_path: Path, kind: str) -> None:
    path = write_tar(tmp_path / "a.tar", samples(0, 40))
    content = path.read_bytes()
    damaged = {
        "empty": b"",
        "noise": b"x" * 5000,
        "cut": content[:-11000],
        "joined": content + content,
        "gzip": b"\x1f\x8b" + content,
    }
    path.write_bytes(damaged[kind])
    expected = "is compressed with gzip" if kind == "gzip" else "it is damaged, or not a tar file"
    assert expected in error_of(path)
    assert str(path) in error_of(path)
    assert not list((tmp_path / "cache").rglob("*.lock"))


def test_members_that_are_too_large_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganzoo_webdataset.tar_reader._MOST_BYTES", 1000)
    path = write_tar(tmp_path / "a.tar", [("a.png", b"1" * 2000)])
    assert f"a.png in {path} has 2,000 bytes, and 1,000 are allowed" in error_of(path)


def test_a_header_that_claims_to_be_huge_is_refused(tmp_path: Path) -> None:
    about = tarfile.TarInfo("././@LongLink")
    about.type, about.size = tarfile.GNUTYPE_LONGNAME, 8 * 2**30
    (tmp_path / "a.tar").write_bytes(about.tobuf(tarfile.GNU_FORMAT) + bytes(20000))
    assert "a header has 8,589,9" in error_of(tmp_path / "a.tar")


def sized(name: str, size: int) -> bytes:
    """A header that claims this size, which may be negative."""
    header = bytearray(tarfile.TarInfo(name).tobuf(tarfile.GNU_FORMAT))
    header[124:136] = (size % 256**12).to_bytes(12, "big")
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    return bytes(header)


def test_a_header_that_points_back_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(sized("a", 0) + sized("b", -512) + bytes(10240))
    assert "header at byte 512 points back" in error_of(tmp_path / "a.tar")


def test_thousands_of_headers_for_one_member_are_refused(tmp_path: Path) -> None:
    about = tarfile.TarInfo("././@LongLink")
    about.type, about.size = tarfile.GNUTYPE_LONGNAME, 1
    (tmp_path / "a.tar").write_bytes((about.tobuf() + bytes(512)) * 3000)
    assert "maximum recursion depth exceeded" in error_of(tmp_path / "a.tar")


def test_hidden_files_are_skipped(tmp_path: Path) -> None:
    files = [("./._a.png", b"noise"), ("./a.png", png(7)), (".b.png", b"noise"), ("._c.cls", b"x")]
    found = opened(write_tar(tmp_path / "a.tar", files))
    assert grays(found.read_images(np.arange(len(found)))) == [7]
    assert found.notes == []


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    address = three_tars(tmp_path)
    (tmp_path / "train-01.tar").unlink()
    assert f"cannot read {tmp_path}/train-01.tar: No such file" in error_of(address)
    with pytest.raises(RequestError, match=r"needs tar files: write dataset\.path="):
        WebDatasetImages(WebDatasetOptions())


def test_an_image_that_cannot_be_decoded_is_named_with_its_file(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", [("a.png", png(1)), ("b.png", png(2)[:50])])
    with pytest.raises(UnreadableImage, match=rf"the image b\.png in {path}: it is damaged"):
        opened(path).read_images(np.array([0, 1]))


def test_processes_decode_only_their_images_and_see_the_same_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, decoded = three_tars(tmp_path), []
    whole = WebDatasetImages._decode

    def counted(self: WebDatasetImages, number: int, content: bytes) -> Any:
        decoded.append(number)
        return whole(self, number, content)

    monkeypatch.setattr(WebDatasetImages, "_decode", counted)
    monkeypatch.setattr("ganzoo_webdataset.images._MOST_IN_CHUNK", 4)
    taken: dict[int, list[torch.Tensor]] = {1: [], 2: []}
    for count in taken:
        each = []
        for rank in range(count):
            store = StreamedImages(opened(address, window=20), Preparation(resolution=8))
            batches = Batches(Collection.of(store), 0, torch.device("cpu"))
            decoded.clear()
            shard = Shard(rank, count)
            each.append([batches.take(at, 10, shard).images for at in range(0, 70, 10)])
            for parts in store._windows.values():  # the reading ahead is done
                for part in parts.values():
                    part.images.result()
            assert len(decoded) == len(set(decoded)) <= 90 / count + 5
        taken[count] = [torch.cat(parts) for parts in zip(*each, strict=True)]
    assert torch.equal(torch.cat(taken[1]), torch.cat(taken[2]))


def test_a_run_trains_and_resumes_exactly_from_a_server(
    tmp_path: Path, tiny: Callable[..., dict[str, Any]]
) -> None:
    from ganzoo.training.checkpoint import Checkpoints
    from tests.sameness import same

    pytest.importorskip("aiohttp")
    three_tars(tmp_path)
    with serving() as server:
        for path in tmp_path.glob("*.tar"):
            server.files[f"/{path.name}"] = path.read_bytes()
        settings = {"dataset.window": 10, "data.conditional": True}

        def run(name: str, steps: int, address: str) -> Path:
            where = {**settings, "dataset.path": address}
            return ganzoo.train(
                **tiny(name, steps=steps, dataset="webdataset", settings=where)
            ).folder

        remote = f"{server.address}/train-{{00..02}}.tar"
        folders = [run("local", 4, str(tmp_path / "train-{00..02}.tar")), run("far", 1, remote)]
        ganzoo.resume(folders[1], steps=4, quiet=True)
    states = [Checkpoints(f / "checkpoints", 3).load()["state"] for f in folders]
    assert same(states[0]["networks.generator"], states[1]["networks.generator"])
