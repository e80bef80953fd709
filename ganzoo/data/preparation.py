"""Preparation of images: cropping and resizing to uint8 arrays of one shape."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageColor
from pydantic import BeforeValidator, Field, field_validator

from ganzoo.data.items import require_fingerprint
from ganzoo.errors import RequestError
from ganzoo.options import Options

if TYPE_CHECKING:
    from ganzoo.contracts import Dataset, RawImage

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_FORMAT = 2
"""The version of prepared images; with another version, all images are prepared again."""
_SMALLEST, _LARGEST = 4, 1024


def _sides(resolution: int | str) -> tuple[int, int]:
    """Width and height of ``64`` or ``"64x48"``."""
    width, _, height = str(resolution).partition("x")
    return int(width), int(height or width)


def _checked_resolution(resolution: Any) -> int | str:
    written = re.fullmatch(r"[0-9]{1,4}(x[0-9]{1,4})?", str(resolution))
    sides = _sides(resolution) if written else ()
    if not sides or not all(_SMALLEST <= side <= _LARGEST for side in sides):
        raise ValueError(
            f"write a number of pixels from {_SMALLEST} to {_LARGEST}, or WIDTHxHEIGHT such as "
            "64x48"
        )
    width, height = sides
    return width if width == height else f"{width}x{height}"


def _checked_channels(channels: Any) -> Any:
    if channels != "auto" and not re.fullmatch(r"[1-9]|[1-5][0-9]|6[0-4]", str(channels)):
        raise ValueError("write auto, or a number from 1 to 64")
    return channels if channels == "auto" else int(channels)


class Preparation(Options):
    """How images are cropped, resized and converted before training."""

    resolution: Annotated[int | str, BeforeValidator(_checked_resolution)] = Field(
        64, description="Height and width of every image in pixels, or WIDTHxHEIGHT such as 64x48."
    )
    fit: Literal["crop", "pad", "stretch"] = Field(
        "crop",
        description="How an image gets this aspect ratio: crop its center, pad it with the "
        "background color, or stretch it.",
    )
    channels: Annotated[Literal["auto"] | int, BeforeValidator(_checked_channels)] = Field(
        "auto",
        description="1 for gray, 3 for color, 4 for color and transparency; auto is 1 if every "
        "image is gray, else 3. Other numbers are for arrays with that number of channels.",
    )
    background: str = Field(
        "white",
        description="The color of transparent and padded areas, a name or #rrggbb.",
    )

    def named(self) -> dict[str, Any]:
        """The settings that affect prepared images, as JSON values by name."""
        return self.model_dump(mode="json", include=set(Preparation.model_fields))

    def identity(self, dataset: Dataset, dataset_name: str) -> str:
        """A hash of the dataset and of these settings: the cache key of its prepared images.

        It depends on the dataset's fingerprint, condition and qualified name; two plugins may
        have datasets with the same short name.
        """
        from ganzoo.contracts import condition_of  # it imports torch, which `info` does not need

        condition = condition_of(dataset)
        content = [
            dataset_name,
            require_fingerprint(dataset.fingerprint),
            condition.to_plain() if condition else None,
        ]
        key = json.dumps([_FORMAT, content, self.named()])
        return hashlib.sha256(key.encode()).hexdigest()[:32]

    @property
    def width(self) -> int:
        """Of every image, in pixels."""
        return _sides(self.resolution)[0]

    @property
    def height(self) -> int:
        """Of every image, in pixels."""
        return _sides(self.resolution)[1]

    @property
    def most_channels(self) -> int:
        """The number of channels to prepare: 3 for "auto", which keeps 1 if all images are gray."""
        return 3 if self.channels == "auto" else self.channels

    @field_validator("background")
    @classmethod
    def _is_opaque_color(cls, color: str) -> str:
        try:
            opaque = len(ImageColor.getrgb(color)) == 3
        except ValueError:
            opaque = False
        if not opaque:
            raise ValueError(
                f"{color!r} is not an opaque color: write a name such as white, or #rrggbb"
            )
        return color


def prepare(image: RawImage, preparation: Preparation) -> NDArray[np.uint8]:
    """The image, cropped and resized, as a uint8 array (height, width, C); C = 3 for "auto".

    Resizing is antialiased (Lanczos); without resizing, values stay exact. 16-bit values are scaled
    to 8 bits; 32-bit integers are clipped to 0..65535 and floats to 0..1, then scaled. With 4
    channels, padding is transparent. Color profiles are not applied. Arrays with 2 or more than 4
    channels keep their channels; each is resized separately.

    Raises RequestError if the image has other channels than ``preparation`` says, or if an array
    is not an image.
    """
    if preparation.most_channels not in _MODES:
        return _by_channel(image, preparation)
    image = image if isinstance(image, Image.Image) else _image(image)
    if preparation.fit == "crop":
        image = _cropped(image, preparation)
    image = _in_mode(_MODES[preparation.most_channels], image, preparation.background)
    if preparation.fit == "pad":
        image = _padded(image, preparation)
    else:
        image = image.resize((preparation.width, preparation.height), Image.Resampling.LANCZOS)
    return np.array(image).reshape(preparation.height, preparation.width, -1)


def _by_channel(image: RawImage, preparation: Preparation) -> NDArray[np.uint8]:
    """Each channel prepared as a gray image, and padded with the background's gray."""
    if isinstance(image, Image.Image):
        raise RequestError(
            f"data.channels={preparation.channels} is for arrays only: write 1, 3 or 4 for "
            "image files"
        )
    if _array(image).shape[2] != preparation.channels:
        raise RequestError(
            _channels_first(image.shape)
            or f"data.channels={preparation.channels}, but an image has {image.shape[2]} channels"
        )
    gray = preparation.model_copy(update={"channels": 1})
    return np.concatenate([prepare(c[..., None], gray) for c in np.moveaxis(image, 2, 0)], axis=2)


