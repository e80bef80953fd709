"""The formats of ``ganzoo export``."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ganzoo.errors import RequestError, did_you_mean

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
    extra: str | None = None
    """The extra with the packages that it needs."""
    options: tuple[str, ...] = ()
    """The options of ``ganzoo export`` that only some formats have."""
    may_be_folder: bool = False
    """Whether it can be a folder instead of a file."""

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
        return dict(writer(trained, card, path, **options) or {})


FORMATS = {
    each.name: each
    for each in (
        Format(
            "safetensors",
            ".safetensors",
            "for ganzoo: read by generate, animate, evaluate, --init-from and ganzoo.load",
            "ganzoo.export.safetensors_file:write",
        ),
        Format(
            "onnx",
            ".onnx",
            "for ONNX Runtime and other programs that run ONNX",
            "ganzoo.export.onnx_file:write",
            "export",
            ("float16",),
        ),
        Format(
            "torch",
            ".pt2",
            "for torch without ganzoo, by torch.export",
            "ganzoo.export.torch_file:write",
        ),
        Format(
            "web",
            ".html",
            "a page that generates images in a browser, in one file or in a folder",
            "ganzoo.export.web:write",
            "export",
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
