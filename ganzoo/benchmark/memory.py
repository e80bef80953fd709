"""The largest amount of memory that was in use."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import torch

_LINUX = Path("/proc/self")


def reset_peak(device: torch.device) -> None:
    """Forget the largest amount so far, where that is possible."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with suppress(OSError):
        (_LINUX / "clear_refs").write_text("5")  # see man 5 proc


def peak(device: torch.device) -> int | None:
    """The largest amount since the last reset, in bytes; ``None`` where it is not known.

    On a GPU, it is that of the tensors; on a CPU, the resident memory of the whole process.
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    with suppress(OSError):
        for line in (_LINUX / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None
