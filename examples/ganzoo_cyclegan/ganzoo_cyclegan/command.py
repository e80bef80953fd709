"""The command ``ganzoo translate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def translate(
    run: Annotated[Path, typer.Argument(help="The run folder.")],
    images: Annotated[Path, typer.Argument(help="The folder of images to translate.")],
    out: Annotated[Path, typer.Option(help="The folder for the translations; made if missing.")],
    back: Annotated[bool, typer.Option("--back", help="Translate from y to x instead.")] = False,
) -> None:
    """Translate the images of a folder with a trained CycleGAN.

    Each is cut to the size that the run was trained with, and saved as a PNG file of its own.

    Examples:
    - `ganzoo translate runs/two-folders-translators-cyclegan-001 horses --out zebras`
    - `ganzoo translate runs/two-folders-translators-cyclegan-001 zebras --out horses --back`

    """
    import numpy as np
    import torch
    from PIL import ImageOps

    import ganzoo
    from ganzoo_cyclegan.networks import PairGenerator
    from ganzoo_cyclegan.two_folders import image_files

    trained = ganzoo.load(run)
    generator = trained.generator
    if not (isinstance(trained, ganzoo.TrainedRun) and isinstance(generator, PairGenerator)):
        raise ganzoo.RequestError(
            f"{run} is no run of the architecture translators: name one that is"
        )
    translator = trained.networks["back"] if back else generator.translate
    channels, height, width = trained.image_shape
    out.mkdir(parents=True, exist_ok=True)
    for number, file in enumerate(image_files(images), 1):
        image = ganzoo.open_image(file).convert("L" if channels == 1 else "RGB")
        pixels = np.array(ImageOps.fit(image, (width, height // 2))).reshape(1, -1, width, channels)
        source = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 127.5 - 1
        made = ((translator(source)[0] + 1) * 127.5).round().clamp(0, 255)
        ganzoo.save_image(
            made.permute(1, 2, 0).to(torch.uint8).numpy(), out / f"{number:05}-{file.stem}.png"
        )
    typer.echo(out)
