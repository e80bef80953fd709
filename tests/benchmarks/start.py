"""Measure how long commands take to start.

    python tests/benchmarks/start.py [--rounds 15] [--train-rounds 5] [--without boto3]

First, the CPU time of commands without torch is compared with the imports of their dependencies.
Then `ganzoo train` is followed to the end of its first step on prepared images, in CPU seconds of
one thread, which depend little on what else the machine does. TensorBoard imports some packages
only if they are installed: boto3 takes longest, and ganzoo does not need it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

GANZOO = str(Path(sys.executable).with_name("ganzoo"))
BARE = ["-c", "import typer, rich, pydantic, pluggy"]
LIGHT = [["--help"], ["list"], ["info", "dcgan"], ["plugins"], ["train", "--help"]]
TRAIN = [
    *("train", "blossoms", "dcgan", "non-saturating", "dataset.count=2000", "--resolution", "32"),
    *("--device", "cpu", "--steps", "1000", "--run-dir"),
]
FIRST_STEP = """
import json, os, sys, time
marks = {"Python": time.process_time()}

def mark(name):
    marks[name] = time.process_time()

import torch
mark("torch")
import torch._dynamo
mark("torch's compiler")
import lightning_fabric
mark("lightning-fabric")
import torch.utils.tensorboard
mark("TensorBoard")
from ganzoo.cli import main
from ganzoo.observers import console
from ganzoo.training import assembly, loop, session
mark("ganzoo's modules")

assemble, step = session.assemble, loop.Loop.after_step

def assembled(*arguments):
    mark("plugins and settings")
    try:
        return assemble(*arguments)
    finally:
        mark("assembly")

def stepped(self, *arguments):
    mark("first step")
    step(self, *arguments)
    print(json.dumps(marks), file=sys.__stderr__, flush=True)
    os._exit(0)

reported = loop.Loop._before_first_step

def before_first_step(self):
    mark("run folder and observers")
    reported(self)
    mark("first samples")

session.assemble, loop.Loop.after_step = assembled, stepped
loop.Loop._before_first_step = before_first_step
main()
"""
"""A program that prints the CPU seconds at the end of each part of the start, and then exits.

The first optimizer of any program imports torch's compiler.
"""


def environment(cache: Path) -> dict[str, str]:
    """The variables of a process, which has a cache folder of its own and one thread."""
    known = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**known, "OMP_NUM_THREADS": "1", "GANZOO_CACHE": str(cache)}


def seconds(cache: Path, *arguments: str) -> float:
    """The CPU seconds of a process, which depend little on what else the machine does."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(arguments, check=True, capture_output=True, env=environment(cache))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def compare_light(rounds: int, cache: Path) -> None:
    """Print each command's median time and the median ratio to the imports alone."""
    for command in LIGHT:
        pairs = [
            (seconds(cache, GANZOO, *command), seconds(cache, sys.executable, *BARE))
            for _ in range(rounds + 1)
        ]
        pairs = pairs[1:]  # the first compiles
        ratio = statistics.median(ours / bare for ours, bare in pairs)
        ours, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
        print(f"ganzoo {' '.join(command)}: {ours:.2f} s, {ratio:.2f} times {bare:.2f} s")


def first_step(folder: Path, number: int, without: str) -> dict[str, float]:
    """The CPU seconds of each part of the start."""
    program = f"import sys\nsys.modules[{without!r}] = None\n{FIRST_STEP}"
    command = [sys.executable, "-c", program, *TRAIN, str(folder / f"run-{number}")]
    kept = environment(folder / "cache")
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=kept)
    marks: dict[str, float] = json.loads(done.stderr.splitlines()[-1])
    starts = [0.0, *marks.values()]
    return {name: end - start for (name, end), start in zip(marks.items(), starts, strict=False)}


def show_first_step(rounds: int, folder: Path, without: str) -> None:
    """Print the median of each part, and what follows the import of torch."""
    measured = [first_step(folder, number, without) for number in range(rounds + 1)]
    measured = measured[1:]  # the first prepares the images and compiles
    parts = {name: statistics.median(one[name] for one in measured) for name in measured[0]}
    print("\nganzoo train to the end of the first step, CPU seconds:")
    for name, value in parts.items():
        print(f"  {name}: {value:.2f}")
    after = sum(parts.values()) - parts["Python"] - parts["torch"]
    others = sum(parts[name] for name in ("torch's compiler", "lightning-fabric", "TensorBoard"))
    print(f"after the import of torch: {after:.2f} s, of which {after - others:.2f} s are ganzoo's")
    print(f"without the first step itself: {after - parts['first step']:.2f} s")


def main() -> None:
    """Compare the light commands, then follow the start of a run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--train-rounds", type=int, default=5)
    parser.add_argument("--without", default="", help="a package that cannot be imported then")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if args.rounds:
            compare_light(args.rounds, Path(folder) / "cache")
        if args.train_rounds:
            show_first_step(args.train_rounds, Path(folder), args.without)


if __name__ == "__main__":
    main()
