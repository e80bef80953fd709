"""HDF5 files as a dataset, which may be larger than the memory."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import DatasetSpec, LocalPath, Options, hookimpl


class Hdf5Options(Options):
    """Which file, what its numbers mean, and how it is read."""

    path: LocalPath | None = Field(None, description="The HDF5 file, such as images.h5.")
    memory: Literal["auto", "load", "stream"] = Field(
        "auto",
        description="Whether images are loaded into memory or read from the file in chunks, "
        "again and again; auto loads them if they take at most a quarter of the free memory. The "
        "order of the images is the same.",
    )
    window: int = Field(
        16384,
        ge=1,
        le=2**24,
        description="How many images, from chunks all over the file, are shuffled together.",
    )
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
    images_key: str = Field(
        "images", description="The name of the images in the file, such as train/images."
    )
    labels_key: str | None = Field(
        None,
        description="The name of the labels in the file, whole numbers or texts: labels, if "
        "there, if not given. A dataset or an attribute class_names may name the numbers.",
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """Anyone's own HDF5 files, and those of ``ganzoo data pack``."""
    return [
        DatasetSpec(
            name="hdf5",
            summary="Your own images in one HDF5 file, loaded, or read in chunks as they are "
            "needed.",
            factory="ganzoo_hdf5.images:Hdf5Images",
            options=Hdf5Options,
            reference="https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html",
        )
    ]
