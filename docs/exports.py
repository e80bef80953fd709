"""Print the table of exporting.md: ``python docs/exports.py RUN ...`` exports each run."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import ganzoo
from ganzoo.export.exporting import card_of
from ganzoo.export.formats import format_of
from ganzoo.output.trained_generator import TrainedGenerator

COUNT = 5
FORMATS: list[tuple[str, dict[str, bool]]] = [
    ("safetensors", {}),
    ("onnx", {}),
    ("onnx", {"float16": True}),
    ("torch", {}),
]
COLUMNS = (
    *("architecture", "pixels", "parameters", "safetensors", "ONNX", "ONNX, float16", "torch"),
    "seconds, in this order",
)


def row(trained: TrainedGenerator, folder: Path) -> str:
    """A row of the table: the largest difference and the size of each format."""
    card = card_of(trained)
    cells, seconds = [], []
    for name, options in FORMATS:
        path = folder / f"{name}{format_of(name).suffix}"
        path.unlink(missing_ok=True)
        start = time.process_time()
        numbers = format_of(name).write(trained, card, path, **options)
        seconds.append(time.process_time() - start)
        difference = next(iter(numbers.values()), None)
        if difference is None:
            difference = distance(trained, path)
        shown = f"{difference:.1e}" if difference else "0"
        cells.append(f"{shown}, {path.stat().st_size / 1e6:.2f} MB")
    pixels = trained.image_shape.size
    return (
        f"| `{card.architecture.rpartition('/')[2]}` | {pixels} | {card.parameters:,} | "
        f"{' | '.join(cells)} | {', '.join(f'{each:.1f}' for each in seconds)} |"
    )


def distance(trained: TrainedGenerator, path: Path) -> float:
    """The largest difference of the images of a safetensors file from those of the run."""
    images = [
        each.generator(each.latents(COUNT), each.conditions(COUNT, seed=0)).clamp(-1, 1)
        for each in (trained, ganzoo.load(path))
    ]
    return float((images[0] - images[1]).abs().max())


if __name__ == "__main__":
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    for run in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            print(row(ganzoo.load(run), Path(folder)), flush=True)
