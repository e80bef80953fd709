"""Compare the predicted speed of two processes on this machine with the measured one.

    python -m tests.benchmarks.two_processes [--architecture dcgan] [--resolution 64] [--batch 32]

`ganzoo bench` measures one process with the whole batch and with half of it, and two processes,
each with one thread; the all-reduce is measured alone.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch import distributed
from torch.multiprocessing.spawn import spawn

from tests.benchmarks.cost_model import Links


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
    """Print the predictions and the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--architecture", default="dcgan")
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=8.0)
    args = parser.parse_args()
    check(args.architecture, args.resolution, args.batch, args.seconds)


if __name__ == "__main__":
    main()
