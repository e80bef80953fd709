"""What a Python program asks for: the run of its arguments, and runs by folder or object."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import RequestError, Stopped
from ganzoo.folders import RunFolder
from ganzoo.objects import Objects, component_of
from ganzoo.run import SHORTHANDS, Run, core_keys, settings_of
from ganzoo.settings import NAMED, Settings, meant

if TYPE_CHECKING:
    from ganzoo.components import ArchitectureSpec, AugmentationSpec, DatasetSpec, LossSpec
    from ganzoo.contracts import Augmentation, Dataset, Loss
    from ganzoo.observers.callback import Callback, OnReport
    from ganzoo.observers.observer import Observer
    from ganzoo.output.trained import TrainedRun
    from ganzoo.sweeps import Sweep

    Factory = Callable[..., Any]
    AnyDataset = str | DatasetSpec | Dataset | Factory
    AnyArchitecture = str | ArchitectureSpec | Factory
    AnyLoss = str | LossSpec | Loss | Factory
    AnyAugmentation = str | AugmentationSpec | Augmentation | Factory
    AnyRun = str | Path | TrainedRun


def resolved(
    objects: Objects,
    components: Mapping[str, Any],
    augment: Any,
    recipe: str | None,
    plugins: str | Path | Sequence[str | Path],
    layers: Iterable[Mapping[str, Any] | str | Path | None],
) -> Run:
    """The run of these arguments; ``layers`` are settings, the last of which win.

    Raises RequestError if it cannot be had.
    """
    named, augments = _names(objects, components), _augments(objects, augment)
    files = [plugins] if isinstance(plugins, str | Path) else plugins
    parts = list(layers)

    def fill(settings: Settings) -> Settings:
        for file in (part for part in parts if isinstance(part, str | Path)):
            settings.read(Path(file))
        settings.add(named, "Python")
        if files:
            settings.set("plugins", [str(file) for file in files], "Python")
        for part in parts:
            if isinstance(part, Mapping):
                settings.add(part, "Python")
        settings.recommend(augments, "Python")
        return settings

    settings = fill(Settings())
    known = objects.registry(settings)
    if recipe is not None:
        settings = fill(settings_of(recipe, known))
    return Run.resolve(settings, known)


def _names(objects: Objects, components: Mapping[str, Any]) -> dict[str, str]:
    given = {kind: value for kind, value in components.items() if value is not None}
    return {kind: objects.name(kind, value) for kind, value in given.items()}


def _augments(objects: Objects, augment: Any) -> dict[str, Any]:
    several = isinstance(augment, Sequence) and not isinstance(augment, str)
    names = [objects.name("augmentation", each) for each in (augment if several else [augment])]
    return {f"augment.{name}": {} for name in names}


def opened(
    run: AnyRun, components: Mapping[str, Any], augment: Any
) -> tuple[RunFolder, Settings, Objects]:
    """A run's folder, its settings as it was last started, and the objects that it is made of.

    Raises RequestError if it is not the folder of a run.
    """
    folder = RunFolder.open(_path(run))
    settings, objects = stored_settings(folder), Objects()
    settings.add(_names(objects, components), "Python")
    settings.recommend(_augments(objects, augment), "Python")
    if not isinstance(run, str | Path):
        objects.add_from(run.run)
    return folder, settings, objects


def _path(run: AnyRun) -> Path:
    return Path(run) if isinstance(run, str | Path) else run.folder


def several(runs: AnyRun | Sweep | Iterable[AnyRun | Sweep]) -> Iterable[AnyRun | Sweep]:
    """The runs that are given, of which there may be a single one."""
    from ganzoo.output.trained import TrainedRun
    from ganzoo.sweeps import Sweep

    return [runs] if isinstance(runs, str | Path | TrainedRun | Sweep) else runs


def run_folders(runs: AnyRun | Sweep | Iterable[AnyRun | Sweep]) -> list[RunFolder]:
    """The folder of each run, once; a sweep stands for its runs that have begun.

    Raises RequestError if there is none.
    """
    from ganzoo.sweeps import FILE, Sweep

    found: dict[Path, RunFolder] = {}
    for run in several(runs):
        if isinstance(run, str | Path) and (Path(run) / FILE).is_file():
            run = Sweep.open(Path(run))
        folders = run.begun if isinstance(run, Sweep) else [RunFolder.open(_path(run))]
        found |= {folder.path.resolve(): folder for folder in folders}
    if not found:
        raise RequestError("there is no run: give the folder of one, or what ganzoo.train returned")
    return list(found.values())


def combinations(asked: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """One value of every list, the first list slowest, and as text what sets each choice apart."""
    axes = {key: value if isinstance(value, list) else [value] for key, value in asked.items()}
    for values in itertools.product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        yield chosen, {key: _told(key, v) for key, v in chosen.items() if len(axes[key]) > 1}


def _told(key: str, value: object) -> str:
    if key in NAMED and not isinstance(value, str):
        return component_of(key, value).name
    return str(value)


def stored_settings(folder: RunFolder) -> Settings:
    """The settings that a run was last started with."""
    return Settings.of_run(folder)


def folder_maker(run: Run, path: str | Path | None) -> Callable[[], RunFolder]:
    """What makes the folder of a new run when it is called.

    Raises RequestError at once if something is there already.
    """
    if path is not None:
        RunFolder.require_free(Path(path))
        return lambda: RunFolder.create(Path(path), run.tree())
    return lambda: RunFolder.create_numbered(Path("runs"), run.title, run.tree())


def flags(shorthands: Mapping[str, Any]) -> dict[str, Any]:
    """Values by dotted key, from values by the name of their flag; ``None`` is not given.

    Raises RequestError for a name that is no flag.
    """
    for name in shorthands:
        if name not in SHORTHANDS:
            raise RequestError(
                f"there is no argument {name}: there are {', '.join(SHORTHANDS)}; other keys go "
                f"into settings={{...}}{meant(name, core_keys())}"
            )
    return {SHORTHANDS[name]: v for name, v in shorthands.items() if v is not None}


def progress(quiet: bool) -> Observer:
    """What shows the progress, or nothing."""
    from ganzoo.observers.console import ProgressBar
    from ganzoo.observers.observer import Observer

    return Observer() if quiet else ProgressBar()


def callbacks(on_report: OnReport | None) -> list[Callback]:
    """The observers of a function that is told of every report."""
    from ganzoo.observers.callback import Callback

    return [Callback(on_report)] if on_report else []


@contextmanager
def interruptible() -> Iterator[None]:
    """Where nothing is there to save yet, an interruption is a KeyboardInterrupt."""
    try:
        yield
    except Stopped as error:
        raise KeyboardInterrupt(str(error)) from None
