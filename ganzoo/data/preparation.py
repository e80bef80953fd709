"""Pictures of any size and mode in, uint8 arrays of one shape out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageColor
from pydantic import Field, field_validator

from ganzoo.components import Options

if TYPE_CHECKING:
    from ganzoo.contracts import Picture

_MODES = {"auto": "RGB", 1: "L", 3: "RGB", 4: "RGBA"}


class Preparation(Options):
    """How pictures become what a run trains on."""

    resolution: int = Field(
        64, ge=4, le=1024, description="Height and width of every picture, in pixels."
    )
    fit: Literal["crop", "pad", "stretch"] = Field(
        "crop",
        description="How a picture becomes square: cropped to its centre, padded with the "
        "background, or stretched.",
    )
    channels: Literal["auto", 1, 3, 4] = Field(
        "auto",
        description="1 for grey, 3 for colour, 4 for colour and transparency; auto is 1 if every "
        "picture is grey, else 3.",
    )
    background: str = Field(
        "white",
        description="The colour behind transparent and padded parts, by name or as #rrggbb.",
    )

    @field_validator("background")
    @classmethod
    def _is_opaque_colour(cls, colour: str) -> str:
        try:
            opaque = len(ImageColor.getrgb(colour)) == 3
        except ValueError:
            opaque = False
        if not opaque:
            raise ValueError(f"{colour!r} is no colour: write a name such as white, or #rrggbb")
        return colour


def prepare(picture: Picture, how: Preparation) -> NDArray[np.uint8]:
    """The picture as an array of shape (resolution, resolution, C), C = 3 for "auto" channels.

    Resizing is antialiased (Lanczos); values stay exact where none is needed. Samples of 16 bits
    are scaled to 8, 32-bit integers are taken as 0 to 65535 and floats as 0 to 1, and clipped.
    With 4 channels, padding is transparent. Colour profiles are not applied.
    """
    image = picture if isinstance(picture, Image.Image) else _image(picture)
    if how.fit == "crop":
        image = _centre_square(image)
    image = _in_mode(_MODES[how.channels], image, how.background)
    if how.fit == "pad":
        image = _padded(image, how.resolution, how.background)
    else:
        image = image.resize((how.resolution, how.resolution), Image.Resampling.LANCZOS)
    return np.array(image).reshape(how.resolution, how.resolution, -1)


def _image(picture: NDArray[np.uint8]) -> Image.Image:
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] not in (1, 3, 4):
        raise ValueError(
            f"a picture is an array of {picture.dtype} and shape {picture.shape}, "
            "not of uint8 and shape (H, W, C) with 1, 3 or 4 channels"
        )
    return Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)


def _centre_square(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def _in_mode(mode: str, image: Image.Image, background: str) -> Image.Image:
    """The picture in mode L, RGB or RGBA; without an alpha channel, it lies on the background."""
    image = _eight_bit(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if mode != "RGBA":
            image = Image.alpha_composite(Image.new("RGBA", image.size, background), image)
    return image.convert(mode)


def _eight_bit(image: Image.Image) -> Image.Image:
    """The picture in a mode that Pillow converts to RGB without loss of meaning."""
    if image.mode.startswith("I"):
        samples = np.clip(np.asarray(image), 0, 65535).astype(np.uint32)
        return Image.fromarray(((samples + 128) // 257).astype(np.uint8))
    if image.mode == "F":
        unit = np.clip(np.nan_to_num(np.asarray(image), nan=0), 0, 1)
        return Image.fromarray(np.rint(unit * 255).astype(np.uint8))
    if image.mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, *profiles, outputMode="RGB")
        assert converted is not None, "only a conversion in place returns nothing"
        return converted
    return image


def _padded(image: Image.Image, side: int, background: str) -> Image.Image:
    """The whole picture in the middle of a square of the background."""
    scale = side / max(image.size)
    width, height = (max(1, round(length * scale)) for length in image.size)
    colour = Image.new(image.mode, (side, side), background)
    if image.mode == "RGBA":
        colour.putalpha(0)
    resized = image.resize((width, height), Image.Resampling.LANCZOS)
    colour.paste(resized, ((side - width) // 2, (side - height) // 2))
    return colour
