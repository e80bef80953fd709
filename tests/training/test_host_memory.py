"""Freed memory stays with the process while a run trains."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest
import torch

from ganzoo.training.host_memory import freed_memory_is_kept

PROGRAM = """
import resource, torch
from contextlib import nullcontext
from ganzoo.training.host_memory import freed_memory_is_kept

def in_memory():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

for context in nullcontext(), freed_memory_is_kept():
    with context:
        for _ in range(3):
            tensors = [torch.ones(7_000_000) for _ in range(4)]
            del tensors
        inside = in_memory()
    print(inside - in_memory())
"""
SIZE = 4 * 4 * 7_000_000
"""The bytes of the four tensors."""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="it is of glibc")
def test_the_memory_of_freed_tensors_is_kept_and_returned_afterwards() -> None:
    program = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    freed_at_once, freed_afterwards = map(int, done.stdout.split())  # the bytes at the end of each
    assert freed_at_once < 0.8 * SIZE < freed_afterwards


def test_without_glibc_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with freed_memory_is_kept():
        assert torch.ones(2).sum() == 2
