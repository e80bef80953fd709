"""Setting keys, and what each of them means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ganzoo.cli.formatting import section, shown, values

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from ganzoo.registry import Entry

SECTIONS = {
    "dataset": "dataset",
    "architecture": "architecture",
    "loss": "loss",
    "augment": "augmentation",
    "metrics": "metric",
    "extractor": "extractor",
}
"""Sections whose settings are the options of a component, and its kind."""


class Key(NamedTuple):
    """A setting: its dotted key, its field, and the component whose option it is, if any."""

    name: str
    field: FieldInfo
    entry: Entry | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What there is to know of it, for programs."""
        return {
            "key": self.name,
            "default": self.field.get_default(call_default_factory=True),
            "values": values(self.field),
            "description": self.field.description,
            "component": self.entry.qualified_name if self.entry else None,
        }

    def lines(self) -> Iterator[str]:
        """The same for people: ``train.steps=10000  (whole number, >= 1)``, then a sentence."""
        of = f" of {self.entry.component.kind} {self.entry.qualified_name}" if self.entry else ""
        yield f"{self.name}={shown(self.field.default)}  ({values(self.field)}){of}"
        yield f"    {self.field.description}"


def keys(entries: Sequence[Entry]) -> list[Key]:
    """Every setting: those of every run, then the options of these components."""
    from ganzoo.run import Run

    options = (
        Key(f"{section(entry.component)}.{name}", field, entry)
        for entry in entries
        for name, field in entry.component.options.model_fields.items()
    )
    return [*_of_every_run(Run, ""), *options]


def setting_meant(option: str | None) -> str:
    """The settings that an option that does not exist, such as ``--lr``, stands for; or nothing."""
    from ganzoo.run import core_keys
    from ganzoo.settings import suggest_keys

    key = (option or "").lstrip("-").replace("-", "_")
    if "." in key:
        return f"; settings are written as KEY=VALUE: {key}=..."
    near = suggest_keys(key, core_keys()) if key else ""
    return near and f"; settings are written as KEY=VALUE{near}"


def _of_every_run(model: type[BaseModel], prefix: str) -> Iterator[Key]:
    from ganzoo.sections import section as inside

    for name, field in model.model_fields.items():
        if below := inside(field.annotation):
            yield from _of_every_run(below, f"{prefix}{name}.")
        elif f"{prefix}{name}" not in SECTIONS and field.description:
            yield Key(f"{prefix}{name}", field)


def named(name: str, known: Sequence[Key]) -> list[Key]:
    """The settings of this key or in this section; ``dcgan.channels`` is a component's option."""
    exact = [key for key in known if f"{key.name}.".startswith(f"{name}.")]
    component, _, option = name.rpartition(".")
    return exact or [
        key
        for key in known
        if key.entry
        and component in (key.entry.component.name, key.entry.qualified_name)
        and key.name.rpartition(".")[2] == option
    ]
