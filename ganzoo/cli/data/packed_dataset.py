"""The images, descriptions and facts that ``ganzoo data pack`` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ganzoo.cli.data.request import Chosen
from ganzoo.contracts import Dataset, NamedDataset, condition_of, notes_of
from ganzoo.data.cache import load_or_prepare
from ganzoo.data.collection import Collection, group_classes
from ganzoo.data.descriptions import (
    TABLE_NAME,
    Description,
    image_names,
    read_descriptions,
    require_rows_for,
    texts_for,
)
from ganzoo.data.pack import Pack
from ganzoo.errors import RequestError
from ganzoo.observers.console import ProgressBar
from ganzoo.overwriting import check_no_input


def refuse_source(out: Path, chosen: Chosen) -> None:
    """Raise RequestError if the pack would take the place of the images that it is made of."""
    source = getattr(chosen.options, "path", None)
    if isinstance(source, Path):
        check_no_input(out, [source, *source.absolute().parents])


def packed(
    dataset: Dataset, chosen: Chosen, bar: ProgressBar, table: Path | None, *, with_texts: bool
) -> Pack:
    """The prepared images with facts and, ``with_texts``, their descriptions.

    The descriptions are in ``table``, or else in the folder of the images. Raises RequestError if
    there are no images, or if the table is of others.
    """
    rows: Mapping[str, Description] = {}
    if table:
        rows = read_descriptions(table)
    elif with_texts:
        rows = _own_descriptions(dataset, chosen, bar)
    with chosen.entry.code.only_own_frames():
        data = _prepared(dataset, chosen, bar)
    names = image_names(dataset, data)
    if table:
        require_rows_for(names, rows)
    return Pack(data=data, facts=_facts(dataset, chosen), texts=texts_for(names, rows))


def _own_descriptions(
    dataset: Dataset, chosen: Chosen, bar: ProgressBar
) -> Mapping[str, Description]:
    """The descriptions in the folder of the images; empty if that file is a different table."""
    path = getattr(chosen.options, "path", None)
    if not (
        isinstance(dataset, NamedDataset)
        and isinstance(path, Path)
        and (path / TABLE_NAME).is_file()
    ):
        return {}
    try:
        return read_descriptions(path / TABLE_NAME)
    except RequestError as error:
        bar.on_message(f"packing without descriptions: {error}")
        return {}


def _prepared(dataset: Dataset, chosen: Chosen, bar: ProgressBar) -> Collection:
    """The prepared images of the chosen classes.

    Raises RequestError if there are none.
    """
    preparation = chosen.preparation
    if preparation.balance:
        raise RequestError(
            "data.balance affects only training, and a pack has each image once: remove it"
        )
    # Refuses unknown classes before the work.
    group_classes(condition_of(dataset), preparation.classes)
    for note in notes_of(dataset):
        bar.on_message(note)
    entry = chosen.entry
    progress = bar.on_preparation_progress
    store = load_or_prepare(
        dataset, preparation, progress, dataset_name=entry.qualified_name, code=entry.code
    )
    if store.skipped:
        bar.on_message(store.skipped_text)
    data = Collection.of(store, preparation.classes)
    if not len(data):
        classes = ",".join(preparation.classes)
        raise RequestError(f"data.classes={classes}: there are no images of these classes")
    return data


def _facts(dataset: Dataset, chosen: Chosen) -> dict[str, str]:
    """The origin of the images and their preparation."""
    return {
        "dataset": chosen.entry.qualified_name,
        "fingerprint": dataset.fingerprint,
        "preparation": json.dumps(chosen.preparation.named()),
    }
