"""Predict the speed of a run on many processes, and check the prediction on this machine.

    python tests/benchmarks/scaling.py check [--architecture dcgan] [--resolution 64] [--batch 32]
    python tests/benchmarks/scaling.py predict [--architectures dcgan,resnet] [--sizes 64,128]

The model: a step takes the time of its operators, of the all-reduce of the gradients after each
update, and of the copy of the real images to the device. An operator takes as long as its
operations, or as the bytes that it reads and writes, or as its launch, whichever is longest.

`check` measures one process with the whole batch and with half of it, and two processes with one
thread each, by `ganzoo bench`; and the all-reduce alone. `predict` counts the operators of each
update here, with two small batches, and computes the time on the GPUs that GPU describes.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import distributed
from torch.multiprocessing.spawn import spawn

from ganzoo.benchmark.operations import Call, OperationCounter
from ganzoo.benchmark.steps import Steps
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training.engine import Engine
from ganzoo.training.optimizers import repeats


class Links(NamedTuple):
    """What connects processes."""

    latency: float
    """Seconds of an all-reduce of a few bytes, for each doubling of the processes."""
    bandwidth: float
    """Bytes per second in each direction."""

    def all_reduce(self, size: float, processes: int, memory: float) -> float:
        """Seconds of a ring all-reduce of so many bytes (Patarasuk and Yuan 2009).

        Before and after it, the gradients are read and written three times at the rate ``memory``:
        they are joined into one tensor, divided, and copied back.
        """
        if processes == 1:
            return 0.0
        sent = 2 * (processes - 1) / processes * size
        return self.latency * math.log2(processes) + sent / self.bandwidth + 6 * size / memory


class Device(NamedTuple):
    """What an accelerator does."""

    low_precision: float
    """Operations per second of matrix products and convolutions in bf16."""
    full_precision: float
    """The same in float32."""
    memory: float
    """Bytes per second."""
    launch: float
    """Seconds between two operators that do nothing."""
    upload: float
    """Bytes per second from the memory of the machine."""
    in_node: Links
    between_nodes: Links
    per_node: int


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


class Update(NamedTuple):
    """The operators of one update of a phase."""

    name: str
    per_step: float
    """How often it is made in a step."""
    full_precision: bool
    gradients: int
    """Bytes of its gradients."""
    calls: Sequence[Call]

    def seconds(self, device: Device) -> float:
        """The time of its operators."""
        rate = device.full_precision if self.full_precision else device.low_precision
        return sum(
            max(
                call.operations / rate,
                call.bytes / device.memory,
                device.launch if call.bytes else 0,
            )
            for call in self.calls
        )

    def at(self, batch: int, other: Update, batches: tuple[int, int]) -> Update:
        """The same with another batch, from the updates of two batches.

        Raises SystemExit if their operators differ, as those of stylegan2 do.
        """
        small, large = batches
        weight = (batch - small) / (large - small)

        def between(a: float, b: float) -> float:
            return a + weight * (b - a)

        if [call.operator for call in self.calls] != [call.operator for call in other.calls]:
            raise SystemExit(f"{self.name}: batches of {small} and {large} use other operators")
        calls = [
            Call(a.operator, between(a.operations, b.operations), between(a.bytes, b.bytes), 0.0)
            for a, b in zip(self.calls, other.calls, strict=True)
        ]
        return self._replace(calls=calls)


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


def bench(*arguments: str) -> dict[str, Any]:
    """What ``ganzoo bench`` measures with one thread in each process."""
    command = [sys.executable, "-m", "ganzoo", "bench", *arguments, "--json"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _measure_links(rank: int, port: int, path: str) -> None:
    address = f"tcp://127.0.0.1:{port}"
    distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=2)
    seconds = []
    for size in (4, 2**25):
        tensor = torch.ones(size // 4)
        measured = []
        for _ in range(12):
            distributed.barrier()
            start = time.perf_counter()
            distributed.all_reduce(tensor)
            measured.append(time.perf_counter() - start)
        seconds.append(sorted(measured)[len(measured) // 2])
    if rank == 0:
        bandwidth = 2**25 / (seconds[1] - seconds[0])
        Path(path).write_text(json.dumps([seconds[0], bandwidth]), encoding="utf-8")
    distributed.destroy_process_group()


def links() -> Links:
    """What connects two processes on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "links.json"
        spawn(_measure_links, (port, str(path)), nprocs=2)
        return Links(*json.loads(path.read_text("utf-8")))


def check(architecture: str, size: int, batch: int, seconds: float) -> None:
    """Compare the prediction for two processes with the measurement."""
    run = ("blossoms", architecture, "non-saturating", "dataset.count=2000", "--device", "cpu")
    more = ("--resolution", str(size), "--seconds", str(seconds))
    whole = bench(*run, *more, "--batch-size", str(batch))
    half = bench(*run, *more, "--batch-size", str(batch // 2))
    two = bench(*run, *more, "--batch-size", str(batch), "--devices", "2")
    between = links()
    gradients = [4 * count for count in whole["parameters"].values()]
    memory = two["ceiling"]["copy"]
    reduced = sum(between.all_reduce(size, 2, memory) for size in gradients)
    alone = half["seconds_per_step"]["median"]
    # What two processes take from each other, such as the bandwidth of the memory.
    slower = half["ceiling"]["matrix_product"] / two["ceiling"]["matrix_product"]
    predicted, measured = alone * slower + reduced, two["seconds_per_step"]["median"]
    print(f"{architecture}, {size} px, batch of {batch}, one thread in each process")
    ceiling = whole["ceiling"]
    operators = sum(
        max(each["operations"] / ceiling["matrix_product"], each["bytes"] / ceiling["copy"])
        for each in whole["operators"]
    )
    print(f"all-reduce: latency {between.latency * 1e6:.0f} us, {between.bandwidth / 1e9:.2f} GB/s")
    print(f"one process, whole batch: {1000 * whole['seconds_per_step']['median']:.0f} ms", end="")
    print(f", predicted from the operators and the machine's rates: {1000 * operators:.0f} ms")
    print(f"one process, half of it: {1000 * alone:.0f} ms")
    print(f"a matrix product takes {slower:.2f} times as long while the other process makes one")
    print(
        f"all-reduce of {sum(gradients) / 1e6:.1f} MB, predicted: {1000 * reduced:.1f} ms", end=""
    )
    print(f", measured with waiting: {1000 * two['parts']['synchronization']:.1f} ms")
    print(
        f"two processes, predicted: {1000 * predicted:.0f} ms, measured: {1000 * measured:.0f} ms"
    )
    rates = [found["images_per_second"]["median"] for found in (whole, two)]
    print(f"images/s: {rates[0]:.1f} and {rates[1]:.1f}, {rates[1] / rates[0]:.2f} times")
    for found in (whole, half, two):
        for note in found["notes"]:
            print(note)


def main() -> None:
    """Check the model here, or predict."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["check", "predict"])
    parser.add_argument("--architecture", default="dcgan")
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--architectures", default="dcgan,resnet")
    parser.add_argument("--sizes", default="64,128,256")
    args = parser.parse_args()
    if args.what == "check":
        check(args.architecture, args.resolution, args.batch, args.seconds)
    else:
        show_predictions(args.architectures.split(","), list(map(int, args.sizes.split(","))))


if __name__ == "__main__":
    main()
