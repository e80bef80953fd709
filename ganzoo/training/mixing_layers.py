"""Layers that mix the images of a batch."""

from __future__ import annotations

from collections.abc import Sequence

from torch.nn.modules.batchnorm import _BatchNorm

from ganzoo.contracts import Networks
from ganzoo.errors import RequestError
from ganzoo.layers import MinibatchStddev
from ganzoo.training.growth import Stage


def require_pieces(
    accumulate: int, networks: Networks, stages: Sequence[Stage], processes: int
) -> None:
    """Raise RequestError if a layer needs images of several of the pieces of a batch."""
    if accumulate == 1:
        return
    setting = f"train.accumulate={accumulate}"
    for name, network in networks.by_name().items():
        if any(isinstance(layer, _BatchNorm) and layer.training for layer in network.modules()):
            raise RequestError(
                f"{setting}: the {name} has batch norm, whose statistics are those of all images "
                "that are computed at once: choose an architecture or a norm without it, or "
                "train.accumulate=1"
            )
    groups = _comparing(networks)
    if networks.batch_dependent_scores and not groups:
        raise RequestError(
            f"{setting}: the discriminator compares the images of a batch, which are not computed "
            "at once: choose another architecture, or train.accumulate=1"
        )
    for stage in stages:
        piece = stage.batch_size // (processes * accumulate)
        for size in (layer.group_size(stage.batch_size) for layer in groups):
            if piece % size:
                raise RequestError(
                    f"{setting} makes pieces of {piece} images at {stage.image_shape.size} pixels, "
                    f"but minibatch standard deviation compares {size}: choose train.accumulate "
                    f"and train.batch_size so that pieces have a multiple of {size}"
                )


def combines_batches(networks: Networks) -> bool:
    """Whether the discriminator mixes the images of several batches that it gets in one pass."""
    if any(isinstance(layer, _BatchNorm) for layer in networks.discriminator.modules()):
        return True
    return networks.batch_dependent_scores and not _comparing(networks)


def _comparing(networks: Networks) -> list[MinibatchStddev]:
    """The layers of the discriminator that compare images; those of ganzoo know of batches."""
    layers = networks.discriminator.modules()
    return [layer for layer in layers if isinstance(layer, MinibatchStddev)]
