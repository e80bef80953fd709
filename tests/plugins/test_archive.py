from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import lzma
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganzoo import RequestError, UnreadableImage
from ganzoo_archive import ArchiveOptions, ganzoo_datasets, members
from ganzoo_archive.images import ArchiveImages

Files = Mapping[str, bytes | int]
"""The content of each file by its name; a number stands for an image of that gray level."""

Pack = Callable[[Path, Files], Path]


def content(of: bytes | int) -> bytes:
    if isinstance(of, bytes):
        return of
    stream = io.BytesIO()
    Image.new("L", (4, 4), of).save(stream, "PNG")
    return stream.getvalue()


def pack_zip(path: Path, files: Files, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, of in files.items():
            archive.writestr(name, content(of))
    return path


def pack_deflated(path: Path, files: Files) -> Path:
    return pack_zip(path, files, zipfile.ZIP_DEFLATED)


def pack_tar(path: Path, files: Files, *others: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as archive:
        for other in others:
            archive.addfile(other)
        for name, of in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content(of))
            archive.addfile(member, io.BytesIO(content(of)))
    return path


EVERY_FORM = pytest.mark.parametrize("pack", [pack_zip, pack_deflated, pack_tar])


def source(path: Path | None, **options: Any) -> ArchiveImages:
    return ArchiveImages(ArchiveOptions(path=path, **options))


def contents(found: ArchiveImages) -> list[tuple[Any, int | None]]:
    """The gray level and the label of every image, in order."""
    pairs = [found[index] for index in range(len(found))]
    return [(image.getpixel((0, 0)), label) for image, label in pairs]


@EVERY_FORM
@pytest.mark.parametrize("root", ["", "./", "images/", "a/b/c/"])
def test_folders_below_the_common_folder_are_classes(pack: Pack, root: str, tmp_path: Path) -> None:
    files = {"tulip/x.png": 1, "rose/b.PNG": 2, "rose/a/b/c/d.png": 3}
    found = source(pack(tmp_path / "file", {root + name: gray for name, gray in files.items()}))
    assert found.class_names == ("rose", "tulip")
    assert contents(found) == [(3, 0), (2, 0), (1, 1)]
    assert found.name(1).endswith("rose/b.PNG")


@EVERY_FORM
@pytest.mark.parametrize(
    "files", [{"b.png": 2, "a.png": 1}, {"rose/b.png": 2, "a.png": 1}, {"all/b.png": 2, "a.png": 1}]
)
def test_an_image_outside_the_folders_removes_all_labels(
    pack: Pack, files: Files, tmp_path: Path
) -> None:
    found = source(pack(tmp_path / "file", files))
    assert found.class_names == ()
    assert contents(found) == [(1, None), (2, None)]


@EVERY_FORM
def test_files_that_are_left_out_are_noted(pack: Pack, tmp_path: Path) -> None:
    files: Files = {
        "set/rose/a.png": 1,
        "set/iris/b": 2,
        "set/stray.png": 3,
        "set/iris/c.psd": 4,
        "set/runs/x/run.toml": b"",
        "set/runs/x/samples/step-1.png": 5,
        "readme": b"text",
    }
    found = source(pack(tmp_path / "file", files))
    assert found.class_names == ("iris", "rose")
    assert contents(found) == [(2, 0), (1, 1)]
    assert [note.partition(":")[0] for note in found.notes] == [
        "left out 1 file",
        "left out 1 folder of runs and their files",
        "left out 1 image outside the class folders, set/stray.png",
    ]


def test_backslashes_separate_the_folders_of_a_zip(tmp_path: Path) -> None:
    files: Files = {"rose\\": b"", "rose\\1.png": 1, "iris\\deep\\2.png": 2}
    found = source(pack_zip(tmp_path / "x.zip", files))
    assert found.class_names == ("iris", "rose")
    assert contents(found) == [(2, 0), (1, 1)]
    with pytest.raises(RequestError, match="leads outside"):
        source(pack_zip(tmp_path / "y.zip", {"..\\a.png": 1}))


@EVERY_FORM
def test_files_that_are_not_images_are_skipped(pack: Pack, tmp_path: Path) -> None:
    files: Files = {
        "rose/a.png": 1,
        "iris/a.png": 2,
        "rose/.hidden.png": 3,
        ".cache/a.png": 4,
        "__MACOSX/rose/._a.png": 5,
        "rose/Thumbs.db": b"",
        "readme.txt": b"",
    }
    assert contents(source(pack(tmp_path / "file", files))) == [(2, 0), (1, 1)]


@EVERY_FORM
@pytest.mark.parametrize("root", ["", "set/"])
def test_a_dataset_json_gives_the_labels(pack: Pack, root: str, tmp_path: Path) -> None:
    rows: list[tuple[str, int]] = [
        ("00000/img00000000.png", 6),
        ("00000/img00000001.png", 2),
        ("00001/img2.png", 6),
    ]
    files = {root + name: gray for gray, (name, _) in enumerate(rows)}
    table = json.dumps({"labels": rows}).encode()
    found = source(pack(tmp_path / "file", {**files, f"{root}dataset.json": table}))
    assert found.class_names == ("2", "6")
    assert contents(found) == [(0, 1), (1, 0), (2, 1)]


def test_a_dataset_json_without_labels_overrides_folders(tmp_path: Path) -> None:
    files: Files = {"00000/a.png": 1, "00001/b.png": 2, "dataset.json": b'{"labels": null}'}
    found = source(pack_zip(tmp_path / "file", files))
    assert found.class_names == ()
    assert contents(found) == [(1, None), (2, None)]


def test_missing_labels_and_labels_without_an_image_are_counted(tmp_path: Path) -> None:
    def found(rows: object) -> ArchiveImages:
        table = json.dumps({"labels": rows}).encode()
        return source(pack_zip(tmp_path / "x", {"a.png": 1, "b.png": 2, "dataset.json": table}))

    part = r"dataset\.json in .*x has labels for {} of 2 images"
    more = ", and 2 for images that do not exist, such as c.png"
    with pytest.raises(
        RequestError, match=f"{part.format(1)}: b.png has none; give every image a label"
    ):
        found([["a.png", 1]])
    with pytest.raises(
        RequestError, match=f"{part.format(0)}{more}: a.png has none; give every image a label"
    ):
        found([["c.png", 1], ["d.png", 2]])
    with pytest.warns(UserWarning, match=f"{part.format(2)}{more}$"):
        assert contents(found([["a.png", 1], ["d.png", 3], ["b.png", 0], ["c.png", 2]]))[0][1] == 1


def test_a_dataset_json_of_another_form_is_refused(tmp_path: Path) -> None:
    path = pack_zip(tmp_path / "x", {"a.png": 1, "dataset.json": b"[]"})
    with pytest.raises(RequestError, match=r"dataset\.json in .*x is not of the form"):
        source(path)


@EVERY_FORM
def test_threads_read_in_parallel(pack: Pack, tmp_path: Path) -> None:
    found = source(pack(tmp_path / "file", {f"{gray:03}.png": gray for gray in range(100)}))
    with ThreadPoolExecutor(8) as pool:
        grays = [image.getpixel((0, 0)) for image, _ in pool.map(found.__getitem__, range(100))]
    assert grays == [*range(100)]


@EVERY_FORM
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_the_error_of_a_damaged_image_names_its_archive(
    pack: Pack, on_error: str, tmp_path: Path
) -> None:
    found = source(pack(tmp_path / "x", {"a.png": 1, "b.png": b"<html>"}), on_error=on_error)
    assert found[0][1] is None
    remedy = (
        "" if on_error == "skip" else r"; write dataset\.on_error=skip to leave such images out"
    )
    with pytest.raises(
        UnreadableImage, match=rf"b\.png in .*x: it is not a JPEG.*{remedy}$"
    ) as bad:
        found[1]
    assert bad.value.skip == (on_error == "skip")


@EVERY_FORM
@pytest.mark.parametrize("name", ["../a.png", "rose/../../a.png", "/a.png"])
def test_names_that_lead_outside_are_refused(pack: Pack, name: str, tmp_path: Path) -> None:
    path = pack(tmp_path / "x", {"a.png": 1, name: 2})
    with pytest.raises(RequestError, match=f"has the member '{name}', whose name leads outside"):
        source(path)


def test_links_devices_and_sparse_files_are_skipped(tmp_path: Path) -> None:
    kinds = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
    others = [tarfile.TarInfo(f"{number}.png") for number in range(len(kinds))]
    for other, kind in zip(others, kinds, strict=True):
        other.type, other.linkname = kind, "/etc/passwd"
    assert contents(source(pack_tar(tmp_path / "x", {"a.png": 1}, *others))) == [(1, None)]
    link = zipfile.ZipInfo("b.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(pack_zip(tmp_path / "y", {"a.png": 1}), "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert contents(source(tmp_path / "y")) == [(1, None)]


def test_of_two_files_with_the_same_name_the_later_counts(tmp_path: Path) -> None:
    with tarfile.open(pack_tar(tmp_path / "x", {"a.png": 1}), "a") as archive:
        member = tarfile.TarInfo("./a.png")
        member.size = len(content(2))
        archive.addfile(member, io.BytesIO(content(2)))
    assert contents(source(tmp_path / "x")) == [(2, None)]


@pytest.mark.parametrize(
    ("packed", "tool"), [(gzip.compress, "gzip"), (bz2.compress, "bzip2"), (lzma.compress, "xz")]
)
def test_a_compressed_tar_is_refused_with_the_command_to_decompress_it(
    packed: Callable[[bytes], bytes], tool: str, tmp_path: Path
) -> None:
    path = pack_tar(tmp_path / "x.tar.z", {"a.png": 1})
    path.write_bytes(packed(path.read_bytes()))
    with pytest.raises(RequestError, match=rf"`{tool} --decompress --keep x\.tar\.z` to get a"):
        source(path)


@EVERY_FORM
def test_an_archive_with_too_many_members_is_refused(
    pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "_MAX_MEMBERS", 2)
    assert len(source(pack(tmp_path / "x", {"a.png": 1, "b.png": 2}))) == 2
    with pytest.raises(RequestError, match="x has more than 2 files"):
        source(pack(tmp_path / "x", {"a.png": 1, "b.png": 2, "c.txt": b""}))


@EVERY_FORM
def test_a_huge_file_is_never_read(
    pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "_MAX_BYTES", 1000)
    found = source(pack(tmp_path / "x", {"a.png": bytes(1001)}))
    with pytest.raises(UnreadableImage, match="it has 1,001 bytes; the limit is 1,000"):
        found[0]


def test_a_decompression_bomb_is_not_unpacked(tmp_path: Path) -> None:
    found = source(pack_deflated(tmp_path / "x", {"a.png": bytes(2**20 + 1)}))
    with pytest.raises(
        UnreadableImage, match="bytes that decompress to 1,048,577 are not an image"
    ):
        found[0]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_methods_are_refused(method: int, tmp_path: Path) -> None:
    found = source(pack_zip(tmp_path / "x", {"a.png": 1}, method))
    with pytest.raises(UnreadableImage, match="its compression method is not deflate"):
        found[0]


def test_an_encrypted_image_is_refused(tmp_path: Path) -> None:
    path = pack_zip(tmp_path / "x", {"a.png": 1})
    encrypted = bytearray(path.read_bytes())
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(encrypted)
    found = source(path)
    with pytest.raises(UnreadableImage, match=r"a\.png in .*x: it is encrypted"):
        found[0]


@EVERY_FORM
def test_a_damaged_archive_or_its_images_are_refused(pack: Pack, tmp_path: Path) -> None:
    path = pack(tmp_path / "x", {f"{gray}.png": gray for gray in range(3)})
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    for place in random.integers(0, len(whole), 80):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x24]) + whole[place + 1 :])
        with contextlib.suppress(RequestError):
            contents(source(path))


