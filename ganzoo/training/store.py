"""The prepared or streamed images of a run's dataset."""

from __future__ import annotations

from ganzoo.contracts import Dataset, is_streamed, notes_of
from ganzoo.data.cache import load_or_prepare
from ganzoo.data.collection import Store
from ganzoo.data.streaming import StreamedImages
from ganzoo.observers.observer import SILENT, Observer
from ganzoo.run import Run
from ganzoo.training.engine import Engine


def prepare(run: Run, dataset: Dataset, engine: Engine, progress: Observer) -> Store:
    """The prepared images; the main process prepares them, and the others wait for it."""
    store = store_of(run, dataset, progress) if engine.is_main else None
    engine.broadcast(None)
    return store or store_of(run, dataset, SILENT)


def store_of(run: Run, dataset: Dataset, progress: Observer = SILENT) -> Store:
    """The images of a dataset with the run's settings ``data``; prepares them if necessary."""
    entry = run.dataset.entry
    name, code = entry.qualified_name, entry.code
    with code.only_own_frames():
        for note in notes_of(dataset):
            progress.on_message(note)
        if is_streamed(dataset):
            return StreamedImages(dataset, run.data, name, code)
        on_progress = progress.on_preparation_progress
        data = load_or_prepare(dataset, run.data, on_progress, dataset_name=name, code=code)
    if data.skipped:
        progress.on_message(data.skipped_text)
    return data
