"""What every component must say of itself."""

from __future__ import annotations

import pkgutil
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from ganzoo.components import ArchitectureSpec, ComponentSpec, Options, RecipeSpec, is_options
from ganzoo.errors import did_you_mean
from ganzoo.run import Run, known_keys, section
from ganzoo.settings import setting_error
from ganzoo.testing.findings import Findings

RECOMMENDABLE_SECTIONS = ("checkpoint", "data", "log", "sample", "train")
"""The sections that a component may recommend values for."""


def check_declaration(component: ComponentSpec, found: Findings) -> bool:
    """Check all that a component declares; whether it can be built and tried after that."""
    for fault in component.faults():
        found.add(fault)
    found.expect(str(component.summary).endswith("."), "the summary should be a sentence")
    if isinstance(component.recommends, Mapping):
        _check_recommendations(component, found)
    resolves = isinstance(component, RecipeSpec) or _resolves(component, found)
    return _check_options(component, found) and resolves


def _check_options(component: ComponentSpec, found: Findings) -> bool:
    """Whether the options are a class all of whose defaults may be used."""
    faults = list(component.option_faults())
    if not is_options(component.options):
        return False
    for option, field in component.options.model_fields.items():
        for fault in option_faults(field):
            found.add(f"option {option!r} {fault}")
    if not faults:
        _check_defaults(component.options, found)
    return not faults


def option_faults(field: FieldInfo) -> Iterator[str]:
    """What an option lacks: a default, a description, or a number's bounds."""
    if not field.description:
        yield "needs a description"
    if field.is_required():
        yield "needs a default"
    kinds = set(_kinds(field.annotation))
    if type(None) in kinds and field.default is not None:
        yield "may be None, so that should be its default"
    if kinds & {int, float} and not (field.metadata or _bounded_inside(field)):
        yield "is a number and needs bounds"


def _kinds(annotation: object) -> Iterator[object]:
    inside = typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Literal:
        return
    if not inside:
        yield annotation
    for one in inside:
        yield from _kinds(one)


def _bounded_inside(field: FieldInfo) -> bool:
    return "Annotated" in repr(field.annotation) or "Field" in repr(field.annotation)


def _check_defaults(options: type[Options], found: Findings) -> None:
    """Each default is a value that a user could have given."""
    config = ConfigDict(validate_default=True)
    with found.trying("its options cannot be validated"):
        checked: Any = type(options.__name__, (options,), {"model_config": config})
        try:
            checked.model_validate({})
        except ValidationError as error:
            for each in error.errors():
                if each["loc"]:  # else it is about several options, of which a user gives some
                    option = ".".join(map(str, each["loc"]))
                    message = each["msg"][0].lower() + each["msg"][1:]
                    found.add(f"option {option!r}: its default {each['input']!r}: {message}")


def _check_recommendations(component: ComponentSpec, found: Findings) -> None:
    """Each key is a setting that the component may recommend, each value one that it can have."""
    advises = component.kind in ("dataset", "architecture", "loss")
    if not found.expect(
        advises or not component.recommends, "its recommendations would not be heard"
    ):
        return
    grows = isinstance(component, ArchitectureSpec) and component.grows
    for key, value in component.recommends.items():
        name, _, inside = key.partition(".")
        if name in (*RECOMMENDABLE_SECTIONS, "growth") and inside:
            if fault := _setting_fault(key, value):
                found.add(f"recommends: {fault}")
            elif name == "growth" and not grows:
                found.add(f"recommends {key}, which needs grows=True")
        else:
            known = (
                f"{name}.{each}"
                for name in RECOMMENDABLE_SECTIONS
                for each in known_keys(_model(name))
            )
            found.add(f"recommends {key}, which is not its business{did_you_mean(key, known)}")


def _setting_fault(key: str, value: Any) -> str:
    """Why a setting of a run cannot have this value, or nothing."""
    name, *parts = key.split(".")
    model = _model(name)
    tree: Any = value
    for part in reversed(parts):
        tree = {part: tree}
    try:
        model.model_validate(tree)
    except ValidationError as error:
        known = [f"{name}.{each}" for each in known_keys(model)]
        return str(setting_error(error, name, known, {}))
    return ""


def _model(name: str) -> type[BaseModel]:
    model = section(Run.model_fields[name].annotation)
    assert model, f"{name} is a section"
    return model


def _resolves(component: ComponentSpec, found: Findings) -> bool:
    factory: Any = component.factory
    if isinstance(factory, str):
        try:
            factory = pkgutil.resolve_name(factory)
        except Exception as error:  # noqa: BLE001 - the plugin's module may raise anything
            return found.expect(
                False,
                f"its factory {component.factory!r} cannot be imported: "
                f"{type(error).__name__}: {error}",
            )
    return found.expect(callable(factory), f"its factory {component.factory!r} is not callable")
