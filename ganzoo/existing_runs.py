"""Runs that exist, by the folder, the exported file or the object that stands for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import RequestError
from ganzoo.folders import RunFolder, is_export
from ganzoo.objects import Objects
from ganzoo.run import Run
from ganzoo.run_folders import path_of
from ganzoo.settings import Settings

if TYPE_CHECKING:
    from ganzoo.output.trained_generator import TrainedGenerator
    from ganzoo.run_folders import AnyRun
    from ganzoo.sweeps.sweep import Sweep


def open_run(run: AnyRun, components: Mapping[str, Any]) -> tuple[Path, Settings, Objects]:
    """A run's folder or exported file, its stored settings, and its components as objects.

    Raises RequestError if the path is neither.
    """
    path = path_of(run)
    settings, objects = stored_settings(path), Objects()
    settings.add(objects.main_names(components), "Python")
    for section, name in objects.included(components):
        settings.include(section, name, "Python")
    if not isinstance(run, str | Path):
        objects.add_from(run.run)
    return path, settings, objects


def stored_settings(path: Path) -> Settings:
    """The settings that a run was last started with, from its folder or an exported generator.

    Raises RequestError if the path is neither.
    """
    if is_export(path):
        from ganzoo.export.safetensors_file import read_card

        return read_card(path).stored_settings(path)
    return Settings.of_run(RunFolder.open(path))


def load_generator(
    path: Path, checkpoint: str, components: Mapping[str, Any] | None = None
) -> TrainedGenerator:
    """The generator of a run folder's checkpoint or of an exported file, on the CPU.

    ``components`` are those of the run that were Python objects, by kind. An exported file has one
    checkpoint, ``"last"``. Raises RequestError if the path is neither, if there is no such
    checkpoint, or if it is damaged.
    """
    source, settings, objects = open_run(path, components or {})
    run = Run.resolve(settings, objects.registry(settings), recommend=False)
    return generator_of(source, run, checkpoint)


def generator_of(path: Path, run: Run, checkpoint: str) -> TrainedGenerator:
    """As ``load_generator``, for a run that is resolved already."""
    if is_export(path):
        from ganzoo.export.safetensors_file import ExportedGenerator

        exported = ExportedGenerator(path, run)
        if checkpoint not in ("last", str(exported.step)):
            raise RequestError(
                f"{path} has one checkpoint, step {exported.step}: remove --checkpoint "
                f"{checkpoint}, or name the run folder"
            )
        return exported
    from ganzoo.output.trained import TrainedRun

    return TrainedRun(RunFolder.open(path), run, checkpoint)


def as_iterable(runs: AnyRun | Sweep | Iterable[AnyRun | Sweep]) -> Iterable[AnyRun | Sweep]:
    """The runs; a single one is put in a list."""
    from ganzoo.output.trained_generator import TrainedGenerator
    from ganzoo.sweeps.sweep import Sweep

    return [runs] if isinstance(runs, str | Path | TrainedGenerator | Sweep) else runs
