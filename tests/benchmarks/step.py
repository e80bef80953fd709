"""Compare ganzoo's training step with the same step written by hand, in turns of about a second.

    python -m tests.benchmarks.step [--loss wgan-gp] [--size 64] [--channels 64] [--batch 64]
                                    [--rounds 15] [--threads 2] [--rows ganzoo,published]

All train the same DCGAN on the same images with the same settings. Each has a process of its own
and waits while the others work, so that changes in the machine's speed affect all alike:

- ganzoo: the loop of `ganzoo train`, with reports, TensorBoard, a progress bar and the EMA
  generator; the same with `train.share_fakes=true`, whose passes are those of the published step;
  and with `train.simultaneous=true`;
- by hand: the same mathematics in plain torch, as fast as ganzoo does it, also with an EMA
  generator. Its distance from ganzoo is the overhead of the loop;
- published: the step of PyTorch's DCGAN example, from its description, or for wgan-gp Algorithm 1
  of Gulrajani et al. in the same style: contiguous images and weights, the gradients of real and
  generated images computed one after the other, plain Adam, generated images that keep the
  generator's graph, gradients of the discriminator's weights also in the generator's update, and no
  EMA generator;
- matrix product: of two matrices of 2048 x 2048 numbers, the most operations per second that the
  machine does.

Operations are floating point operations of matrix products and convolutions.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import torch
from rich.console import Console

from ganzoo.folders import RunFolder
from ganzoo.observers.console import ProgressBar
from ganzoo.observers.observer import ObservedRun
from ganzoo.observers.observer_list import ObserverList
from ganzoo.operations import OperationCounter
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training.assembly import Assembly, assemble
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.engine import Engine
from ganzoo.training.loop import Loop
from ganzoo.training.run_observers import build_observers
from ganzoo.training.switches import switches
from tests.benchmarks.step_by_hand import ByHand, Published

SECONDS = 1.0
"""About the length of a turn."""
PRODUCT = 2048
"""The rows and columns of the matrices."""

Step = Callable[[], object]


@contextmanager
def ganzoo_step(assembly: Assembly) -> Iterator[Step]:
    """A context with one step of the loop of `ganzoo train`, and what follows a step."""
    with tempfile.TemporaryDirectory() as place:
        folder, run = Path(place), assembly.run
        bar = ProgressBar(Console(file=io.StringIO(), force_terminal=True))
        observed = ObservedRun(folder=RunFolder(folder), step=0, resumed=False, settings=run.tree())
        observers = ObserverList([*build_observers(run, observed)[0], bar])
        loop = Loop(assembly, Checkpoints(folder, 1), observers)
        bar.on_train_start(0, loop.progress.total_steps)

        def step() -> None:
            before = loop.progress.position
            loop.trainer.step()
            loop.after_step(before)

        yield step
        bar.on_end()


def assembled(args: argparse.Namespace, *more: str) -> Assembly:
    """The run to measure."""
    settings = Settings()
    settings.override(
        [
            *("dataset=blossoms", "architecture=dcgan", f"loss={args.loss}", "dataset.count=2000"),
            *(f"data.resolution={args.size}", f"architecture.base_channels={args.channels}"),
            *(f"train.batch_size={args.batch}", "train.steps=1000000", "train.device=cpu"),
            *("sample.every=1000000", "checkpoint.every=1000000", *more),
        ]
    )
    run = Run.resolve(settings)
    return assemble(run, Engine(run.train))


def seconds(step: Step, steps: int) -> float:
    """The mean seconds of a number of steps."""
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - start) / steps


@contextmanager
def contestant(name: str, args: argparse.Namespace) -> Iterator[Step]:
    """A context with the step of a row."""
    if name == "matrix product":
        matrix = torch.randn(PRODUCT, PRODUCT)
        yield lambda: matrix @ matrix
    elif name in BY_HAND:
        yield BY_HAND[name](assembled(args)).step
    else:
        assembly = assembled(args, *SETTINGS.get(name, ()))
        with switches(assembly.run.train), ganzoo_step(assembly) as step:
            yield step


BY_HAND = {"by hand": ByHand, "published": Published}
SETTINGS = {
    "shared fakes": ["train.share_fakes=true"],
    "simultaneous": ["train.simultaneous=true"],
}
"""More settings of the rows that ganzoo trains."""
ROWS = ["ganzoo", *SETTINGS, *BY_HAND, "matrix product"]


def work(name: str, args: argparse.Namespace, turns: Connection) -> None:
    """The process of a row: its operations in one step, then the seconds of one for each turn."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(args.threads)
    with contestant(name, args) as step:
        step()
        with OperationCounter(torch.device("cpu")) as counter:
            step()
        counted = counter.operations
        turns.send((counted, seconds(step, 1)))
        while steps := turns.recv():
            turns.send(seconds(step, steps))


def main() -> None:
    """Print a table: images and operations per second, and the time relative to ganzoo's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loss", choices=["non-saturating", "wgan-gp"], default="non-saturating")
    for name, default in (("size", 64), ("channels", 64), ("batch", 64), ("rounds", 15)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rows", default=",".join(ROWS), help="rows, separated by commas")
    args = parser.parse_args()
    rows = [row for row in args.rows.split(",") if args.loss != "wgan-gp" or row != "simultaneous"]
    context, workers = multiprocessing.get_context("spawn"), {}
    for row in rows:
        workers[row], end = context.Pipe()
        context.Process(target=work, args=(row, args, end), daemon=True).start()
    first = {row: turns.recv() for row, turns in workers.items()}
    count = {row: max(1, round(SECONDS / taken)) for row, (_, taken) in first.items()}
    times: list[dict[str, float]] = []
    for _ in range(args.rounds + 1):
        times.append({})
        for row, turns in workers.items():
            turns.send(count[row])
            times[-1][row] = turns.recv()
    for turns in workers.values():
        turns.send(0)
    updates = 5 if args.loss == "wgan-gp" else 1
    report(times[1:], {row: counted for row, (counted, _) in first.items()}, updates * args.batch)


def report(times: list[dict[str, float]], counted: dict[str, float], images: int) -> None:
    """Print the medians."""
    print(
        "| | images/s | time, ganzoo = 1 | operations, ganzoo = 1 | G operations/s | of product |"
    )
    print("|---|---|---|---|---|---|")
    for name in times[0]:
        taken = statistics.median(turn[name] for turn in times)
        rate = "" if name == "matrix product" else f"{images / taken:.1f}"
        relative = statistics.median(turn[name] / turn["ganzoo"] for turn in times)
        speed = counted[name] / taken / 1e9
        share = statistics.median(
            counted[name] / turn[name] / (counted["matrix product"] / turn["matrix product"])
            for turn in times
        )
        count = counted[name] / counted["ganzoo"]
        print(f"| {name} | {rate} | {relative:.3f} | {count:.3f} | {speed:.1f} | {share:.2f} |")


if __name__ == "__main__":
    main()
