"""Arrays in .npy and .npz files as a dataset."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import DatasetSpec, LocalPath, Options, hookimpl


class NumpyOptions(Options):
    """Options of a dataset in a .npy or .npz file."""

    path: LocalPath | None = Field(None, description="The .npy or .npz file.")
    layout: Literal["auto", "NHWC", "NCHW"] = Field(
        "auto",
        description="The order of the axes of the images. auto uses the layout that ganzoo data "
        "pack stores in the file; otherwise, the axis of length 1, 3 or 4 is the channels.",
    )
    range: Literal["auto", "0..1", "-1..1", "0..255"] = Field(
        "auto",
        description="The values of black and white. auto uses the range that ganzoo data pack "
        "stores in the file; otherwise, 0..255 for integers, and 0..1 or -1..1 for floats, "
        "whichever contains them all. A range that is given clips the values outside it.",
    )
    images_key: str | None = Field(
        None, description="The name of the images in an .npz file; by default images, x or arr_0."
    )
    labels_key: str | None = Field(
        None,
        description="The name of the labels in an .npz file; by default labels or y, if the file "
        "has one. Integers or strings (N,) are classes, numbers 0 and 1 of shape (N, D) are "
        "several classes per image, and other numbers (N, D) are values. Arrays class_names or "
        "value_names may give their names, and value_ranges (D, 2) the ranges of values.",
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """Register the dataset."""
    return [
        DatasetSpec(
            name="numpy",
            summary="Your own images, with or without labels, as arrays in a .npy or .npz file.",
            factory="ganzoo_numpy.images:NumpyImages",
            options=NumpyOptions,
            opens=(".npy", ".npz"),
            reference="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html",
        )
    ]
