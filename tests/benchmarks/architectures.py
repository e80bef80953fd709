"""Measure the speed of each installed architecture, and count its parameters and operations.

    python tests/benchmarks/architectures.py [--architectures dcgan,resnet] [--sizes 32,64]
                                             [--batch 32] [--device cpu] [--precision fp32]

A step is one update of the discriminator and one of the generator with the loss non-saturating and
what the architecture recommends, such as regularizers. Operations are floating point operations of
matrix products and convolutions; those of a step include the backward passes.
"""

from __future__ import annotations

import argparse
import gc
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ganzoo import RequestError
from ganzoo.registry import Registry
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training.assembly import assemble
from ganzoo.training.ema import Ema
from ganzoo.training.engine import Engine
from ganzoo.training.trainer import Trainer

REGISTRY = Registry.discover()
SECONDS = 6.0
"""The least time that is measured."""


@dataclass(frozen=True)
class Measurement:
    """One architecture at one resolution."""

    generator: int
    discriminator: int
    """The numbers of parameters."""
    forward_operations: float
    step_operations: float
    """Operations for one image."""
    forward_rate: float
    step_rate: float
    """Images per second."""

    def __str__(self) -> str:
        return (
            f"| {self.generator / 1e6:.2f} | {self.discriminator / 1e6:.2f} "
            f"| {self.forward_operations / 1e9:.3f} | {self.step_operations / 1e9:.3f} "
            f"| {self.forward_rate:.0f} | {self.step_rate:.1f} "
            f"| {self.step_operations * self.step_rate / 1e9:.1f} |"
        )


def measure(architecture: str, size: int, batch: int, device: str, precision: str) -> Measurement:
    """Build a run, and time its steps.

    Raises RequestError if the architecture makes no images of this size.
    """
    settings = Settings()
    settings.override(
        [
            *("dataset=blossoms", f"architecture={architecture}", "loss=non-saturating"),
            *(f"dataset.count={2 * batch}", f"data.resolution={size}", f"train.device={device}"),
            *(f"train.batch_size={batch}", "train.steps=1000000", f"train.precision={precision}"),
            *("train.discriminator.steps=1", "train.generator.steps=1"),
        ]
    )
    if getattr(REGISTRY.find("architecture", architecture).component, "grows", False):
        settings.override([f"growth.start={size}"])
    run = Run.resolve(settings)
    assembly = assemble(run, Engine(run.train))
    setup = assembly.setup
    generator, discriminator = setup.generator, setup.discriminator
    trainer = Trainer(run, setup, assembly.growth, Ema(generator, run.train.ema))
    random = torch.Generator(setup.engine.device).manual_seed(0)
    latents = generator.sample_latents(batch, random)

    @torch.no_grad()
    def forward() -> None:
        discriminator(generator(latents))

    def step() -> None:
        trainer.step()

    forward_operations = operations(forward, 1)
    step()
    steps = interval(trainer)
    return Measurement(
        generator=parameters(generator),
        discriminator=parameters(discriminator),
        forward_operations=forward_operations / batch,
        step_operations=operations(step, steps) / batch,
        forward_rate=batch / seconds(forward, 1),
        step_rate=batch / seconds(step, steps),
    )


def parameters(network: nn.Module) -> int:
    """The number of parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def interval(trainer: Trainer) -> int:
    """The steps after which all regularizers were used equally often."""
    return max(phase.every for phase in trainer.phases)


class OperationCounter(TorchDispatchMode):
    """Counts the floating point operations of all calls inside it.

    torch's FlopCounterMode fails where a module without gradient gets a parameter as its input.
    """

    total = 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call the operation, and count it."""
        result = func(*args, **(kwargs or {}))
        if (count := flop_registry.get(func.overloadpacket)) is not None:
            self.total += count(*args, **(kwargs or {}), out_val=result)
        return result


def operations(call: Callable[[], object], calls: int) -> float:
    """The floating point operations of a call, the mean of several."""
    with OperationCounter() as counter:  # type: ignore[no-untyped-call]
        for _ in range(calls):
            call()
    return float(counter.total) / calls


def seconds(call: Callable[[], object], repeats: int) -> float:
    """The mean seconds of a call, over a multiple of ``repeats`` calls."""
    call()
    synchronize()
    start, calls = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS or calls < 3:
        for _ in range(repeats):
            call()
        calls += repeats
        synchronize()
    return (time.perf_counter() - start) / calls


def synchronize() -> None:
    """Wait for the GPU, if there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


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
    print("| images/s forward | step | G operations/s in steps |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in args.architectures.split(","):
        for size in map(int, args.sizes.split(",")):
            try:
                found = measure(name, size, args.batch, args.device, args.precision)
            except RequestError as error:
                print(f"| {name} | {size} | {error} |", flush=True)
            else:
                print(f"| {name} | {size} {found}", flush=True)
            gc.collect()


if __name__ == "__main__":
    main()
