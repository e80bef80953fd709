"""Train every trial in float64, in one or in several processes: FOLDER DEVICES TRIAL..."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

import torch
from torch import Tensor

import ganzoo
from ganzoo import imaging
from tests.trials.runs import arguments

STEPS = 6


def use_double_precision() -> None:
    """Compute everything in float64 in this process, also what is usually float32."""
    torch.set_default_dtype(torch.float64)
    patch.object(Tensor, "float", Tensor.double).start()
    convert = "ganzoo.data.batches.from_uint8"
    patch(convert, lambda images: imaging.from_uint8(images).double()).start()


def train(folder: Path, devices: int, names: list[str]) -> None:
    """Train each trial for six steps; in several processes also for three and three more."""
    for name in names:
        parts = {"straight": STEPS, "halved": STEPS // 2} if devices > 1 else {"straight": STEPS}
        for part, steps in parts.items():
            ganzoo.train(**arguments(name, folder / f"{name}-{part}"), steps=steps, devices=devices)
        if devices > 1:
            ganzoo.resume(folder / f"{name}-halved", steps=STEPS, quiet=True)


if __name__ == "__main__":
    use_double_precision()
    torch.set_num_threads(1)
    train(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
