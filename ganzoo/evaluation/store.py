"""What is calculated of real images once: their features, and the baselines of metrics."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganzoo.contracts import MetricValue
from ganzoo.folders import cache_folder, write_atomically

_VERSION = 2
"""Of what is kept; another one is calculated anew."""


def key_of(**facts: Any) -> str:
    """A name for what follows from these facts: of the content of images, never of their path."""
    told = json.dumps({"version": _VERSION, **facts}, sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


class Store:
    """A cache that forgets what is damaged, and works without a place to write to."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder("evaluation")

    def features(self, key: str) -> Tensor | None:
        """The features kept by this key, float32 (N, D), if they are whole."""
        try:
            data = (self.folder / f"{key}.npy").read_bytes()
            about = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            if about["sha256"] != hashlib.sha256(data).hexdigest():
                return None
            found = np.load(io.BytesIO(data), allow_pickle=False)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return torch.from_numpy(found)

    def keep_features(self, key: str, features: Tensor) -> None:
        """Keep features for the next time."""
        buffer = io.BytesIO()
        np.save(buffer, features.numpy(), allow_pickle=False)
        data = buffer.getvalue()
        self._write(f"{key}.npy", data)
        self._write(f"{key}.json", json.dumps({"sha256": hashlib.sha256(data).hexdigest()}))

    def numbers(self, key: str) -> dict[str, MetricValue] | None:
        """The numbers kept by this key, if they are whole."""
        try:
            found = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            return {str(name): MetricValue(float(v), int(n)) for name, (v, n) in found.items()}
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            return None

    def keep_numbers(self, key: str, numbers: Mapping[str, MetricValue]) -> None:
        """Keep numbers for the next time."""
        self._write(f"{key}.json", json.dumps(numbers))

    def _write(self, name: str, content: str | bytes) -> None:
        try:
            write_atomically(self.folder / name, content)
        except OSError:  # a full or read-only disk: it is calculated again then
            return
