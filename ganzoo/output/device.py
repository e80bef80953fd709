"""The device on which a trained run computes."""

from __future__ import annotations

import torch

from ganzoo.errors import RequestError


def require_device(device: str) -> None:
    """Raise RequestError if there is no device of this name, such as ``cuda:1``, here."""
    try:
        torch.device(device)
    except RuntimeError as error:
        raise RequestError(f"device {device}: write cpu, cuda, cuda:N or mps") from error
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise RequestError(f"device {device}: {str(error).splitlines()[0]}") from error
