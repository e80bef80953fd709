"""A metric in one file: ``ganzoo evaluate RUN --metric brightness --plugin brightness.py``."""

from collections.abc import Mapping

from ganzoo import ImageSet, MetricSpec, MetricValue, Options, hookimpl


class Brightness:
    """Mean brightness of generated images minus that of real ones, from -255 to 255."""

    def __init__(self, options: Options) -> None:
        """The metric has no options."""

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """The difference of the means over all pixels, 0 if they are equal."""
        return {"brightness": MetricValue(brightness(fake) - brightness(real), len(fake))}


def brightness(images: ImageSet) -> float:
    """The mean over all pixels, from 0 to 255."""
    total = sum(batch.double().mean(dim=(1, 2, 3)).sum().item() for batch in images.batches())
    return total / len(images)


@hookimpl
def ganzoo_metrics() -> list[MetricSpec]:
    """One metric."""
    return [
        MetricSpec(
            name="brightness",
            summary="Mean brightness of generated images minus that of real ones.",
            factory=Brightness,
            goal="real",
        )
    ]
