"""The arguments of the functions of ``api``: the settings of a new run, and what is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ganzoo.errors import RequestError, Stopped
from ganzoo.flags import FLAGS
from ganzoo.objects import Objects
from ganzoo.planning.dataset_paths import dataset_of, may_be_path
from ganzoo.run import Run, core_keys, recipe_settings
from ganzoo.setting_errors import suggest_keys
from ganzoo.settings import Settings
from ganzoo.user_path import user_path

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
    from ganzoo.registry import Registry

    Factory = Callable[..., Any]
    AnyDataset = str | Path | DatasetSpec | Dataset | Factory
    AnyArchitecture = str | ArchitectureSpec | Factory
    AnyLoss = str | LossSpec | LossOrMethod | Factory
    AnyAugmentation = str | AugmentationSpec | Augmentation | Factory
    AnyRegularizer = str | RegularizerSpec | Regularizer | Factory


@dataclass(frozen=True)
class RunArguments:
    """What the arguments of ``train`` say of a new run."""

    components: Mapping[str, Any]
    """Names or objects by kind; in ``augment`` and ``regularize``, one or several."""
    recipe: str | None
    plugins: str | Path | Sequence[str | Path]
    layers: Sequence[Mapping[str, Any] | str | Path | None] = ()
    """Settings and files of settings; later values override earlier ones."""

    @property
    def files(self) -> list[Path]:
        """The files of settings."""
        return [user_path(layer) for layer in self.layers if isinstance(layer, str | Path)]

    def with_values(self, components: Mapping[str, Any], *layers: Mapping[str, Any]) -> Self:
        """The same with these components, and with these settings below the others."""
        mixed = {**self.components, **components}
        return replace(self, components=mixed, layers=[*layers, *self.layers])

    def opening(self) -> Self:
        """The same with the dataset that opens it, if the dataset is the path of images.

        Raises RequestError if there is no such path, or if no dataset opens it.
        """
        what = self.components.get("dataset")
        if not isinstance(what, str) or not may_be_path(what):
            return self
        return self.with_dataset(what)

    def with_dataset(self, what: str) -> Self:
        """The same with the dataset that a word names: an installed one, or one that opens a path.

        Raises RequestError if there is none.
        """
        others = self.with_values({"dataset": None})
        _, known = others.settings()
        return others.with_values({}, dataset_of(what, known))

    def resolve(self) -> Run:
        """The run.

        Raises RequestError if a name or a value is wrong.
        """
        return Run.resolve(*self.settings())

    def settings(self) -> tuple[Settings, Registry]:
        """The settings of the run, and the plugins for them, with its components as objects."""
        objects = Objects()
        named = objects.main_names(self.components)
        included = objects.included(self.components)
        plugins = [self.plugins] if isinstance(self.plugins, str | Path) else self.plugins

        def fill(settings: Settings) -> Settings:
            for file in self.files:
                settings.read(file)
            settings.add(named, "Python")
            if plugins:
                settings.set("plugins", [str(file) for file in plugins], "Python")
            for layer in self.layers:
                if isinstance(layer, Mapping):
                    settings.add(layer, "Python")
            for section, name in included:
                settings.include(section, name, "Python")
            return settings

        settings = fill(Settings())
        known = objects.registry(settings)
        if self.recipe is not None:
            settings = fill(recipe_settings(self.recipe, known))
        return settings, known


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
