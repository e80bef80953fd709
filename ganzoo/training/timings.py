"""Files in the cache with the measured speeds of training steps."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from ganzoo.contracts import ImageShape
from ganzoo.errors import RequestError
from ganzoo.folders import cache_folder, write_atomically
from ganzoo.run import Run
from ganzoo.training.engine import Engine


def timings_key(run: Run, engine: Engine, image_shape: ImageShape) -> str:
    """A hash of what the speed depends on: the networks, the batch, the machine."""
    tree = run.tree()
    train = {
        "batch_size",
        "accumulate",
        "simultaneous",
        "share_fakes",
        "precision",
        "compile",
        "channels_last",
    }
    facts = {
        **{kind: tree[kind] for kind in ("architecture", "loss", "regularize", "augment")},
        "train": {key: value for key, value in tree["train"].items() if key in train},
        "images": image_shape,
        "torch": torch.__version__,
        "device": str(engine.device.type),
        "name": _device_name(engine.device),
        "threads": torch.get_num_threads(),
        "processes": engine.processes,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def _device_name(device: torch.device, cpu: Path = Path("/proc/cpuinfo")) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    with suppress(OSError):
        if found := re.search(r"^model name\s*:\s*(.*)$", cpu.read_text(), re.MULTILINE):
            return found[1]
    return platform.processor()


def read_timings(key: str, undecided: Sequence[str]) -> dict[str, Any] | None:
    """What was measured before; ``None`` if nothing was, or if it cannot be read."""
    with suppress(OSError, ValueError, LookupError, TypeError):  # RequestError is a ValueError
        found: dict[str, Any] = json.loads(_file(key).read_text("utf-8"))
        [found["chosen"][key] for key in undecided]
        [(dict(values), float(speed)) for values, speed in found["speeds"]]
        return found
    return None


def write_timings(key: str, found: Mapping[str, Any]) -> None:
    """Keep what was measured; if the cache cannot be written, the next run measures it again."""
    with suppress(OSError, RequestError):
        write_atomically(_file(key), json.dumps(found))


def _file(key: str) -> Path:
    return cache_folder("timings") / f"{key}.json"
