"""Train every trial in float64, in one or in several processes: FOLDER DEVICES"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import torch
from torch import Tensor

import ganzoo
from ganzoo import imaging
from tests.trials.runs import STATEFUL, TRIALS, arguments

STEPS = 6


def use_double_precision() -> None:
    """Compute everything in float64 in this process, also what is usually float32."""
    torch.set_default_dtype(torch.float64)
    patch("ganzoo.training.switches.own_modes", nullcontext).start()  # it sets float32
    patch.object(Tensor, "float", Tensor.double).start()
    convert = "ganzoo.data.batches.from_uint8"
    patch(convert, lambda images: imaging.from_uint8(images).double()).start()


def train(folder: Path, devices: int) -> None:
    """Train each trial for six steps; in several processes some for three and three more."""
    for name in TRIALS:
        straight, halved = (arguments(name, folder / f"{name}-{k}") for k in ("straight", "halved"))
        ganzoo.train(**straight, steps=STEPS, devices=devices)
        if devices > 1 and name in STATEFUL:
            ganzoo.train(**halved, steps=STEPS // 2, devices=devices)
            ganzoo.resume(folder / f"{name}-halved", steps=STEPS, quiet=True)


if __name__ == "__main__":
    use_double_precision()
    torch.set_num_threads(1)
    train(Path(sys.argv[1]), int(sys.argv[2]))
