"""MNIST, Fashion-MNIST and Kuzushiji-MNIST."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import DatasetSpec, LocalPath, Options, hookimpl


class MnistOptions(Options):
    """Options of MNIST and its variants."""

    path: LocalPath | None = Field(
        None,
        description="The folder with the IDX files, gzipped or not. Without it, the files "
        "are downloaded into the cache.",
    )
    variant: Literal["mnist", "fashion", "kmnist"] = Field(
        "mnist",
        description="Digits (mnist), clothing (fashion) or Japanese characters (kmnist).",
    )
    split: Literal["train", "test", "all"] = Field(
        "train", description="train has 60,000 images, test has 10,000, and all has both."
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """Register the dataset."""
    return [
        DatasetSpec(
            name="mnist",
            summary="MNIST, Fashion-MNIST or Kuzushiji-MNIST: gray images of 28 x 28 pixels.",
            factory="ganzoo_mnist.mnist:Mnist",
            options=MnistOptions,
            reference="LeCun et al. 1998, http://yann.lecun.com/exdb/mnist; Xiao et al. 2017, "
            "arXiv 1708.07747; Clanuwat et al. 2018, arXiv 1812.01718",
            # Networks that double their resolution step by step reach 32, not 28.
            recommends={"data.resolution": 32},
        )
    ]