@EVERY_FORM
def test_an_archive_that_ends_too_early_is_refused(pack: Pack, tmp_path: Path) -> None:
    path = pack(tmp_path / "x", {f"{gray}.png": gray for gray in range(3)})
    whole = path.read_bytes().rstrip(b"\0")
    for length in range(0, len(whole), 53):
        path.write_bytes(whole[:length])
        with pytest.raises(RequestError, match="it is damaged, or not a zip or tar file"):
            source(path)


def test_a_tar_with_a_damaged_header_is_refused(tmp_path: Path) -> None:
    path = pack_tar(tmp_path / "x", {"a.png": 1, "b.png": 2})
    damaged = path.read_bytes().replace(b"b.png", b"c.png")
    path.write_bytes(damaged)
    with pytest.raises(
        RequestError, match="there is neither a member nor the end of the archive at byte 1,024"
    ):
        source(path)


def test_a_tar_with_a_header_that_points_back_is_refused(tmp_path: Path) -> None:
    header = bytearray(tarfile.TarInfo("b").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = (-512 % 256**12).to_bytes(12, "big")
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    path = tmp_path / "x.tar"
    path.write_bytes(tarfile.TarInfo("a").tobuf() + bytes(header) + bytes(10240))
    with pytest.raises(RequestError, match="the header at byte 512 points back"):
        source(path)


def test_a_tar_that_becomes_shorter_is_detected(tmp_path: Path) -> None:
    path = pack_tar(tmp_path / "x", {"a.png": 1})
    found = source(path)
    path.write_bytes(path.read_bytes()[:520])
    with pytest.raises(UnreadableImage, match="the archive is now shorter"):
        found[0]
    path.unlink()
    with pytest.raises(UnreadableImage, match="No such file"):
        found[0]


def test_names_may_contain_any_bytes(tmp_path: Path) -> None:
    files = {"caf\udce9/new\nline.png": 1, "sch\u00f6n/a b.png": 2}
    found = source(pack_tar(tmp_path / "x", files))
    assert found.class_names == ("caf\\xe9", "sch\u00f6n")
    assert contents(found) == [(1, 0), (2, 1)]


@EVERY_FORM
def test_the_fingerprint_depends_on_the_content(pack: Pack, tmp_path: Path) -> None:
    found = [pack(tmp_path / "x", {"a.png": gray, "b.png": 1}) for gray in (1, 2)]
    one, other = (source(pack(path, {"a.png": g})).fingerprint for g, path in enumerate(found))
    assert one != other
    (tmp_path / "elsewhere").mkdir()
    assert source((tmp_path / "x").rename(tmp_path / "elsewhere/y.zip")).fingerprint == other


def test_other_files_are_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("<html>")
    (tmp_path / "empty").touch()
    for path, message in (
        (None, r"write dataset\.path=FILE\.zip or FILE\.tar"),
        (tmp_path, r"is not a file: write dataset\.path=FILE\.zip or FILE\.tar"),
        (tmp_path / "missing", "cannot read .*missing: No such file"),
        (tmp_path / "text", "cannot read .*text: it is damaged, or not a zip or tar file "),
        (tmp_path / "empty", "cannot read .*empty: it is damaged, or not a zip or tar file "),
        (pack_tar(tmp_path / "x", {"a.txt": b""}), r"no images in .*x: it must contain .*\*\.jpg"),
    ):
        with pytest.raises(RequestError, match=message) as caught:
            source(path)
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(RequestError, match=r"pipe\.zip is not a file"):
        source(tmp_path / "pipe.zip")


def test_the_component_builds_the_dataset(tmp_path: Path) -> None:
    (component,) = ganzoo_datasets()
    path = pack_zip(tmp_path / "x.zip", {"a.png": 1})
    options = component.options.model_validate({"path": str(path)})
    assert len(component.build(options)) == 1


@EVERY_FORM
def test_images_of_more_than_8_bits_are_read_in_their_range(pack: Pack, tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.new("F", (4, 4), 100).save(stream, "TIFF")
    found = source(pack(tmp_path / "file", {"a.tif": stream.getvalue()}))
    assert contents(found) == [(100, None)]
    assert found.notes[0].startswith(
        "pixels that are floats of more than 8 bits are read in the range 0..255"
    )
