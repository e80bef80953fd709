"""The IDX files of a data set in a folder, under the names that people have for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ganzoo import RequestError
from ganzoo_mnist.variants import PARTS, Variant


def find(names: Sequence[str], variant: Variant, path: Path) -> list[Path]:
    """The files of these published names, each packed or unpacked, and spelled as usual elsewhere.

    They are in the folder itself, or where torchvision or an unpacked download puts them.

    Raises RequestError for the first that is missing, with the split that is there, if one is.
    """
    if not path.is_dir():
        raise RequestError(f"there is no folder {path}: dataset.path holds the IDX files")
    files = []
    for name in names:
        file = _find(name, variant, path)
        if file is None:
            raise RequestError(_missing(name, variant, path))
        files.append(file)
    return files


def _find(name: str, variant: Variant, path: Path) -> Path | None:
    spellings = list(_spellings(name))
    for folder in (path, path / "raw", path / variant.folder / "raw"):
        for file in (folder / spelling for spelling in spellings):
            # Some archives unpack to a folder for each file, which has the file's name.
            for each in (file, file / file.name):
                if each.is_file():
                    return each
    return None


def _spellings(name: str) -> Iterable[str]:
    """The published name first; Kaggle has a dot or an underscore before the kind of file."""
    plain = name.removesuffix(".gz")
    for spelled in (
        plain,
        plain.replace("-idx", ".idx"),
        plain.replace("-idx", "_idx"),
        plain.replace("-ubyte", ".ubyte"),
    ):
        yield from (f"{spelled}.gz", spelled)


def _missing(name: str, variant: Variant, path: Path) -> str:
    has = {
        split: [_find(n, variant, path) for n in variant.files if n.startswith(PARTS[split])]
        for split in ("train", "test")
    }
    plain = name.removesuffix(".gz")
    message = f"there is no {plain} or {plain}.gz in {path}"
    wanted = next(split for split in has if name.startswith(PARTS[split]))
    other = "test" if wanted == "train" else "train"
    if all(has[other]) and not any(has[wanted]):
        return f"{message}, but the files of the other split are: write dataset.split={other}"
    return (
        f"{message}: dataset.path is the folder that holds it, {variant.mirrors[0]} has it, and "
        "without dataset.path it is downloaded"
    )
