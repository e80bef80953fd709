"""A cache of what is computed from real images: their features, and the baselines of metrics."""

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
"""The version of the cache's format; entries of another version are not read."""


def cache_key(**facts: Any) -> str:
    """The key of an entry: a hash of all facts that it depends on, never of a path."""
    text = json.dumps({"version": _VERSION, **facts}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class EvaluationCache:
    """Features and metric values by key, in files.

    A damaged entry counts as missing. An entry that cannot be written is skipped.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder("evaluation")

    def load_features(self, key: str) -> Tensor | None:
        """The features saved by this key, float32 (N, D); ``None`` if missing or damaged."""
        try:
            data = (self.folder / f"{key}.npy").read_bytes()
            about = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            if about["sha256"] != hashlib.sha256(data).hexdigest():
                return None
            features = np.load(io.BytesIO(data), allow_pickle=False)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return torch.from_numpy(features)

    def save_features(self, key: str, features: Tensor) -> None:
        """Save features, with their SHA-256."""
        buffer = io.BytesIO()
        np.save(buffer, features.numpy(), allow_pickle=False)
        data = buffer.getvalue()
        self._write(f"{key}.npy", data)
        self._write(f"{key}.json", json.dumps({"sha256": hashlib.sha256(data).hexdigest()}))

    def load_values(self, key: str) -> dict[str, MetricValue] | None:
        """The metric values saved by this key; ``None`` if missing or damaged."""
        try:
            values = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            return {str(name): MetricValue(float(v), int(n)) for name, (v, n) in values.items()}
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            return None

    def save_values(self, key: str, values: Mapping[str, MetricValue]) -> None:
        """Save metric values."""
        self._write(f"{key}.json", json.dumps(values))

    def _write(self, name: str, content: str | bytes) -> None:
        try:
            write_atomically(self.folder / name, content)
        except OSError:  # a full or read-only disk: the next evaluation computes it again
            return
