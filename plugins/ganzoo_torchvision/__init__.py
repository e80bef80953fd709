"""The collections of torchvision as datasets."""

from __future__ import annotations

from pydantic import Field

from ganzoo import DatasetSpec, LocalPath, Options, hookimpl


class TorchvisionOptions(Options):
    """Which collection, which part of it, and where its files are."""

    collection: str | None = Field(
        None, description="What torchvision calls it: CIFAR10, SVHN, Food101, FakeData ..."
    )
    path: LocalPath | None = Field(
        None,
        description="The folder that holds its files, laid out and unpacked as torchvision does; "
        "nothing is downloaded.",
    )
    split: str | None = Field(
        None,
        description="Which part, by torchvision's own name for it; its default, mostly train, if "
        "not given.",
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """Whatever torchvision knows to read."""
    return [
        DatasetSpec(
            name="torchvision",
            summary="Any collection of torchvision that has one class for each image.",
            factory="ganzoo_torchvision.images:TorchvisionImages",
            options=TorchvisionOptions,
            reference="https://docs.pytorch.org/vision/stable/datasets.html",
        )
    ]
