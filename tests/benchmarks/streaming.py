"""Compare images/s of streaming from shards and tar files with images in memory.

    python -m tests.benchmarks.streaming [--images 16384] [--window 2048] [--train]

Random smooth images of 64 x 64 pixels are written into a temporary folder: as a prepared array, as
shards, and as tar files of JPEG images of 96 x 96 pixels. A process of its own serves the shards by
HTTP. The sources take turns of one epoch in batches of 64. With --train, a step of dcgan (width 64,
batch 64) is measured with images from memory and from shards, in turns of a few steps.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import os
import statistics
import tarfile
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ganzoo.contracts import Condition
from ganzoo.data.batches import Batch, Batches
from ganzoo.data.cache import PreparedImages
from ganzoo.data.collection import Collection, Store
from ganzoo.data.pack import Pack
from ganzoo.data.packing import write
from ganzoo.data.preparation import Preparation
from ganzoo.data.streaming import StreamedImages
from ganzoo.registry import Registry
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training.assembly import assemble
from ganzoo.training.ema import Ema
from ganzoo.training.engine import Engine
from ganzoo.training.trainer import Trainer
from tests.remote.faulty_server import serving

BATCH, SIDE = 64, 64


def smooth_images(count: int, side: int, seed: int = 0) -> list[Image.Image]:
    random = np.random.default_rng(seed)
    small = random.integers(0, 256, (count, 8, 8, 3), np.uint8)
    return [Image.fromarray(pixels).resize((side, side)) for pixels in small]


def write_tars(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(4):
        with tarfile.open(folder / f"{number}.tar", "w") as archive:
            for row, image in enumerate(smooth_images(count // 4, 96, number)):
                file = io.BytesIO()
                image.save(file, "JPEG", quality=90)
                about = tarfile.TarInfo(f"{row:06}.jpg")
                about.size = len(file.getvalue())
                archive.addfile(about, io.BytesIO(file.getvalue()))


def serve(folder: Path, connection: Connection) -> None:
    """Serve the files of a folder until the connection is closed."""
    with serving() as server:
        for file in folder.iterdir():
            server.files[f"/{file.name}"] = file.read_bytes()
        connection.send(server.address)
        connection.recv()


def streamed(name: str, path: str, window: int, cache_size: float = 8) -> Store:
    component = Registry.discover().find("dataset", name).component
    options = {"path": path, "window": window, "cache_size": cache_size}
    dataset = component.build(component.options.model_validate(options))
    return StreamedImages(dataset, Preparation(resolution=SIDE))


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class Source:
    """Batches one after another."""

    def __init__(self, store: Store) -> None:
        self._batches = Batches(Collection.of(store), 0, torch.device("cpu"))
        self._position = 0

    def take(self, *_: object) -> Batch:
        self._position += BATCH
        return self._batches.take(self._position - BATCH, BATCH)

    def epoch(self, batches: int) -> None:
        for _ in range(batches):
            self.take()


def training(sources: dict[str, Source], rounds: int, steps: int) -> None:
    """Print the seconds of a training step with each source."""
    settings = Settings()
    settings.override(
        [
            *("dataset=blossoms", "architecture=dcgan", "loss=non-saturating", "dataset.count=64"),
            *(f"data.resolution={SIDE}", f"train.batch_size={BATCH}", "train.device=cpu"),
        ]
    )
    run = Run.resolve(settings)
    assembly = assemble(run, Engine(run.train))
    ema = Ema(assembly.setup.generator, run.train.ema, run.seed, assembly.frequencies)
    trainer = Trainer(run, assembly.setup, assembly.growth, ema)
    times: dict[str, list[float]] = {name: [] for name in sources}

    def train() -> None:
        for _ in range(steps):
            trainer.step()

    for _ in range(rounds + 1):
        for name, source in sources.items():
            assembly.setup._take = source.take
            times[name].append(seconds(train) / steps)
    for name, found in times.items():
        print(f"training from {name}: {BATCH / statistics.median(found[1:]):.1f} images/s")


def main() -> None:
    """Print the images per second of each source."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=16384)
    parser.add_argument("--window", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--train", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["GANZOO_CACHE"] = str(folder / "cache")
        pixels = np.stack([np.asarray(image) for image in smooth_images(args.images, SIDE)])
        labels = np.arange(args.images) % 10
        memory = PreparedImages(pixels, labels, Condition("class", tuple("0123456789")))
        write(Pack(data=Collection.of(memory), shards=5), folder / "shards")
        write_tars(folder / "tars", args.images)
        np.save(folder / "images.npy", pixels)
        mapped = PreparedImages(np.load(folder / "images.npy", mmap_mode="r"), None, None)
        here, there = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        server = context.Process(target=serve, args=(folder / "shards", there))
        server.start()
        address, tars = here.recv(), str(folder / "tars" / "{0..3}.tar")
        stores: dict[str, Callable[[], Store]] = {
            "memory": lambda: memory,
            "the memory-mapped cache": lambda: mapped,
            "shards on the disk": lambda: streamed("shards", str(folder / "shards"), args.window),
            "shards by HTTP, not kept": lambda: streamed("shards", address, args.window, 0),
            "shards by HTTP, kept": lambda: streamed("shards", address, args.window),
            "tar files of JPEG": lambda: streamed("webdataset", tars, args.window),
        }
        sources = {name: Source(make()) for name, make in stores.items()}
        batches = args.images // BATCH
        rates: dict[str, list[float]] = {name: [] for name in sources}
        for _ in range(args.rounds):
            for name, source in sources.items():
                spent = seconds(partial(source.epoch, batches))
                rates[name].append(batches * BATCH / spent)
        for name, found in rates.items():
            print(f"{name}: {statistics.median(found):,.0f} images/s")
        if args.train:
            training({key: sources[key] for key in ("memory", "shards on the disk")}, 5, 3)
        here.send("end")
        server.join()


if __name__ == "__main__":
    main()
