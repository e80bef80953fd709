"""Compare the speed of batches from prepared images with torchvision's ImageFolder.

    python tests/benchmarks/feeding.py FOLDER [--resolution 32] [--batch-size 64]

FOLDER has one subfolder of images per class. First the images are prepared, and the time is
printed; then each loads an epoch in turn, three times. ImageFolder uses a DataLoader with two
workers and the same center crop, antialiased resizing and range.
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
    """Print the images per second of both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--resolution", type=int, default=32)
    parser.add_argument("--batch-size", type=int, default=64)
    args = parser.parse_args()

    component = Registry.discover().find("dataset", "image-folder").component
    source = component.build(component.options.model_validate({"path": args.folder}))
    start = time.perf_counter()
    data = load_or_prepare(source, Preparation(resolution=args.resolution))
    print(f"prepared or found {len(data)} images in {time.perf_counter() - start:.1f} s")
    batches = Batches(Collection.of(data), 0, torch.device("cpu"))

    transform = transforms.Compose(
        [
            transforms.Resize(args.resolution, antialias=True),
            transforms.CenterCrop(args.resolution),
            transforms.ToTensor(),
            transforms.Normalize(0.5, 0.5),
        ]
    )
    loader = DataLoader(
        ImageFolder(str(args.folder), transform),
        args.batch_size,
        shuffle=True,
        num_workers=2,
        drop_last=True,
        persistent_workers=True,
    )
    count = len(data) // args.batch_size
    ours, theirs = [], []
    for _ in range(4):
        start = time.perf_counter()
        for number in range(count):
            batches.take(number * args.batch_size, args.batch_size)
        ours.append(count * args.batch_size / (time.perf_counter() - start))
        start = time.perf_counter()
        for _ in loader:
            pass
        theirs.append(count * args.batch_size / (time.perf_counter() - start))
    cache, usual = statistics.median(ours[1:]), statistics.median(theirs[1:])  # the first warms up
    print(
        f"cache {cache:.0f} images/s, ImageFolder {usual:.0f} images/s: {cache / usual:.0f} times"
    )


if __name__ == "__main__":
    main()
