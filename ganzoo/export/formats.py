"""The formats of ``ganzoo export``."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ganzoo.errors import RequestError, did_you_mean
from ganzoo.overwriting import check_folder_free, check_free

if TYPE_CHECKING:
    from ganzoo.export.card import Card
    from ganzoo.output.trained_generator import TrainedGenerator


class Format(NamedTuple):
    """A format that a generator is exported to."""

    name: str
    suffix: str
    """The ending of the file."""
    summary: str
    """What reads it, for ``ganzoo export --help``."""
    writer: str
    """``module:function``; its arguments are a TrainedGenerator, a Card, a Path, and ``options`` by
    name. It returns numbers by name that ``ganzoo export`` prints, such as the largest difference
    from the images of torch, or ``None``.
    """
    options: tuple[str, ...] = ()
    """The options of ``ganzoo export`` that only some formats have."""
    may_be_folder: bool = False
    """Whether it can be a folder instead of a file."""

    def options_of(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """These options by name.

        Raises RequestError if the format has no option of one of these names.
        """
        for name in given:
            if name not in self.options:
                others = " or ".join(each.name for each in FORMATS.values() if name in each.options)
                raise RequestError(
                    f"--{name} is an option of {others or 'no format'}, not of {self.name}: "
                    "remove it"
                )
        return dict(given)

    def check_path(self, path: Path, *, is_folder: bool = False, force: bool = False) -> None:
        """Raise RequestError if the export cannot be written there, or would overwrite something.

        With ``force``, it may overwrite files, but none of a run.
        """
        has_suffix = path.suffix.lower() == self.suffix
        if is_folder and self.may_be_folder and not has_suffix:
            check_folder_free(path, force=force)
            return
        if is_folder and has_suffix and self.may_be_folder:
            raise RequestError(
                f"{path}: a folder of the format {self.name} has no {self.suffix} at the end: "
                "choose another name"
            )
        if is_folder or not has_suffix:
            folder = " or a folder" if self.may_be_folder else ""
            raise RequestError(
                f"{path}: the format {self.name} is a file{folder}: choose a name that ends in "
                f"{self.suffix}"
            )
        check_free(path, force=force)

    def write(
        self, trained: TrainedGenerator, card: Card, path: Path, **options: Any
    ) -> dict[str, float]:
        """Write the export; the numbers that the writer found, by name.

        Raises RequestError if the generator cannot be exported, or a package is not installed, and
        OSError if the file cannot be written.
        """
        module, _, function = self.writer.partition(":")
        writer: Callable[..., dict[str, float] | None]
        writer = getattr(importlib.import_module(module), function)
        path.parent.mkdir(parents=True, exist_ok=True)
        return dict(writer(trained, card, path, **options) or {})


FORMATS = {
    each.name: each
    for each in (
        Format(
            "safetensors",
            ".safetensors",
            "for ganzoo, as RUN of other commands, --init-from and ganzoo.load",
            "ganzoo.export.safetensors_file:write",
        ),
        Format(
            "onnx",
            ".onnx",
            "for ONNX Runtime and other programs that run ONNX",
            "ganzoo.export.onnx_file:write",
            ("float16",),
        ),
        Format(
            "torch",
            ".pt2",
            "for torch without ganzoo, by torch.export.load",
            "ganzoo.export.torch_file:write",
        ),
        Format(
            "web",
            ".html",
            "a page that generates images in a browser, as one file or a folder",
            "ganzoo.export.web:write",
            ("directions",),
            may_be_folder=True,
        ),
    )
}
"""All formats by name."""


def format_of(name: str) -> Format:
    """The format of this name.

    Raises RequestError if there is none.
    """
    if name not in FORMATS:
        known = did_you_mean(name, FORMATS) or f"; there are {', '.join(FORMATS)}"
        raise RequestError(f"there is no format {name}{known}")
    return FORMATS[name]
