"""The time when a device has done its work."""

from __future__ import annotations

import time

import torch


def synchronize(device: torch.device) -> None:
    """Wait until the device has done all its work; a CPU has."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def now(device: torch.device) -> float:
    """The time in seconds, after all work of the device."""
    synchronize(device)
    return time.perf_counter()
