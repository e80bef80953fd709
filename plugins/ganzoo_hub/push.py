"""``ganzoo push``: an exported generator with its card to a folder or to Hugging Face."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

RunArgument = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run folder or an exported .safetensors file.")
]
Target = Annotated[
    str,
    typer.Argument(metavar="TARGET", help="A new folder, or hf://USER/NAME for Hugging Face."),
]
Checkpoint = Annotated[
    str,
    typer.Option(metavar="WHICH", help="Which checkpoint: last, best or the number of a step."),
]
License = Annotated[
    str,
    typer.Option("--license", metavar="TEXT", help="The license of the weights, for the card."),
]
Description = Annotated[
    str, typer.Option(metavar="TEXT", help="A description of the generator, for the card.")
]
Public = Annotated[
    bool,
    typer.Option("--public", help="Let everybody see a new repository; by default only you."),
]


def push(
    run: RunArgument,
    target: Target,
    checkpoint: Checkpoint = "last",
    license_text: License = "",
    description: Description = "",
    public: Public = False,
) -> None:
    """Write an exported generator with its card to a folder or to Hugging Face.

    It writes generator.safetensors, README.md from the card, samples.png and
    SHA256SUMS. The card contains all settings of the run, with the paths of its
    data: read README.md and the card before you make them public. A repository
    needs a login by `hf auth login`.

    Examples:
    - `ganzoo push RUN published/`
    - `ganzoo push RUN hf://me/flowers --checkpoint best --license cc-by-4.0 --public`

    """
    import ganzoo
    from ganzoo_hub.folder import check_new, move_into
    from ganzoo_hub.published_files import GENERATOR, sum_of, write_files
    from ganzoo_hub.repository import PREFIX, Repository

    repository = Repository(target) if target.startswith(PREFIX) else None
    if repository is None:
        check_new(Path(target))
        if public:
            raise ganzoo.RequestError("--public is for a repository of Hugging Face: remove it")
    trained = ganzoo.load(run, checkpoint)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        card = write_files(trained, folder, target, license_text, description)
        digits = sum_of(folder / GENERATOR)
        if repository:
            repository.upload(folder, f"{card.title}, step {card.step}", public=public)
        else:
            move_into(folder, Path(target))
    print(f"{target}: {card.title}, step {card.step}")
    print(f"SHA-256 of {GENERATOR}: {digits}")
