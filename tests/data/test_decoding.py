from __future__ import annotations

import io
import math
import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile
from PIL.PngImagePlugin import PngInfo

from ganzoo import UnreadableImage, open_image
from ganzoo.data.decoding import MAX_PIXELS

FORMATS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95},
    "PNG": {},
    "WEBP": {"lossless": True},
    "BMP": {},
    "GIF": {},
    "TIFF": {},
    "PPM": {},
    "JPEG2000": {},
    "AVIF": {"quality": 90},
    "TGA": {},
    "MPO": {"save_all": True, "append_images": [Image.new("RGB", (24, 16))]},
}
EXACT = ("PNG", "WEBP", "BMP", "TIFF", "PPM", "JPEG2000", "TGA")


def image(width: int = 24, height: int = 16) -> Image.Image:
    """An image whose rotations and reflections all differ."""
    x, y = np.meshgrid(np.arange(width) * 10, np.arange(height) * 15)
    return Image.fromarray(np.stack([x, y, (x + y) // 2], axis=-1).astype(np.uint8))


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def reason(file: Path | bytes) -> str:
    with pytest.raises(UnreadableImage) as caught:
        open_image(io.BytesIO(file) if isinstance(file, bytes) else file, "it" * bool(file))
    return caught.value.reason


@pytest.mark.parametrize("kind", FORMATS)
def test_the_format_is_recognized_by_content_not_by_name(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "image.txt"
    file.write_bytes(encoded(image(), kind, **FORMATS[kind]))
    opened = open_image(file)
    assert opened.size == (24, 16)
    difference = np.asarray(opened.convert("RGB"), int) - np.asarray(image(), int)
    assert abs(difference).max() <= (0 if kind in EXACT else 40)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(kind: str, orientation: int) -> None:
    upright = np.asarray(image())
    stored = {
        1: upright,
        2: np.fliplr(upright),
        3: np.rot90(upright, 2),
        4: np.flipud(upright),
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).swapaxes(0, 1),
        8: np.rot90(upright, -1),
    }
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    turned = Image.fromarray(np.ascontiguousarray(stored[orientation]))
    opened = open_image(io.BytesIO(encoded(turned, kind, exif=exif, **FORMATS[kind])))
    difference = np.asarray(opened, int) - upright.astype(int)
    assert abs(difference).max() <= (0 if kind in EXACT else 20)


def test_other_damaged_exif_tags_are_ignored() -> None:
    tags = [
        (ExifTags.Base.Orientation, 3, 1, b"\6\0\0\0"),
        (ExifTags.Base.XResolution, 2, 4, b"abc\0"),
    ]
    entries = b"".join(struct.pack("<HHI4s", *tag) for tag in tags)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    assert open_image(io.BytesIO(encoded(image(), "JPEG", exif=exif))).size == (16, 24)


def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        color = np.asarray(open_image(io.BytesIO(data)).convert("RGB"))[4, 4]
        assert color[0] > 240, kind
        assert color[2] < 15, kind


@pytest.mark.parametrize("kind", FORMATS)
def test_an_image_is_independent_of_its_file(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "image"
    file.write_bytes(encoded(image(), kind, **FORMATS[kind]))
    with file.open("rb") as stream:
        opened = open_image(stream)
    file.write_bytes(b"")
    assert opened.resize((2, 2)).size == (2, 2)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", FORMATS)
def test_a_truncated_file_is_refused_unless_all_pixels_are_there(kind: str) -> None:
    data = encoded(image(8, 6), kind, **FORMATS[kind] | {"append_images": []})
    whole = np.asarray(open_image(io.BytesIO(data)))
    refused = 0
    for length in range(len(data)):
        try:
            opened = open_image(io.BytesIO(data[:length]))
        except UnreadableImage:
            refused += 1
        else:
            np.testing.assert_array_equal(np.asarray(opened), whole)
    assert refused > len(data) / 4


def test_a_complete_jpeg_2000_codestream_without_boxes_is_read() -> None:
    data = encoded(image(), "JPEG2000", no_jp2=True)
    np.testing.assert_array_equal(decoded(data), np.asarray(image()))
    assert "truncated" in reason(data[:-2])


def test_heic_without_its_library_is_refused_with_a_remedy() -> None:
    if find_spec("pillow_heif"):
        pytest.skip("pillow-heif is installed")
    for brands in (b"heic\0\0\0\0mif1", b"mif1\0\0\0\0mif1heic"):
        start = struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands
        assert reason(start) == (
            'it is a HEIC file: pip install "ganzoo-toolkit[heic]" to read them'
        )


def test_damaged_images_are_refused_with_the_reason() -> None:
    data = encoded(image(), "JPEG")
    assert reason(data[:-20]).startswith("it is damaged (image file is truncated")


@pytest.mark.parametrize("size", [(20_000, 20_000), (9_500, 9_500), (MAX_PIXELS + 1, 1)])
def test_a_decompression_bomb_is_refused_by_its_header_without_a_warning(
    size: tuple[int, int],
) -> None:
    width, height = size
    expected = f"it is too large: {width} x {height} pixels; the limit is 89,478,485 in total"
    assert reason(png_header(width, height)) == expected
    assert reason(b"P6 %d %d 255\n" % size) == expected


@pytest.mark.parametrize(
    ("kind", "form", "before"),
    [
        ("GIF", "<HH", b"GIF87a"),
        ("BMP", "<ii", b"\x28\0\0\0"),
        ("TGA", "<HH", b"\0\0\2" + bytes(9)),
        ("JPEG2000", ">ii", b"ihdr"),
        ("AVIF", ">ii", b"ispe\0\0\0\0"),
    ],
)
def test_decompression_bombs_of_other_formats_are_refused(
    kind: str, form: str, before: bytes
) -> None:
    data = encoded(image(), kind)
    height_first = (16, 24) if kind == "JPEG2000" else (24, 16)
    size = before + struct.pack(form, *height_first)
    assert size in data
    bomb = data.replace(size, before + struct.pack(form, 16_000, 16_000))
    if kind == "JPEG2000":  # the header contains the size twice
        bomb = bomb.replace(struct.pack(">ii", 24, 16), struct.pack(">ii", 16_000, 16_000))
    assert "too large" in reason(bomb)


def test_the_largest_size_is_allowed() -> None:
    side = math.isqrt(MAX_PIXELS)
    assert "damaged" in reason(png_header(side, side))


LONG = "a long text " * 200_000


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "packed iTXt", "iCCP", "many"])
def test_large_texts_and_profiles_in_a_png_are_ignored(kind: str) -> None:
    texts, options = PngInfo(), {}
    xmp = '<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    texts.add_itxt("XML:com.adobe.xmp", xmp)
    if kind == "many":
        for number in range(70):
            texts.add_text(str(number), LONG[: 2**20 - 100], zip=True)
    elif kind == "iCCP":
        options["icc_profile"] = LONG.encode()
    elif kind.endswith("iTXt"):
        texts.add_itxt("notes", LONG, zip=kind.startswith("packed"))
    else:
        texts.add_text("notes", LONG, zip=kind == "zTXt")
    data = encoded(image(), "PNG", pnginfo=texts, **options)
    np.testing.assert_array_equal(decoded(data), np.rot90(np.asarray(image()), -1))


def test_a_decompression_bomb_with_a_large_text_is_refused() -> None:
    header = png_header(20_000, 20_000)
    body = b"zTXtnotes\0\0" + zlib.compress(LONG.encode())
    text = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    assert reason(header[:33] + text + header[33:]).startswith("it is too large: 20000 x 20000")


def test_files_that_are_not_images_are_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "page.jpg").write_text("<html>not found</html>")
    (tmp_path / "empty.png").touch()
    assert "no such file" in reason(tmp_path / "missing.png").lower()
    assert reason(tmp_path / "folder.png") == "it is a folder"
    assert reason(tmp_path / "page.jpg").startswith(
        "it is not a JPEG, PNG, WebP, GIF, BMP, TIFF, PPM"
    )
    assert reason(tmp_path / "empty.png") == "it is empty"
    for text in (b"Please read this first", b"II. and III.", b"RIFF\1\0\0\0WAVE"):
        assert reason(text).startswith("it is not a JPEG")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_and_broken_links_are_refused_without_blocking(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    assert reason(tmp_path / "pipe.png") == "it is not a regular file"
    assert "no such file" in reason(tmp_path / "dangling.png").lower()
    assert "links" in reason(tmp_path / "loop.png")


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may read everything")
def test_a_file_without_read_permission_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret.png"
    file.write_bytes(encoded(image(), "PNG"))
    file.chmod(0)
    assert "permission" in reason(file).lower()


def test_messages_use_the_given_name() -> None:
    with pytest.raises(UnreadableImage, match=r"the image a\.png of b\.tgz: it is empty"):
        open_image(io.BytesIO(), "a.png of b.tgz")
    with pytest.raises(UnreadableImage, match=r"nowhere\.png: "):
        open_image(Path("nowhere.png"))


def test_threads_decode_in_parallel_and_pillow_settings_do_not_change() -> None:
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    files = {kind: encoded(image(), kind, **options) for kind, options in FORMATS.items()}
    alone = {kind: decoded(data) for kind, data in files.items()}
    with ThreadPoolExecutor(8) as pool:
        kinds = [*files] * 20
        for kind, together in zip(kinds, pool.map(decoded, map(files.get, kinds)), strict=True):
            np.testing.assert_array_equal(together, alone[kind])
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


def decoded(data: bytes | None) -> NDArray[np.uint8]:
    return np.asarray(open_image(io.BytesIO(data or b"")))
