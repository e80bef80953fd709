"""Short runs with a plugin's components, by the trainer of every run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ganzoo.errors import RequestError
from ganzoo.objects import Objects
from ganzoo.registry import Plugin, Registry
from ganzoo.run import Run, recipe_settings
from ganzoo.settings import MAIN_KINDS, NAMED_SECTIONS, Settings

if TYPE_CHECKING:
    from ganzoo.output.trained import TrainedRun

_STEPS = 4
_TINY: Mapping[str, Any] = {
    "data.resolution": 16,
    "train.batch_size": 4,
    "train.device": "cpu",
    "log.every": 1,
    "sample.every": 2,
    "sample.count": 4,
}
_TINY_EVALUATION: Mapping[str, Any] = {
    "evaluate.samples": 8,
    "evaluate.real": 8,
    "extractor.name": "tiny-components/mean-colors",
}
_TINY_PARTS: Mapping[str, str] = {
    "dataset": "tiny-components/noise",
    "architecture": "tiny-components/two-layers",
    "loss": "tiny-components/softplus",
}
_TINY_PLUGIN = Path(__file__).with_name("tiny_components.py")
_ORIGIN = "check_run"


def check_run(
    *,
    dataset: Any = None,
    architecture: Any = None,
    loss: Any = None,
    augment: Any = (),
    regularize: Any = (),
    recipe: str | None = None,
    settings: Mapping[str, Any] | None = None,
    plugin: ModuleType | object | None = None,
    folder: str | Path,
) -> TrainedRun:
    """Train four steps, resume a copy from step two, and return the run if both are the same.

    Components and settings are those of ``ganzoo.train``: names or objects, and values by dotted
    key. What is not named is tiny: 16 images of noise of 16 x 16 pixels, networks of two layers, a
    simple loss, batches of four, on the CPU. ``plugin`` is the module of a plugin, which need not
    be installed; its components are preferred to others of the same name. ``folder`` is a new
    folder for the two runs and for the cache.

    Raises AssertionError if the runs differ in one bit, or if an observer or a metric failed; and
    the errors of ``ganzoo.train``, also for several processes, which would run all tests again.
    """
    from ganzoo.testing.resume import check_resume

    parts = {"dataset": dataset, "architecture": architecture, "loss": loss}
    parts |= {"augment": augment, "regularize": regularize}
    place = Path(folder)
    place.mkdir(parents=True)
    with temporary_cache(place / "cache"):
        run = resolve_tiny({**parts, "recipe": recipe, "settings": settings}, plugin)
        if (run.train.devices or 1) * (run.train.nodes or 1) > 1:
            raise RequestError(
                "a tiny run is one process: write train.accumulate=2, which computes the terms as "
                "two processes do, or use `ganzoo train --devices 2`"
            )
        return check_resume(run, place)


def resolve_tiny(
    arguments: Mapping[str, Any],
    plugin: ModuleType | object | None,
    *,
    observers_of_others: bool = True,
) -> Run:
    """The run of these arguments of ``check_run``, with tiny components for all others."""
    objects, settings = Objects(), Settings()
    main = {kind: arguments.get(kind) for kind in MAIN_KINDS}
    named = {kind: objects.name(kind, given) for kind, given in main.items() if given is not None}
    included = [
        (section, objects.name(NAMED_SECTIONS[section], each))
        for section in ("augment", "regularize")
        for each in _listed(arguments.get(section, ()))
    ]
    recipe, given = arguments.get("recipe"), arguments.get("settings") or {}
    files = {"plugins": [str(_TINY_PLUGIN), *_file_of(plugin)]}
    settings.add(files, _ORIGIN)
    registry = with_plugin(objects.registry(settings), plugin, observers_of_others)
    if recipe is not None:
        settings = recipe_settings(recipe, registry)
        settings.add(files, _ORIGIN)
        for other_length in ("train.epochs", "train.images"):
            settings.drop(other_length)
    settings.add(_TINY_PARTS if recipe is None else {}, _ORIGIN)
    settings.add(_tiny(given), _ORIGIN)
    settings.add({**named, **given}, _ORIGIN)
    for section, name in included:
        settings.include(section, name, _ORIGIN)
    return Run.resolve(settings, registry)


def _tiny(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a tiny run, with a checkpoint in the middle."""
    steps = int(given.get("train.steps", _STEPS))
    evaluation = _TINY_EVALUATION if given.get("evaluate.every") else {}
    return {**_TINY, **evaluation, "train.steps": steps, "checkpoint.every": max(1, steps // 2)}


def _listed(given: Any) -> Sequence[Any]:
    return given if isinstance(given, Sequence) and not isinstance(given, str) else [given]


def _file_of(plugin: ModuleType | object | None) -> list[str]:
    """The file of a plugin that is one file; a run then names it like ``--plugin FILE``."""
    file, name = getattr(plugin, "__file__", None), str(getattr(plugin, "__name__", ""))
    is_package = hasattr(plugin, "__path__") or "." in name
    return [str(file)] if file and not is_package else []


def with_plugin(
    registry: Registry, plugin: ModuleType | object | None, observers_of_others: bool = True
) -> Registry:
    """The same components, and those of a plugin instead of others of the same kind and name."""
    if plugin is None:
        return registry
    name = registry.hooks.plugin_of(plugin)
    if name is None:
        module = str(getattr(plugin, "__name__", "plugin")).rpartition(".")[2]
        name = module.removeprefix("ganzoo_").replace("_", "-")
        if name in {installed.name for installed in registry.plugins}:
            name = f"{name}-under-test"
        registry.register(plugin, Plugin(name, "under test", ""))
    entries = registry.entries()
    hidden = {(e.component.kind, e.component.name) for e in entries if e.plugin.name == name}
    if not observers_of_others:
        hidden |= {("observer", entry.component.name) for entry in registry.entries("observer")}
    preferred = Registry()
    for component, owner in entries:
        if owner.name == name or (component.kind, component.name) not in hidden:
            preferred.add_components([component], owner)
    return preferred


@contextmanager
def temporary_cache(folder: Path) -> Iterator[None]:
    """A context in which this folder is the cache."""
    before = os.environ.get("GANZOO_CACHE")
    os.environ["GANZOO_CACHE"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["GANZOO_CACHE"]
        else:
            os.environ["GANZOO_CACHE"] = before
