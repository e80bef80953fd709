"""The datasets of torchvision."""

from __future__ import annotations

from pydantic import Field

from ganzoo import DatasetSpec, LocalPath, Options, hookimpl


class TorchvisionOptions(Options):
    """Options of a dataset of torchvision."""

    collection: str | None = Field(
        None, description="The class in torchvision.datasets: CIFAR10, SVHN, Food101, FakeData ..."
    )
    path: LocalPath | None = Field(
        None,
        description="The folder that torchvision calls root, with the unpacked files; ganzoo does "
        "not download them.",
    )
    split: str | None = Field(
        None,
        description="The split, by torchvision's name; by default that of torchvision, usually "
        "train.",
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """Register the dataset."""
    return [
        DatasetSpec(
            name="torchvision",
            summary="Any dataset of torchvision in which each image has one class.",
            factory="ganzoo_torchvision.images:TorchvisionImages",
            options=TorchvisionOptions,
            reference="https://docs.pytorch.org/vision/stable/datasets.html",
        )
    ]
