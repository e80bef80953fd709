"""The environment of a run: what is recorded at each start."""

from __future__ import annotations

import platform
import re
import shlex
import sys
import time
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

import ganzoo
from ganzoo.data.identity import DataIdentity
from ganzoo.training.assembly import Assembly

_PASSWORD = re.compile(r"://[^/\s@]+@")
"""User name and password in a URL, which are not recorded."""

AFFECTS_BITS = (
    *("ganzoo", "plugins", "torch", "numpy", "device", "cpu", "threads", "processes", "images"),
)
"""Facts that change the order of the images, or the last bits of sums."""


def environment(assembly: Assembly) -> dict[str, Any]:
    """The environment of a run: versions, device, images, command; plain values for JSON."""
    run, device, data = assembly.run, assembly.engine.device, assembly.batches.data
    metrics = (*run.metrics.values(), *filter(None, [run.extractor]))
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "command": _PASSWORD.sub("://...@", shlex.join(sys.argv)),
        "ganzoo": ganzoo.__version__,
        "plugins": sorted({str(one.entry.plugin) for one in run.components.values()}),
        "metric_plugins": sorted({str(one.entry.plugin) for one in metrics}),
        "observer_plugins": sorted({str(one.entry.plugin) for one in run.observe.values()}),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "fabric": version("lightning-fabric"),
        "platform": platform.platform(),
        "device": f"{device.type} ({name})",
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "processes": assembly.engine.processes,
        "images": str(DataIdentity.of(data)),
    }
