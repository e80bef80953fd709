"""Export a trained generator from Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganzoo.export.card import Card, now, versions
from ganzoo.export.formats import format_of
from ganzoo.export.safetensors_file import ExportedGenerator
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.user_path import user_path


def card_of(trained: TrainedGenerator, license: str = "", description: str = "") -> Card:
    """The card of a new export; an exported generator keeps the texts that are empty here."""
    if not isinstance(trained, ExportedGenerator):
        return Card.of(trained, license=license, description=description)
    texts = {"license": license, "description": description}
    given = {name: text for name, text in texts.items() if text}
    return trained.card.model_copy(update={**given, "date": now(), "exported_with": versions()})


def export_generator(
    trained: TrainedGenerator,
    to: str,
    out: str | Path,
    *,
    license: str = "",
    description: str = "",
    **options: Any,
) -> dict[str, float]:
    """Export a generator as ``ganzoo export --to`` does; returns the numbers that it prints.

    ``trained`` is what ``ganzoo.load`` or ``ganzoo.train`` returned. ``license`` and
    ``description`` are texts of the card; ``options`` are those of the format, such as
    ``float16=True``.

    Raises RequestError if the path exists, or if the generator cannot be exported.
    """
    chosen, path = format_of(to), user_path(out)
    chosen.check_path(path, is_folder=chosen.may_be_folder and not path.suffix)
    known = chosen.options_of(options)
    return chosen.write(trained, card_of(trained, license, description), path, **known)
