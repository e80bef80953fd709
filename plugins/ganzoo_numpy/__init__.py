"""Files of NumPy as a dataset."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import DatasetSpec, LocalPath, Options, hookimpl


class NumpyOptions(Options):
    """Which file, and what its numbers mean."""

    path: LocalPath | None = Field(None, description="The .npy or .npz file.")
    layout: Literal["auto", "NHWC", "NCHW"] = Field(
        "auto",
        description="Where the channels of an array of shape (N, H, W, C) or (N, C, H, W) are; "
        "auto is what the file says, as ganzoo data pack writes it, else the axis that is 1, 3 "
        "or 4 long.",
    )
    range: Literal["auto", "0..1", "-1..1", "0..255"] = Field(
        "auto",
        description="What black and white are; auto is what the file says, else 0..255 for whole "
        "numbers, and for floats 0..1 or -1..1, whichever holds them all. Named, it clips what "
        "lies beyond.",
    )
    images_key: str | None = Field(
        None, description="The name of the images in an .npz: images, x or arr_0 if not given."
    )
    labels_key: str | None = Field(
        None,
        description="The name of the labels in an .npz, whole numbers or texts: labels or y, if "
        "there, if not given. An array class_names may name the numbers.",
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """Anyone's own arrays."""
    return [
        DatasetSpec(
            name="numpy",
            summary="Your own arrays: images, and labels if any, in a .npy or .npz file.",
            factory="ganzoo_numpy.images:NumpyImages",
            options=NumpyOptions,
            reference="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html",
        )
    ]
