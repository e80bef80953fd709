"""Short runs with a plugin's components, by the trainer of every run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

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
    the errors of ``ganzoo.train``.
    """
    from ganzoo.testing.resume import check_resume

    parts = {"dataset": dataset, "architecture": architecture, "loss": loss}
    parts |= {"augment": augment, "regularize": regularize}
    place = Path(folder)
    place.mkdir(parents=True)
    with _cache(place / "cache"):
        run = _resolve(parts, recipe, settings or {}, plugin)
        return check_resume(run, place)


def _resolve(
    parts: Mapping[str, Any],
    recipe: str | None,
    given: Mapping[str, Any],
    plugin: ModuleType | object | None,
) -> Run:
    """The run of these components and settings, with tiny ones for all others."""
    objects, settings = Objects(), Settings()
    named = {k: objects.name(k, parts[k]) for k in MAIN_KINDS if parts[k] is not None}
    included = [
        (section, objects.name(NAMED_SECTIONS[section], each))
        for section in ("augment", "regularize")
        for each in _listed(parts[section])
    ]
    files = {"plugins": [str(_TINY_PLUGIN), *_file_of(plugin)]}
    settings.add(files, _ORIGIN)
    registry = _with_plugin(objects.registry(settings), plugin)
    if recipe is not None:
        settings = recipe_settings(recipe, registry)
        settings.add({**files, "train.epochs": None, "train.images": None}, _ORIGIN)
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
    file = getattr(plugin, "__file__", None)
    is_package = hasattr(plugin, "__path__")
    return [str(file)] if file and not is_package and "." not in str(plugin.__name__) else []


def _with_plugin(registry: Registry, plugin: ModuleType | object | None) -> Registry:
    """The same components, and those of a plugin instead of others of the same kind and name."""
    if plugin is None:
        return registry
    name = registry.name_of(plugin)
    if name is None:
        module = str(getattr(plugin, "__name__", "plugin")).rpartition(".")[2]
        name = module.removeprefix("ganzoo_").replace("_", "-")
        registry.register(plugin, Plugin(name, "under test", ""))
    own = {
        (e.component.kind, e.component.name) for e in registry.entries() if e.plugin.name == name
    }
    preferred = Registry()
    for entry in registry.entries():
        if entry.plugin.name == name or (entry.component.kind, entry.component.name) not in own:
            preferred.add_components([entry.component], entry.plugin)
    return preferred


@contextmanager
def _cache(folder: Path) -> Iterator[None]:
    """Use this folder as the cache."""
    before = os.environ.get("GANZOO_CACHE")
    os.environ["GANZOO_CACHE"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["GANZOO_CACHE"]
        else:
            os.environ["GANZOO_CACHE"] = before
