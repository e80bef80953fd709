"""Find the IDX files of MNIST in a folder, under their common names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ganzoo import RequestError
from ganzoo_mnist.variants import PARTS, Variant


def find(names: Sequence[str], variant: Variant, path: Path) -> list[Path]:
    """Find files by their published names: gzipped or not, with those of Kaggle, too.

    They are in the folder itself or in the subfolders of torchvision or of an unpacked archive.

    Raises RequestError if a file is missing; it suggests the other split if that is complete.
    """
    if not path.is_dir():
        raise RequestError(
            f"there is no folder {path}: dataset.path is the folder with the IDX files"
        )
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
            # Some archives contain a folder for each file, with the name of the file.
            for candidate in (file, file / file.name):
                if candidate.is_file():
                    return candidate
    return None


def _spellings(name: str) -> Iterable[str]:
    """The published name, then those of Kaggle, which have a dot or an underscore."""
    plain = name.removesuffix(".gz")
    for spelling in (
        plain,
        plain.replace("-idx", ".idx"),
        plain.replace("-idx", "_idx"),
        plain.replace("-ubyte", ".ubyte"),
    ):
        yield from (f"{spelling}.gz", spelling)


def _missing(name: str, variant: Variant, path: Path) -> str:
    files = {
        split: [_find(n, variant, path) for n in variant.files if n.startswith(PARTS[split])]
        for split in ("train", "test")
    }
    plain = name.removesuffix(".gz")
    message = f"there is no {plain} or {plain}.gz in {path}"
    wanted = next(split for split in files if name.startswith(PARTS[split]))
    other = "test" if wanted == "train" else "train"
    if all(files[other]) and not any(files[wanted]):
        return f"{message}, but the files of the split {other} are: write dataset.split={other}"
    return (
        f"{message}: download it from {variant.mirrors[0]} into that folder, or remove "
        "dataset.path and ganzoo downloads it"
    )
