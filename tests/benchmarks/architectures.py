"""Measure the speed of each installed architecture, and count its parameters and operations.

    python tests/benchmarks/architectures.py [--architectures dcgan,resnet] [--sizes 32,64]
                                             [--batch 32] [--device cpu] [--precision fp32]

A step is one update of the discriminator and one of the generator with the loss non-saturating and
what the architecture recommends, such as regularizers. Operations are floating point operations of
matrix products and convolutions; those of a step include the backward passes. `ganzoo bench --zoo`
measures steps alone, of any dataset and loss.
"""

from __future__ import annotations

import argparse
import gc
import warnings

import torch

from ganzoo import RequestError
from ganzoo.benchmark.measurement import Budget, Measurement, measure
from ganzoo.benchmark.steps import Steps
from ganzoo.benchmark.timing import seconds_of
from ganzoo.operations import OperationCounter
from ganzoo.registry import Registry
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training.engine import Engine

REGISTRY = Registry.discover()
SECONDS = 6.0
"""The least time that is measured."""


def resolved(architecture: str, size: int, batch: int, device: str, precision: str) -> Run:
    """The run that is measured."""
    settings = Settings()
    settings.override(
        [
            *("dataset=blossoms", f"architecture={architecture}", "loss=non-saturating"),
            *(f"dataset.count={2 * batch}", f"data.resolution={size}", f"train.device={device}"),
            *(f"train.batch_size={batch}", f"train.precision={precision}"),
            *("train.discriminator.steps=1", "train.generator.steps=1"),
        ]
    )
    return Run.resolve(settings, REGISTRY)


def forward(run: Run) -> tuple[float, float]:
    """The operations for an image in both networks, and the images per second."""
    setup = Steps(run, Engine(run.train)).assembly.setup
    generator, discriminator, device = setup.generator, setup.discriminator, setup.engine.device
    batch = run.train.batch_size
    latents = generator.sample_latents(batch, torch.Generator(device).manual_seed(0))
    with torch.no_grad():
        with OperationCounter(device) as counter:
            discriminator(generator(latents))
        seconds = seconds_of(lambda: discriminator(generator(latents)), device, SECONDS)
    return counter.operations / batch, batch / seconds


def row(run: Run) -> str:
    """The numbers of an architecture."""
    operations, images = forward(run)
    found: Measurement = measure(run, Budget(SECONDS))
    millions = (f"{found.parameters[name] / 1e6:.2f}" for name in ("generator", "discriminator"))
    return (
        f"| {' | '.join(millions)} "
        f"| {operations / 1e9:.3f} | {found.operations / found.images / 1e9:.3f} "
        f"| {images:.0f} | {found.images_per_second.median:.1f} "
        f"| {found.operations_per_second / 1e9:.1f} "
        f"| {found.operations_per_second / found.ceiling.matrix_product:.0%} |"
    )


def main() -> None:
    """Print a table in Markdown, one row for each architecture and size."""
    names = [entry.component.name for entry in REGISTRY.entries("architecture")]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--architectures", default=",".join(names))
    parser.add_argument("--sizes", default="32,64")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="fp32")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| architecture | px | M parameters G | D | G operations forward | step", end=" ")
    print("| images/s forward | step | G operations/s in steps | of a matrix product |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in args.architectures.split(","):
        for size in map(int, args.sizes.split(",")):
            try:
                found = row(resolved(name, size, args.batch, args.device, args.precision))
            except RequestError as error:
                found = f"| {error} |"
            print(f"| {name} | {size} {found}", flush=True)
            gc.collect()


if __name__ == "__main__":
    main()
