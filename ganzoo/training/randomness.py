"""Random numbers as a function of (seed, purpose, position), independent of earlier draws."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager

import torch


class Randomness:
    """Random numbers that a resumed run reproduces without a saved generator state."""

    def __init__(self, seed: int, stream: int = 0) -> None:
        self.seed = seed
        self.stream = stream
        """Changes all random numbers; a rollback uses the next stream."""
        self._root = f"{seed}+{stream}" if stream else str(seed)

    def derive_seed(self, purpose: str, position: int = 0) -> int:
        """A seed in [0, 2**63) for this purpose at this position."""
        name = f"{self._root}/{purpose}/{position}".encode()
        return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big") >> 1

    def generator(
        self, purpose: str, position: int = 0, device: torch.device | str = "cpu"
    ) -> torch.Generator:
        """A new ``torch.Generator``, seeded for this purpose and position."""
        return torch.Generator(device).manual_seed(self.derive_seed(purpose, position))

    def reseed(self, purpose: str, position: int, device: torch.device) -> None:
        """Seed the global generators of the CPU and ``device``, which dropout and losses use."""
        seed = self.derive_seed(purpose, position)
        # torch.manual_seed also looks for unused devices, which is slower.
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            torch.cuda.manual_seed(seed)
        elif device.type == "mps":
            torch.mps.manual_seed(seed)


def preserved_random_state(device: torch.device) -> AbstractContextManager[None]:
    """A context after which the global generators of the CPU and ``device`` are as before."""
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])