def _array(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if image.dtype != np.uint8 or image.ndim != 3:
        hint = ": add an axis for its one channel" if image.ndim == 2 else ""
        raise RequestError(
            f"an image is an array of {image.dtype} and shape {image.shape}, "
            f"not of uint8 and shape (H, W, C){hint}"
        )
    return image


def _channels_first(shape: tuple[int, ...]) -> str:
    """A message for an array whose first axis looks like the channels; else empty."""
    if shape[0] not in _MODES or shape[2] in _MODES:
        return ""
    return (
        f"an array of shape {shape} looks like (C, H, W) instead of (H, W, C): write "
        "dataset.layout=NCHW if the dataset has that option, else transpose(1, 2, 0) in its plugin"
    )


def _image(image: NDArray[np.uint8]) -> Image.Image:
    channels = _array(image).shape[2]
    if channels not in _MODES:
        raise RequestError(
            _channels_first(image.shape)
            or f"an image has {channels} channels: write data.channels={channels}"
        )
    return Image.fromarray(image[..., 0] if channels == 1 else image)


def _cropped(image: Image.Image, preparation: Preparation) -> Image.Image:
    """The largest crop from the center with the aspect ratio of the result."""
    scale = min(image.width / preparation.width, image.height / preparation.height)
    width, height = (
        max(1, round(preparation.width * scale)),
        max(1, round(preparation.height * scale)),
    )
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _in_mode(mode: str, image: Image.Image, background: str) -> Image.Image:
    """The image in mode L, RGB or RGBA; for L and RGB, composed onto the background."""
    image = _eight_bit(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if mode != "RGBA":
            image = Image.alpha_composite(Image.new("RGBA", image.size, background), image)
    return image.convert(mode)


def _eight_bit(image: Image.Image) -> Image.Image:
    """The image in a mode that Pillow converts correctly to RGB."""
    if image.mode.startswith("I"):
        samples = np.clip(np.asarray(image), 0, 65535).astype(np.uint32)
        return Image.fromarray(((samples + 128) // 257).astype(np.uint8))
    if image.mode == "F":
        unit = np.clip(np.nan_to_num(np.asarray(image), nan=0), 0, 1)
        return Image.fromarray(np.rint(unit * 255).astype(np.uint8))
    if image.mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, *profiles, outputMode="RGB")
        assert converted is not None, "only a conversion in place returns None"
        return converted
    return image


def _padded(image: Image.Image, preparation: Preparation) -> Image.Image:
    """The whole image, centered on the background."""
    scale = min(preparation.width / image.width, preparation.height / image.height)
    width, height = (max(1, round(length * scale)) for length in image.size)
    color = Image.new(image.mode, (preparation.width, preparation.height), preparation.background)
    if image.mode == "RGBA":
        color.putalpha(0)
    resized = image.resize((width, height), Image.Resampling.LANCZOS)
    color.paste(resized, ((preparation.width - width) // 2, (preparation.height - height) // 2))
    return color
