"""The keys of all settings, with their descriptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ganzoo.cli.formatting import allowed_values, format_value, settings_section
from ganzoo.settings import NAMED_SECTIONS

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from ganzoo.registry import Entry

SECTIONS = {
    "dataset": "dataset",
    "architecture": "architecture",
    "loss": "loss",
    **NAMED_SECTIONS,
    "metrics": "metric",
    "extractor": "extractor",
}
"""Sections whose settings are a component's options, with the kind of that component."""


class Key(NamedTuple):
    """A setting: its dotted key, its field, and the component that declares it, if any."""

    name: str
    field: FieldInfo
    entry: Entry | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """The setting as plain values, for JSON."""
        from ganzoo.scheduled_options import may_be_schedule

        return {
            "key": self.name,
            "default": self.field.get_default(call_default_factory=True),
            "values": allowed_values(self.field),
            "description": self.field.description,
            "schedule": may_be_schedule(self.name, self.field),
            "component": self.entry.qualified_name if self.entry else None,
        }

    def lines(self) -> Iterator[str]:
        """The setting as text: ``train.steps=10000  (whole number, >= 1)``, then a sentence."""
        of = f" of {self.entry.component.kind} {self.entry.qualified_name}" if self.entry else ""
        yield f"{self.name}={format_value(self.field.default)}  ({allowed_values(self.field)}){of}"
        yield f"    {self.field.description}"
        yield from schedule_lines(self.name, self.field)


def schedule_lines(key: str, field: FieldInfo) -> Iterator[str]:
    """A line that says that an option may be a schedule, with an example; else nothing."""
    from ganzoo.scheduled_options import example, may_be_schedule

    if may_be_schedule(key, field):
        setting = example(key, field)
        yield "    It may be a schedule" + (f": '{setting}'" if setting else ".")


def all_keys(entries: Sequence[Entry]) -> list[Key]:
    """All settings: those that every run has, then the options of these components."""
    from ganzoo.run import Run

    options = (
        Key(f"{settings_section(entry.component)}.{name}", field, entry)
        for entry in entries
        for name, field in entry.component.options.model_fields.items()
    )
    return [*_core_keys(Run, ""), *options]


def suggest_setting(option: str | None) -> str:
    """A hint that names settings similar to an unknown option, such as ``--lr``; may be empty."""
    from ganzoo.run import core_keys
    from ganzoo.setting_errors import suggest_keys

    key = (option or "").lstrip("-").replace("-", "_")
    if "." in key:
        return f"; settings are written as KEY=VALUE: {key}=..."
    suggestion = suggest_keys(key, core_keys()) if key else ""
    return suggestion and f"; settings are written as KEY=VALUE{suggestion}"


_ANY_NAME = "NAME"
"""Stands in keys for the names in a table of sections: ``train.others.NAME.lr``."""


def _core_keys(model: type[BaseModel], prefix: str) -> Iterator[Key]:
    from ganzoo.options import section_model, table_model

    for name, field in model.model_fields.items():
        if nested := section_model(field.annotation):
            yield from _core_keys(nested, f"{prefix}{name}.")
        elif f"{prefix}{name}" not in SECTIONS and field.description:
            yield Key(f"{prefix}{name}", field)
            if table := table_model(field.annotation):
                yield from _core_keys(table, f"{prefix}{name}.{_ANY_NAME}.")


def find_keys(name: str, keys: Sequence[Key]) -> list[Key]:
    """The settings with this key or in this section.

    ``dcgan.channels`` finds the option ``channels`` of the component ``dcgan``.
    """
    exact = [key for key in keys if _is_in(key.name, name)]
    component, _, option = name.rpartition(".")
    return exact or [
        key
        for key in keys
        if key.entry
        and component in (key.entry.component.name, key.entry.qualified_name)
        and key.name.rpartition(".")[2] == option
    ]


def _is_in(key: str, section: str) -> bool:
    """Whether a key is this section, or is in it; ``NAME`` in a key stands for any name."""
    parts, asked = key.split("."), section.split(".")
    pairs = zip(parts, asked, strict=False)
    return len(parts) >= len(asked) and all(a in (b, _ANY_NAME) for a, b in pairs)
