"""HDF5 files as a dataset, also those larger than memory."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import DatasetSpec, LocalPath, Options, hookimpl


class Hdf5Options(Options):
    """Options of a dataset in an HDF5 file."""

    path: LocalPath | None = Field(None, description="The HDF5 file, such as images.h5.")
    memory: Literal["auto", "load", "stream"] = Field(
        "auto",
        description="load reads all images into memory; stream reads them from the file in chunks "
        "in each epoch; auto loads them if they need at most a quarter of the free memory. The "
        "order of the images is the same.",
    )
    window: int = Field(
        16384,
        ge=1,
        le=2**24,
        description="Number of images that are shuffled together, from random chunks of the file.",
    )
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
    images_key: str = Field(
        "images", description="The HDF5 dataset with the images, such as train/images."
    )
    labels_key: str | None = Field(
        None,
        description="The HDF5 dataset with the labels; by default labels, if the file has it. "
        "Integers or strings (N,) are classes, numbers 0 and 1 of shape (N, D) are several classes "
        "per image, and other numbers (N, D) are values. HDF5 datasets or attributes class_names "
        "or value_names may give their names, and a dataset value_ranges (D, 2) the ranges of "
        "values.",
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """Register the dataset."""
    return [
        DatasetSpec(
            name="hdf5",
            summary="Your own images in an HDF5 file, loaded into memory or read in chunks.",
            factory="ganzoo_hdf5.images:Hdf5Images",
            options=Hdf5Options,
            opens=(".h5", ".hdf5"),
            reference="https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html",
        )
    ]
