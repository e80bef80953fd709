"""A metric in one file: ``ganzoo info brightness --plugin brightness.py``."""

from collections.abc import Mapping

from ganzoo import ImageSet, MetricSpec, MetricValue, Options, hookimpl


class Brightness:
    """How much brighter generated images are than real ones, of 255."""

    def __init__(self, options: Options) -> None:
        """It has no options."""

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """The difference of the means over all pixels."""
        return {"brightness": MetricValue(brightness(fake) - brightness(real), len(fake))}


def brightness(sample: ImageSet) -> float:
    """The mean over all pixels, of 255."""
    total = sum(batch.double().mean(dim=(1, 2, 3)).sum().item() for batch in sample.batches())
    return total / len(sample)


@hookimpl
def ganzoo_metrics() -> list[MetricSpec]:
    """One metric."""
    return [
        MetricSpec(
            name="brightness",
            summary="How much brighter generated images are than real ones.",
            factory=Brightness,
            goal="real",
        )
    ]
