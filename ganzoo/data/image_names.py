"""The names of images and of their classes, as they are printed."""

from __future__ import annotations

from ganzoo.contracts import Dataset, NamedDataset


def printable(text: str) -> str:
    """The text in one line, with escapes for control characters and for undecodable bytes."""
    text = text.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def image_name(dataset: Dataset, number: int, otherwise: str = "") -> str:
    """The name of an image, or ``number N`` if the dataset gives it none, in one line."""
    name = dataset.name(number) if isinstance(dataset, NamedDataset) else otherwise
    return printable(name) or f"number {number}"
