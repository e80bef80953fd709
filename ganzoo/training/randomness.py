"""Randomness as a function of (seed, purpose, position), never of what came before."""

from __future__ import annotations

import hashlib

import torch


class Randomness:
    """Random numbers that a stopped and resumed run finds again without saving any state."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def number(self, purpose: str, position: int = 0) -> int:
        """The seed, in [0, 2**63), of whatever is drawn for this purpose at this position."""
        name = f"{self.seed}/{purpose}/{position}".encode()
        return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big") >> 1

    def generator(
        self, purpose: str, position: int = 0, device: torch.device | str = "cpu"
    ) -> torch.Generator:
        """A generator of its own for this purpose and position."""
        return torch.Generator(device).manual_seed(self.number(purpose, position))

    def reseed(self, purpose: str, position: int) -> None:
        """Seed torch's global generators, which dropout and losses draw from."""
        torch.manual_seed(self.number(purpose, position))
