"""MNIST and its two successors of the same form: clothes and Japanese characters."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import DatasetSpec, LocalPath, Options, hookimpl


class MnistOptions(Options):
    """Which of the images, and where they are."""

    path: LocalPath | None = Field(
        None,
        description="The folder that holds the IDX files, packed or unpacked; downloaded if not "
        "given.",
    )
    variant: Literal["mnist", "fashion", "kmnist"] = Field(
        "mnist",
        description="Handwritten digits, pieces of clothing, or handwritten Japanese characters.",
    )
    split: Literal["train", "test", "all"] = Field(
        "train", description="Which of the 70,000 images: 60,000, the other 10,000, or all."
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """The digits of LeCun et al., and what came to be in their place."""
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
