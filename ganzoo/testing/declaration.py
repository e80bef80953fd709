"""Checks of the declarations of components."""

from __future__ import annotations

import pkgutil
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from ganzoo.components import ArchitectureSpec, ComponentSpec, RecipeSpec
from ganzoo.errors import RequestError, did_you_mean
from ganzoo.options import Options, is_options, section_model
from ganzoo.run import Run
from ganzoo.scheduled_options import validated
from ganzoo.sections import known_keys
from ganzoo.settings import MAIN_KINDS, NAMED_SECTIONS
from ganzoo.testing.problems import Problems

RECOMMENDABLE_SECTIONS = ("checkpoint", "data", "log", "sample", "train")
"""The sections that a component may recommend values for."""


def check_declaration(component: ComponentSpec, problems: Problems) -> bool:
    """Check the declaration of a component; whether the component can be built."""
    for fault in component.faults():
        problems.add(fault)
    problems.expect(
        str(component.summary).endswith("."),
        "its summary should be a sentence that ends with a full stop",
    )
    if isinstance(component.recommends, Mapping):
        _check_recommendations(component, problems)
    resolves = isinstance(component, RecipeSpec) or _resolves(component, problems)
    return _check_options(component, problems) and resolves


def _check_options(component: ComponentSpec, problems: Problems) -> bool:
    """Check the options; whether a component can be built with their defaults."""
    faults = list(component.option_faults())
    if not is_options(component.options):
        return False
    for option, field in component.options.model_fields.items():
        for fault in option_faults(field):
            problems.add(f"option {option!r} {fault}")
    if not faults:
        _check_defaults(component.options, problems)
    return not faults


def option_faults(field: FieldInfo) -> Iterator[str]:
    """The faults of an option: no default, no description, a number without bounds."""
    if not field.description:
        yield "needs a description"
    if field.is_required():
        yield "needs a default"
    kinds = set(_kinds(field.annotation))
    if type(None) in kinds and field.default is not None:
        yield "may be None, so None should be its default"
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


def _check_defaults(options: type[Options], problems: Problems) -> None:
    """Each default passes the validation."""
    config = ConfigDict(validate_default=True)
    with problems.catching("its options cannot be validated"):
        checked: Any = type(options.__name__, (options,), {"model_config": config})
        try:
            checked.model_validate({})
        except ValidationError as error:
            for each in error.errors():
                if each["loc"]:  # without a place it concerns several options together
                    option = ".".join(map(str, each["loc"]))
                    message = each["msg"][0].lower() + each["msg"][1:]
                    problems.add(f"option {option!r}: its default {each['input']!r}: {message}")


def _check_recommendations(component: ComponentSpec, problems: Problems) -> None:
    """Each recommended key may be recommended by this kind, and each value is valid."""
    can_recommend = component.kind in MAIN_KINDS
    if not problems.expect(
        can_recommend or not component.recommends,
        f"its recommendations are not used: components of kind {component.kind} have none",
    ):
        return
    grows = isinstance(component, ArchitectureSpec) and component.grows
    for key, value in component.recommends.items():
        name, _, inside = key.partition(".")
        if name in NAMED_SECTIONS and inside:
            if "." not in inside and not isinstance(value, bool | Mapping):
                problems.add(f"recommends {key}={value!r}: write True, False or a mapping")
        elif name in (*RECOMMENDABLE_SECTIONS, "growth") and inside:
            if fault := _setting_fault(key, value):
                problems.add(f"recommends: {fault}")
            elif name == "growth" and not grows:
                problems.add(f"recommends {key}, which needs grows=True")
        else:
            known = (
                f"{name}.{each}"
                for name in RECOMMENDABLE_SECTIONS
                for each in known_keys(_model(name))
            )
            problems.add(f"recommends {key}, which it cannot recommend{did_you_mean(key, known)}")


def _setting_fault(key: str, value: Any) -> str:
    """Why a setting cannot have this value; empty if it can."""
    name, *parts = key.split(".")
    model = _model(name)
    tree: Any = value
    for part in reversed(parts):
        tree = {part: tree}
    try:
        validated(model, tree, name, {}, [f"{name}.{each}" for each in known_keys(model)])
    except RequestError as error:
        return str(error)
    return ""


def _model(name: str) -> type[BaseModel]:
    model = section_model(Run.model_fields[name].annotation)
    assert model, f"{name} is a section"
    return model


def _resolves(component: ComponentSpec, problems: Problems) -> bool:
    factory: Any = component.factory
    if isinstance(factory, str):
        try:
            factory = pkgutil.resolve_name(factory)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            return problems.expect(
                False,
                f"its factory {component.factory!r} cannot be imported: "
                f"{type(error).__name__}: {error}",
            )
    return problems.expect(callable(factory), f"its factory {component.factory!r} is not callable")
