"""``ganzoo export``: a trained generator as a file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.options import Checkpoint, Force, GeneratorArgument, OutputPath

Format = Annotated[
    str, typer.Option(metavar="FORMAT", help="The format: safetensors, onnx, torch or web.")
]
Out = Annotated[
    OutputPath,
    typer.Option(
        metavar="PATH", help="The file to write, or a folder with web.", parser=OutputPath.of
    ),
]
License = Annotated[
    str, typer.Option("--license", metavar="TEXT", help="The license of the weights, for the card.")
]
Description = Annotated[
    str, typer.Option(metavar="TEXT", help="A description of the generator, for the card.")
]
Float16 = Annotated[
    bool,
    typer.Option("--float16", help="Store half as many bytes per weight, less exactly; with onnx."),
]
DirectionsFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="A file of `ganzoo directions`, for sliders of the page; with web."
    ),
]


def export(
    run: GeneratorArgument,
    to: Format,
    out: Out,
    checkpoint: Checkpoint = "last",
    license_text: License = "",
    description: Description = "",
    float16: Float16 = False,
    directions: DirectionsFile = None,
    force: Force = False,
) -> None:
    """Export the EMA generator of a run's checkpoint as a file for other programs.

    Formats:
    - `safetensors`: for ganzoo, as RUN of other commands, --init-from and ganzoo.load
    - `onnx`: for ONNX Runtime and other programs that run ONNX
    - `torch`: for torch without ganzoo, by torch.export.load
    - `web`: a page that generates images in a browser, as one file or a folder

    Each contains a card: the settings of the run, the metrics of the checkpoint,
    versions, and the texts of --license and --description.

    Examples:
    - `ganzoo export RUN --to safetensors --out flowers.safetensors`
    - `ganzoo export RUN --to onnx --checkpoint best --license MIT --out flowers.onnx`
    - `ganzoo export RUN --to web --out flowers.html`

    """
    from ganzoo.existing_runs import load_generator
    from ganzoo.export.formats import format_of

    chosen = format_of(to)
    given = {"float16": float16, "directions": directions}
    options = chosen.options_of({name: value for name, value in given.items() if value})
    chosen.check_path(out.path, is_folder=out.is_folder, force=force)

    from ganzoo.export.exporting import card_of

    trained = load_generator(run, checkpoint)
    card = card_of(trained, license_text, description)
    numbers = chosen.write(trained, card, out.path, **options)
    for name, number in numbers.items():
        print(f"{name}: {number:.3g}")
    print(f"{out.path}: {_size(out.path) / 1e6:.1f} MB, {card.title}, step {card.step}")


def _size(path: Path) -> int:
    """The bytes of a file, or of all files in a folder."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files)
