"""Randomness as a function of (seed, purpose, position), never of what came before."""

from __future__ import annotations

import hashlib

import torch


class Randomness:
    """Random numbers that a stopped and resumed run finds again without saving any state."""

    def __init__(self, seed: int, stream: int = 0) -> None:
        self.seed = seed
        self.stream = stream
        """Another number gives other randomness, for a run that shall go on in another way."""
        self._root = f"{seed}+{stream}" if stream else str(seed)

    def number(self, purpose: str, position: int = 0) -> int:
        """The seed, in [0, 2**63), of whatever is drawn for this purpose at this position."""
        name = f"{self._root}/{purpose}/{position}".encode()
        return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big") >> 1

    def generator(
        self, purpose: str, position: int = 0, device: torch.device | str = "cpu"
    ) -> torch.Generator:
        """A generator of its own for this purpose and position."""
        return torch.Generator(device).manual_seed(self.number(purpose, position))

    def reseed(self, purpose: str, position: int, device: torch.device) -> None:
        """Seed the global generators, which dropout and losses draw from, on CPU and ``device``."""
        number = self.number(purpose, position)
        # torch.manual_seed also looks for devices that are not used, which takes longer than this.
        torch.default_generator.manual_seed(number)
        if device.type == "cuda":
            torch.cuda.manual_seed(number)
        elif device.type == "mps":
            torch.mps.manual_seed(number)
