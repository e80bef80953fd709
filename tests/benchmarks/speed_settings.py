"""Measure whole training steps with two values of a setting that depends on the machine.

    python tests/benchmarks/speed_settings.py channels_last dcgan,stylegan2 --resolution 64

The settings are channels_last (true and false), compile (off and on) and threads (1 and 2). Both
values take turns, so that changes in the machine's speed affect both.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch

from ganzoo.contracts import ImageShape
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training.engine import Engine
from ganzoo.training.separate_trainer import separate_trainer
from ganzoo.training.trainer import Trainer

VALUES = {"channels_last": ("true", "false"), "compile": ("off", "on"), "threads": ("1", "2")}


def trainer(setting: str, value: str, architecture: str, args: argparse.Namespace) -> Trainer:
    """A trainer of the default settings, but for one."""
    settings = Settings()
    settings.override(
        [
            *("dataset=blossoms", f"architecture={architecture}", f"loss={args.loss}"),
            *(f"data.resolution={args.resolution}", f"train.batch_size={args.batch}"),
            *("train.device=cpu", "train.channels_last=true", f"train.{setting}={value}"),
            *args.settings,
        ]
    )
    run = Run.resolve(settings)
    shape = ImageShape(3, args.resolution, args.resolution)
    return separate_trainer(run, Engine(run.train), shape, None)


def seconds(each: Trainer, steps: int) -> float:
    """The seconds of a step."""
    if each.run.train.threads != "auto":
        torch.set_num_threads(each.run.train.threads)
    start = time.perf_counter()
    for _ in range(steps):
        each.step()
    return (time.perf_counter() - start) / steps


def main() -> None:
    """Print the images per second with both values, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("setting", choices=list(VALUES))
    parser.add_argument("architectures")
    parser.add_argument("settings", nargs="*")
    parser.add_argument("--loss", default="non-saturating")
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=1)
    args = parser.parse_args()
    values = VALUES[args.setting]
    for architecture in args.architectures.split(","):
        trainers = [trainer(args.setting, value, architecture, args) for value in values]
        for each in trainers:
            seconds(each, 2)  # warm up
        images = args.batch * trainers[0].run.train.discriminator.steps
        times = [[seconds(each, args.steps) for each in trainers] for _ in range(args.rounds)]
        ratio = statistics.median(first / second for first, second in times)
        speeds = [images / statistics.median(each) for each in zip(*times, strict=True)]
        both = ", ".join(
            f"{value} {speed:.1f} images/s" for value, speed in zip(values, speeds, strict=True)
        )
        print(f"{architecture} {args.resolution}: {both}, ratio {ratio:.2f}", flush=True)


if __name__ == "__main__":
    main()
