"""The short run that tries a component of a plugin together with tiny components."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from ganzoo.components import ArchitectureSpec, ComponentSpec, RecipeSpec
from ganzoo.contracts import ImageShape, LossRequirements, Method, Networks
from ganzoo.errors import RequestError
from ganzoo.options import Options
from ganzoo.registry import Registry
from ganzoo.run import Run, recipe_settings
from ganzoo.testing.architectures import CONDITIONS, SHAPES
from ganzoo.testing.problems import Problems
from ganzoo.testing.resume import check_resume
from ganzoo.testing.runs import resolve_tiny, temporary_cache, with_plugin
from ganzoo.testing.updates import needs_condition, refuses_other_networks
from ganzoo.training.regularization import networks_of

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
        arguments = _arguments(component, options, declared)
        if arguments is None:
            return
        with TemporaryDirectory() as folder, temporary_cache(Path(folder) / "cache"):
            run = resolve_tiny(arguments, plugin=plugin, observers_of_others=False)
            try:
                check_resume(run, Path(folder))
            except AssertionError as error:
                problems.add(f"in a run of four steps, {error}")


def _arguments(
    component: ComponentSpec, options: Options, declared: Sequence[Component]
) -> Arguments | None:
    """A short run with the component; ``None`` if there is none, or it would take too long."""
    name = component.name
    match component.kind:
        case "dataset":
            small = len(component.build(options)) <= _MOST_IMAGES
            return {"dataset": name, "settings": _at("dataset", options)} if small else None
        case "architecture":
            return _of_architecture(component, options)
        case "loss":
            built = component.build(options)
            phases = built.phases() if isinstance(built, Method) else ()
            networks = {network for phase in phases for network in phase.networks}
            return _with_networks(
                networks, declared, {"loss": name, "settings": _at("loss", options)}
            )
        case "regularizer":
            settings = _in_section("regularize", name, options)
            networks = set(networks_of(component.build(options)))
            if refuses_other_networks(component, options) and any(
                isinstance(other, ArchitectureSpec) for other, _ in declared
            ):
                return _with_architecture(networks, declared, {"settings": settings})
            settings["data.conditional"] = needs_condition(component, options)
            return _with_networks(networks, declared, {"settings": settings})
        case "augmentation":
            return {"settings": _in_section("augment", name, options)}
        case "observer":
            settings = _in_section("observe", name, options)
            return {"settings": settings | _evaluated_by("feature-distance")}
        case "metric":
            settings = _at(f"metrics.{name}", options) | _evaluated_by(name)
            return {"settings": settings | {"data.resolution": 32}}
        case "extractor":
            settings = {"extractor.name": name, **_at("extractor", options)}
            return {"settings": settings | _evaluated_by("feature-distance")}
    return None


def _of_architecture(component: ComponentSpec, options: Options) -> Arguments | None:
    assert isinstance(component, ArchitectureSpec)
    found = _built(component, options)
    if found is None:
        return None
    networks, shape, is_conditional = found
    parameters = [each for one in networks.by_name().values() for each in one.parameters()]
    if sum(parameter.numel() for parameter in parameters) > _MOST_PARAMETERS:
        return None
    settings = {
        **_at("architecture", options),
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


def _with_networks(
    names: set[str], declared: Sequence[Component], arguments: Arguments
) -> Arguments | None:
    """These arguments, with an architecture of the plugin if they need more networks than two."""
    if names <= {"generator", "discriminator"}:
        return arguments
    return _with_architecture(names, declared, arguments)


def _with_architecture(
    names: set[str], declared: Sequence[Component], arguments: Arguments
) -> Arguments | None:
    """These arguments, with the first architecture of the plugin that has these networks."""
    for other, options in declared:
        found = _built(other, options) if isinstance(other, ArchitectureSpec) else None
        if found and names <= found[0].by_name().keys():
            of_networks = _of_architecture(other, options)
            if of_networks is None:
                return None
            settings = {**of_networks["settings"], **arguments["settings"]}
            return {**of_networks, **arguments, "settings": settings}
    return None


def _in_section(section: str, name: str, options: Options) -> dict[str, Any]:
    return {f"{section}.{name}": True, **_at(f"{section}.{name}", options)}


def _evaluated_by(metric: str) -> dict[str, Any]:
    return {"evaluate.every": 1, "evaluate.metrics": [metric]}


def _at(section: str, options: Options) -> dict[str, Any]:
    """The options that are not defaults, by their keys in the settings."""
    given = options.model_dump(mode="json", exclude_defaults=True)
    return {f"{section}.{name}": value for name, value in given.items()}
