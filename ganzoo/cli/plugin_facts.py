"""What is known of each installed plugin, and what to do about a plugin that is broken or slow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from ganzoo.registry import Plugin, Registry

_UNKNOWN = "unknown"


class Component(NamedTuple):
    """One component of a plugin."""

    kind: str
    name: str
    summary: str


class PluginFacts(NamedTuple):
    """A plugin with its package, state, components and cost; all values are those of JSON."""

    name: str
    distribution: str
    """The package, or ``local:`` and the path of a file."""
    version: str
    status: str
    """``ok``, ``disabled``, or ``failed:`` and the error."""
    components: Sequence[Component] = ()
    import_seconds: float | None = None
    imports_torch: bool | None = None
    """Whether its import also imported torch, which takes seconds; ``None`` if not imported."""

    @property
    def is_local(self) -> bool:
        """Whether the plugin is a file that was never installed."""
        from ganzoo.registry import Plugin

        return bool(Plugin(*self[:3]).file)

    @property
    def is_bundled(self) -> bool:
        """Whether the plugin is a part of ganzoo."""
        return self.distribution == "ganzoo-toolkit"

    @property
    def failed(self) -> bool:
        """Whether the plugin cannot be used."""
        return self.status.startswith("failed")

    @property
    def package(self) -> str:
        """The package with its version."""
        return f"{self.distribution} {self.version}".strip()

    @property
    def offers(self) -> list[str]:
        """How many components of each kind it has: ``["2 losses", "1 recipe"]``."""
        from ganzoo.components import plural

        counts = Counter(component.kind for component in self.components)
        return [f"{n} {kind if n == 1 else plural(kind)}" for kind, n in counts.items()]

    @property
    def offer(self) -> str:
        """The components in a few words; a plugin without any says so."""
        return ", ".join(self.offers) or "no components"

    @property
    def problem(self) -> str:
        """What is wrong and what to do, in one line; empty if nothing is."""
        if self.failed:
            return f"{self.status}; {self._remedy}"
        from ganzoo.registry import SLOW_IMPORT

        reasons = ["imports torch"] if self.imports_torch else []
        if (self.import_seconds or 0) > SLOW_IMPORT:
            reasons.append(f"takes {self.import_seconds:.1f} s to import")
        if not reasons:
            return ""
        return (
            f"{' and '.join(reasons)}, for which every command waits: its __init__.py should name "
            f"the code by import strings; GANZOO_DISABLE_PLUGINS={self.name} skips it"
        )

    @property
    def _remedy(self) -> str:
        """What to do about a plugin that failed."""
        if self.is_local:
            return "correct the file"
        if self.is_bundled or self.distribution == _UNKNOWN:
            return f"GANZOO_DISABLE_PLUGINS={self.name} skips it"
        return f"`ganzoo uninstall {self.distribution}` removes it"

    def as_json(self) -> dict[str, object]:
        """All facts for ``--json``."""
        components = [component._asdict() for component in self.components]
        more = {"offers": self.offers, "problem": self.problem}
        return {**self._asdict(), "components": components, **more}

    @classmethod
    def from_json(cls, facts: dict[str, object]) -> Self:
        """The inverse of ``as_json``."""
        known: dict[str, object] = {key: facts[key] for key in cls._fields}
        components: object = known["components"]
        assert isinstance(components, list)
        known["components"] = [Component(**component) for component in components]
        return cls(**known)  # type: ignore[arg-type]


def plugin_facts(registry: Registry) -> list[PluginFacts]:
    """The facts of all plugins, sorted by name."""
    states = [(plugin, "ok") for plugin in registry.plugins]
    states += [(plugin, "disabled") for plugin in registry.disabled]
    states += [(failure.plugin, f"failed: {failure.reason}") for failure in registry.failures]
    found = [_facts(registry, plugin, status) for plugin, status in states]
    return sorted(found, key=lambda facts: facts.name)


def _facts(registry: Registry, plugin: Plugin, status: str) -> PluginFacts:
    specs = [entry.component for entry in registry.entries() if entry.plugin == plugin]
    return PluginFacts(
        *plugin,
        status,
        [Component(spec.kind, spec.name, spec.summary) for spec in specs],
        registry.import_seconds.get(plugin.name),
        None if status == "disabled" else plugin.name in registry.torch_importers,
    )
