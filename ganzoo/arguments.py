"""The arguments of the functions of ``api`` and ``results``, resolved to runs and folders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ganzoo.errors import RequestError, Stopped
from ganzoo.flags import FLAGS
from ganzoo.folders import RunFolder, is_export
from ganzoo.objects import Objects
from ganzoo.run import Run, core_keys, recipe_settings
from ganzoo.setting_errors import suggest_keys
from ganzoo.settings import MAIN_KINDS, NAMED_SECTIONS, Settings

if TYPE_CHECKING:
    from ganzoo.components import (
        ArchitectureSpec,
        AugmentationSpec,
        DatasetSpec,
        LossSpec,
        RegularizerSpec,
    )
    from ganzoo.contracts import AnyLoss as LossOrMethod
    from ganzoo.contracts import Augmentation, Dataset, Regularizer
    from ganzoo.observers.callback import Callback, OnReport
    from ganzoo.observers.observer import Observer
    from ganzoo.output.trained_generator import TrainedGenerator
    from ganzoo.registry import Registry
    from ganzoo.sweeps.sweep import Sweep

    Factory = Callable[..., Any]
    AnyDataset = str | DatasetSpec | Dataset | Factory
    AnyArchitecture = str | ArchitectureSpec | Factory
    AnyLoss = str | LossSpec | LossOrMethod | Factory
    AnyAugmentation = str | AugmentationSpec | Augmentation | Factory
    AnyRegularizer = str | RegularizerSpec | Regularizer | Factory
    AnyRun: TypeAlias = str | Path | TrainedGenerator


def resolve_run(
    objects: Objects,
    components: Mapping[str, Any],
    recipe: str | None,
    plugins: str | Path | Sequence[str | Path],
    layers: Iterable[Mapping[str, Any] | str | Path | None],
) -> Run:
    """The run of these arguments; in ``layers`` of settings, later values override earlier ones.

    ``components`` are names or objects by kind; in ``augment`` and ``regularize``, one or several.

    Raises RequestError if a name or a value is wrong.
    """
    return Run.resolve(*settings_for(objects, components, recipe, plugins, layers))


def settings_for(
    objects: Objects,
    components: Mapping[str, Any],
    recipe: str | None,
    plugins: str | Path | Sequence[str | Path],
    layers: Iterable[Mapping[str, Any] | str | Path | None],
) -> tuple[Settings, Registry]:
    """The settings that the arguments of ``resolve_run`` give, and the plugins for them."""
    named, included = _names(objects, components), _included(objects, components)
    files = [plugins] if isinstance(plugins, str | Path) else plugins
    layers = list(layers)

    def fill(settings: Settings) -> Settings:
        for file in (layer for layer in layers if isinstance(layer, str | Path)):
            settings.read(Path(file))
        settings.add(named, "Python")
        if files:
            settings.set("plugins", [str(file) for file in files], "Python")
        for layer in layers:
            if isinstance(layer, Mapping):
                settings.add(layer, "Python")
        for section, name in included:
            settings.include(section, name, "Python")
        return settings

    settings = fill(Settings())
    known = objects.registry(settings)
    if recipe is not None:
        settings = fill(recipe_settings(recipe, known))
    return settings, known


def _names(objects: Objects, components: Mapping[str, Any]) -> dict[str, str]:
    given = {kind: components.get(kind) for kind in MAIN_KINDS}
    return {kind: objects.name(kind, value) for kind, value in given.items() if value is not None}


def _included(objects: Objects, components: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The components of sections such as ``augment``: each section and name."""
    found = []
    for section, kind in NAMED_SECTIONS.items():
        given = components.get(section, ())
        several = isinstance(given, Sequence) and not isinstance(given, str)
        names = [objects.name(kind, each) for each in (given if several else [given])]
        found += [(section, name) for name in names]
    return found


def open_run(run: AnyRun, components: Mapping[str, Any]) -> tuple[Path, Settings, Objects]:
    """A run's folder or exported file, its stored settings, and its components as objects.

    Raises RequestError if the path is neither.
    """
    path = path_of(run)
    settings, objects = stored_settings(path), Objects()
    settings.add(_names(objects, components), "Python")
    for section, name in _included(objects, components):
        settings.include(section, name, "Python")
    if not isinstance(run, str | Path):
        objects.add_from(run.run)
    return path, settings, objects


def path_of(run: AnyRun) -> Path:
    """The run folder or the exported file."""
    return Path(run) if isinstance(run, str | Path) else run.source


def stored_settings(path: Path) -> Settings:
    """The settings that a run was last started with, from its folder or an exported generator.

    Raises RequestError if the path is neither.
    """
    if is_export(path):
        from ganzoo.export.safetensors_file import read_card

        return read_card(path).stored_settings(path)
    return Settings.of_run(RunFolder.open(path))


def load_generator(
    path: Path, checkpoint: str = "last", components: Mapping[str, Any] | None = None
) -> TrainedGenerator:
    """The generator of a run folder's checkpoint or of an exported file, on the CPU.

    ``components`` are those of the run that were Python objects, by kind. An exported file has one
    checkpoint, ``"last"``. Raises RequestError if the path is neither, if there is no such
    checkpoint, or if it is damaged.
    """
    source, settings, objects = open_run(path, components or {})
    run = Run.resolve(settings, objects.registry(settings), recommend=False)
    return generator_of(source, run, checkpoint)


def generator_of(path: Path, run: Run, checkpoint: str = "last") -> TrainedGenerator:
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


def run_folders(runs: AnyRun | Sweep | Iterable[AnyRun | Sweep]) -> list[RunFolder]:
    """The folders of the runs, without duplicates; for a sweep, of its runs that have started.

    Raises RequestError if there is no run.
    """
    from ganzoo.sweeps.sweep import Sweep
    from ganzoo.sweeps.sweep_file import FILE

    found: dict[Path, RunFolder] = {}
    for run in as_iterable(runs):
        if isinstance(run, str | Path) and (Path(run) / FILE).is_file():
            run = Sweep.open(Path(run))
        folders = run.started if isinstance(run, Sweep) else [RunFolder.open(path_of(run))]
        found |= {folder.path.resolve(): folder for folder in folders}
    if not found:
        raise RequestError("there is no run: give a run folder, or what ganzoo.train returned")
    return list(found.values())


def flags(shorthands: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of flags: values by dotted key, without those that are ``None``.

    Raises RequestError if there is no flag of a name.
    """
    for name in shorthands:
        if name not in FLAGS:
            raise RequestError(
                f"there is no argument {name}: there are {', '.join(FLAGS)}; put other "
                f"keys into settings={{...}}{suggest_keys(name, core_keys())}"
            )
    return {FLAGS[name].key: v for name, v in shorthands.items() if v is not None}


def progress_observer(quiet: bool) -> Observer:
    """An observer that shows progress; with ``quiet``, one that does nothing."""
    from ganzoo.observers.console import ProgressBar
    from ganzoo.observers.observer import Observer

    return Observer() if quiet else ProgressBar()


def report_callbacks(on_report: OnReport | None) -> list[Callback]:
    """The observer that calls ``on_report``, in a list; empty without one."""
    from ganzoo.observers.callback import Callback

    return [Callback(on_report)] if on_report else []


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt for an interruption before there is anything to save."""
    try:
        yield
    except Stopped as error:
        raise KeyboardInterrupt(str(error)) from None
