"""``ganzoo pull``: an exported generator from a folder or from Hugging Face."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE", help="A folder of `ganzoo push`, or hf://USER/NAME of Hugging Face."
    ),
]
Out = Annotated[Path, typer.Option(metavar="FOLDER", help="The folder to write; a new one.")]
Revision = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A branch, tag or commit of the repository."),
]
Sha256 = Annotated[
    str | None,
    typer.Option(metavar="DIGITS", help="The SHA-256 sum that generator.safetensors must have."),
]


def pull(
    source: Source,
    out: Out,
    revision: Revision = None,
    sha256: Sha256 = None,
) -> None:
    """Get an exported generator from a folder or from Hugging Face, and check it.

    The files must have the sums of SHA256SUMS, and the generator must fit the
    installed plugins; else nothing is written. No code of the files is run.

    Examples:
    - `ganzoo pull hf://me/flowers --out flowers/`
    - `ganzoo generate flowers/generator.safetensors --out grid.png`

    """
    from ganzoo import RequestError
    from ganzoo_hub.folder import check_new, copy_files, move_into
    from ganzoo_hub.published_files import CHECKED, GENERATOR, SUMS, check_files, require_generator
    from ganzoo_hub.repository import PREFIX, Repository

    check_new(out)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if source.startswith(PREFIX):
            repository = Repository(source)
            commit = repository.commit(revision)
            for name in (SUMS, *CHECKED):
                repository.download(name, folder, commit)
        elif revision is not None:
            raise RequestError("--revision is for a repository of Hugging Face: remove it")
        else:
            copy_files(Path(source), folder, (SUMS, *CHECKED))
        digits = check_files(folder, source, sha256)
        card = require_generator(folder / GENERATOR).card
        move_into(folder, out, (SUMS, *CHECKED))
    print(f"{out / GENERATOR}: {card.title}, step {card.step}, license: {card.license or 'none'}")
    print(f"SHA-256: {digits}")
