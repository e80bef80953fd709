"""A metric in one file: ``ganzoo info brightness --plugin brightness.py``."""

from collections.abc import Iterable, Mapping

from torch import Tensor

from ganzoo import Measured, Metric, Options, hookimpl


class Brightness:
    """How much brighter generated pictures are than real ones, of 255."""

    def __init__(self, options: Options) -> None:
        """It has no options."""

    def __call__(self, real: Iterable[Tensor], fake: Iterable[Tensor]) -> Mapping[str, Measured]:
        """The difference of the means over all pixels."""
        real_mean, real_count = mean_and_count(real)
        fake_mean, fake_count = mean_and_count(fake)
        return {"brightness": Measured(fake_mean - real_mean, min(real_count, fake_count))}


def mean_and_count(batches: Iterable[Tensor]) -> tuple[float, int]:
    """The mean over all pixels of uint8 batches (N, C, H, W), and how many pictures they are."""
    total, count = 0.0, 0
    for images in batches:
        total += images.float().mean(dim=(1, 2, 3)).sum().item()
        count += len(images)
    return total / count, count


@hookimpl
def ganzoo_metrics() -> list[Metric]:
    """One metric."""
    return [
        Metric(
            name="brightness",
            summary="How much brighter generated pictures are than real ones.",
            factory=Brightness,
        )
    ]
