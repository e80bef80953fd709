"""The short run that tries a component of a plugin together with tiny components."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from ganzoo.components import ArchitectureSpec, ComponentSpec, Options, RecipeSpec
from ganzoo.contracts import ImageShape, LossRequirements, Method, Networks
from ganzoo.errors import RequestError
from ganzoo.registry import Registry
from ganzoo.run import Run, recipe_settings
from ganzoo.testing.architectures import CONDITIONS, SHAPES
from ganzoo.testing.problems import Problems
from ganzoo.testing.resume import check_resume
from ganzoo.testing.runs import resolve_tiny, temporary_cache, with_plugin

_MOST_IMAGES = 1000
"""Datasets of more images are not prepared for a run."""
_MOST_PARAMETERS = 5_000_000
"""Networks of more parameters, and their checkpoints, would take too long."""

Component = tuple[ComponentSpec, Options]
Arguments = dict[str, Any]
"""Arguments of ``check_run``."""


def check_in_run(
    component: ComponentSpec,
    options: Options,
    plugin: ModuleType | object,
    declared: Sequence[Component],
    problems: Problems,
) -> None:
    """The trainer of every run trains four steps with it, and a resumed copy is the same.

    The settings of a recipe are only read, because its networks and images may be large.
    ``declared`` are all components of the plugin: a method may need one of its architectures.
    """
    if isinstance(component, RecipeSpec):
        with problems.catching("a run cannot have its settings"):
            registry = with_plugin(Registry.discover(), plugin)
            Run.resolve(recipe_settings(component.name, registry), registry)
    with problems.catching("a run of four steps fails"):
        arguments = _ARGUMENTS[component.kind](component, options, declared)
        if arguments is None:
            return
        with TemporaryDirectory() as folder, temporary_cache(Path(folder) / "cache"):
            run = resolve_tiny(arguments, plugin=plugin, observers_of_others=False)
            try:
                check_resume(run, Path(folder))
            except AssertionError as error:
                problems.add(f"in a run of four steps, {error}")


def _of_dataset(
    component: ComponentSpec, options: Options, declared: Sequence[Component]
) -> Arguments | None:
    if len(component.build(options)) > _MOST_IMAGES:
        return None
    return {"dataset": component.name, "settings": _options_at("dataset", options)}


def _of_architecture(
    component: ComponentSpec, options: Options, declared: Sequence[Component] = ()
) -> Arguments | None:
    assert isinstance(component, ArchitectureSpec)
    found = _built(component, options)
    if found is None:
        return None
    networks, shape, is_conditional = found
    parameters = [each for one in networks.by_name().values() for each in one.parameters()]
    if sum(parameter.numel() for parameter in parameters) > _MOST_PARAMETERS:
        return None
    settings = {
        **_options_at("architecture", options),
        "data.resolution": f"{shape.width}x{shape.height}",
        "data.channels": shape.channels,
        "data.conditional": is_conditional,
    }
    if component.grows:
        settings |= {"growth.fade_images": 4, "growth.stable_images": 4}
    return {"architecture": component.name, "settings": settings}


def _built(component: ComponentSpec, options: Options) -> tuple[Networks, ImageShape, bool] | None:
    """Networks for the first image shape that they accept, and whether they need a class."""
    assert isinstance(component, ArchitectureSpec)
    kinds = [None, *(kind for kind in component.conditions if kind == "class")]
    for kind in kinds:
        for shape in SHAPES:
            condition = CONDITIONS[kind] if kind else None
            context = {"condition": condition, "requirements": LossRequirements()}
            try:
                return component.build(options, image_shape=shape, **context), shape, bool(kind)
            except RequestError:
                continue
    return None


def _of_loss(
    component: ComponentSpec, options: Options, declared: Sequence[Component]
) -> Arguments | None:
    built = component.build(options)
    phases = built.phases() if isinstance(built, Method) else ()
    networks = {name for phase in phases for name in phase.networks}
    arguments = {"loss": component.name, "settings": _options_at("loss", options)}
    return _with_networks(networks, declared, arguments)


def _of_regularizer(
    component: ComponentSpec, options: Options, declared: Sequence[Component]
) -> Arguments | None:
    arguments = _in_section("regularize", component, options)
    return _with_networks({component.build(options).network}, declared, arguments)


def _with_networks(
    names: set[str], declared: Sequence[Component], arguments: Arguments
) -> Arguments | None:
    """These arguments, with an architecture of the plugin if they need more networks than two."""
    if names <= {"generator", "discriminator"}:
        return arguments
    for other, options in declared:
        found = _built(other, options) if isinstance(other, ArchitectureSpec) else None
        if found and names <= found[0].by_name().keys():
            of_networks = _of_architecture(other, options)
            if of_networks is None:
                return None
            settings = {**of_networks["settings"], **arguments["settings"]}
            return {**of_networks, **arguments, "settings": settings}
    return None


def _of_augmentation(
    component: ComponentSpec, options: Options, declared: Sequence[Component]
) -> Arguments:
    return _in_section("augment", component, options)


def _of_observer(
    component: ComponentSpec, options: Options, declared: Sequence[Component]
) -> Arguments:
    arguments = _in_section("observe", component, options)
    return {"settings": {**arguments["settings"], **_evaluated_by("feature-distance")}}


def _of_metric(
    component: ComponentSpec, options: Options, declared: Sequence[Component]
) -> Arguments:
    of_metric = _options_at(f"metrics.{component.name}", options)
    return {"settings": {**of_metric, **_evaluated_by(component.name), "data.resolution": 32}}


def _of_extractor(
    component: ComponentSpec, options: Options, declared: Sequence[Component]
) -> Arguments:
    chosen = {"extractor.name": component.name, **_options_at("extractor", options)}
    return {"settings": {**chosen, **_evaluated_by("feature-distance")}}


def _in_section(section: str, component: ComponentSpec, options: Options) -> Arguments:
    place = f"{section}.{component.name}"
    return {"settings": {place: True, **_options_at(place, options)}}


def _evaluated_by(metric: str) -> Mapping[str, Any]:
    return {"evaluate.every": 1, "evaluate.metrics": [metric]}


def _options_at(section: str, options: Options) -> dict[str, Any]:
    """The options that are not defaults, by their keys in the settings."""
    given = options.model_dump(mode="json", exclude_defaults=True)
    return {f"{section}.{name}": value for name, value in given.items()}


def _no_run(component: ComponentSpec, options: Options, declared: Sequence[Component]) -> None:
    """Recipes and commands are not tried in a run."""


_ARGUMENTS: Mapping[
    str, Callable[[ComponentSpec, Options, Sequence[Component]], Arguments | None]
] = {
    "dataset": _of_dataset,
    "architecture": _of_architecture,
    "loss": _of_loss,
    "regularizer": _of_regularizer,
    "augmentation": _of_augmentation,
    "metric": _of_metric,
    "extractor": _of_extractor,
    "observer": _of_observer,
    "recipe": _no_run,
    "command": _no_run,
}
