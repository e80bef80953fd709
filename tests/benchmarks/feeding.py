"""How fast batches come from the prepared cache, and from torchvision's usual way.

    python tests/benchmarks/feeding.py FOLDER [--resolution 32] [--batch-size 64]

FOLDER holds images in one subfolder per class. The cache is prepared first, and how long that
takes is told; then both feed an epoch in turn, three times each. torchvision's way is ImageFolder
with a DataLoader of two workers, the same center crop, antialiased resizing and range.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from ganzoo.data.batches import Batches
from ganzoo.data.cache import load_or_prepare
from ganzoo.data.collection import Collection
from ganzoo.data.preparation import Preparation
from ganzoo.registry import Registry


def main() -> None:
    """Print the images a second of each, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--resolution", type=int, default=32)
    parser.add_argument("--batch-size", type=int, default=64)
    asked = parser.parse_args()

    component = Registry.discover().find("dataset", "image-folder").component
    source = component.build(component.options.model_validate({"path": asked.folder}))
    start = time.perf_counter()
    data = load_or_prepare(source, Preparation(resolution=asked.resolution))
    print(f"prepared or found {len(data)} images in {time.perf_counter() - start:.1f} s")
    batches = Batches(Collection.of(data), 0, torch.device("cpu"))

    transform = transforms.Compose(
        [
            transforms.Resize(asked.resolution, antialias=True),
            transforms.CenterCrop(asked.resolution),
            transforms.ToTensor(),
            transforms.Normalize(0.5, 0.5),
        ]
    )
    loader = DataLoader(
        ImageFolder(str(asked.folder), transform),
        asked.batch_size,
        shuffle=True,
        num_workers=2,
        drop_last=True,
        persistent_workers=True,
    )
    count = len(data) // asked.batch_size
    ours, theirs = [], []
    for _ in range(4):
        start = time.perf_counter()
        for number in range(count):
            batches.take(number * asked.batch_size, asked.batch_size)
        ours.append(count * asked.batch_size / (time.perf_counter() - start))
        start = time.perf_counter()
        for _ in loader:
            pass
        theirs.append(count * asked.batch_size / (time.perf_counter() - start))
    cache, usual = statistics.median(ours[1:]), statistics.median(theirs[1:])  # the first warms up
    print(
        f"cache {cache:.0f} images/s, ImageFolder {usual:.0f} images/s: {cache / usual:.0f} times"
    )


if __name__ == "__main__":
    main()
