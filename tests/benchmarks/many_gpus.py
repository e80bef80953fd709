"""Predict the speed of runs on up to 64 GPUs, which are those of GPU.

    python -m tests.benchmarks.many_gpus [--architectures dcgan,resnet] [--sizes 64,128]

The operators of each update are counted here, with two small batches, and extrapolated.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ganzoo.benchmark.steps import Steps
from ganzoo.operations import OperationCounter
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training.engine import Engine
from ganzoo.training.optimizers import repeats
from tests.benchmarks.cost_model import Device, Links, Update

GPU = Device(
    # Published for the H200 (SXM): 989e12 dense in bf16, 67e12 in float32, 4.8e12 bytes/s.
    # Assumed: half of each rate is reached, and an operator is launched in 8 microseconds.
    low_precision=0.5 * 989e12,
    full_precision=0.5 * 67e12,
    memory=0.5 * 4.8e12,
    launch=8e-6,
    upload=0.5 * 64e9,  # PCIe 5.0 x16
    in_node=Links(latency=15e-6, bandwidth=0.5 * 450e9),  # NVLink 4, each direction
    # Eight adapters of InfiniBand NDR in each node, 400 Gbit/s each; a ring uses all of them.
    between_nodes=Links(latency=30e-6, bandwidth=0.5 * 8 * 50e9),
    per_node=8,
)


def resolved(architecture: str, size: int, batch: int) -> Run:
    """The run that is counted."""
    settings = Settings()
    settings.override(
        [
            *("dataset=blossoms", f"architecture={architecture}", "loss=non-saturating"),
            *(f"dataset.count={4 * batch}", f"data.resolution={size}", "train.device=cpu"),
            *(f"train.batch_size={batch}", "train.discriminator.steps=1"),
        ]
    )
    return Run.resolve(settings)


def updates(run: Run) -> list[Update]:
    """The updates of a run's step."""
    trainer = Steps(run, Engine(run.train)).loop.trainer
    trainer.progress.images_seen = run.train.batch_size
    found = []
    for phase in trainer.phases:
        with OperationCounter(trainer.setup.engine.device) as counter:
            trainer.updater.update([phase], 0, trainer.optimizers)
        parameters = trainer.optimizers.parameters[phase.networks].values()
        found.append(
            Update(
                *(phase.name, repeats(phase, run.train) / phase.every, phase.full_precision),
                *(sum(p.numel() * 4 for p in parameters), counter.calls),
            )
        )
    return found


def predict(counted: Sequence[Update], size: int, batch: int, processes: int) -> dict[str, float]:
    """The seconds of the parts of a step on GPUs, with ``batch`` images on each."""
    links = GPU.in_node if processes <= GPU.per_node else GPU.between_nodes
    return {
        "operators": sum(each.per_step * each.seconds(GPU) for each in counted),
        "all-reduce": sum(
            each.per_step * links.all_reduce(each.gradients, processes, GPU.memory)
            for each in counted
        ),
        "images": batch * 3 * size * size / GPU.upload,
    }


SHARES = {"1 GPU, batch 32": (1, 32), "8 GPUs, batch 256": (8, 32)}
SHARES |= {"64 GPUs, batch 2,048": (64, 32), "64 GPUs, batch 256": (64, 4)}
"""The processes, and the images on each, of the columns of the table."""


def show_predictions(architectures: Sequence[str], sizes: Sequence[int]) -> None:
    """Print a table in Markdown."""
    print(
        "| architecture | pixels | ms: operators, 32 images | all-reduce, 8 GPUs | 64 GPUs", end=""
    )
    print(f" | images/s: {' | '.join(SHARES)} |")
    print("|---" * (5 + len(SHARES)) + "|")
    small, large = 2, 4
    for architecture in architectures:
        for size in sizes:
            few, many = (updates(resolved(architecture, size, n)) for n in (small, large))
            found = []
            for processes, batch in SHARES.values():
                pairs = zip(few, many, strict=True)
                counted = [a.at(batch, b, (small, large)) for a, b in pairs]
                found.append(predict(counted, size, batch, processes))
            rates = [
                processes * batch / sum(parts.values())
                for parts, (processes, batch) in zip(found, SHARES.values(), strict=True)
            ]
            shown = [f"{float(f'{rate:.2g}'):,.0f}" for rate in rates]
            alone, eight, all_64, _ = found
            times = (alone["operators"], eight["all-reduce"], all_64["all-reduce"])
            print(
                f"| `{architecture}` | {size} | "
                + " | ".join(f"{1000 * seconds:.1f}" for seconds in times)
                + f" | {' | '.join(shown)} |",
                flush=True,
            )


def main() -> None:
    """Print the table of docs/speed.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--architectures", default="dcgan,resnet")
    parser.add_argument("--sizes", default="64,128,256")
    args = parser.parse_args()
    show_predictions(args.architectures.split(","), list(map(int, args.sizes.split(","))))


if __name__ == "__main__":
    main()
