"""Freed memory stays with the process while a run trains."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest
import torch

from ganzoo.training import host_memory
from ganzoo.training.host_memory import freed_memory_is_kept

PROGRAM = """
import resource, torch
from contextlib import nullcontext
from ganzoo.training.host_memory import freed_memory_is_kept

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

with {context}:
    for number in range(10):
        if number == 5:
            before = faults()
        one, two = torch.ones(5_000_000), torch.ones(5_000_000)
        del one, two
    print(faults() - before)
before = int(open("/proc/self/statm").read().split()[1])
print(before * resource.getpagesize())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc has this default")
def test_tensors_use_the_pages_of_freed_ones_again() -> None:
    pages, left = {}, {}
    for context in ("freed_memory_is_kept()", "nullcontext()"):
        program = [sys.executable, "-c", PROGRAM.format(context=context)]
        found = subprocess.run(program, capture_output=True, text=True, check=True)
        pages[context], left[context] = map(int, found.stdout.split())
    kept, default = pages.values()
    assert kept < 4883 < default  # the pages of a tensor
    assert left["freed_memory_is_kept()"] < left["nullcontext()"] + 10_000_000


def test_without_glibc_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_memory.sys, "platform", "darwin")
    with freed_memory_is_kept():
        assert torch.ones(2).sum() == 2
