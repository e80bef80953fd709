"""Build the observers of a run from its settings."""

from __future__ import annotations

from ganzoo.configured_components import ConfiguredComponent
from ganzoo.errors import in_one_line
from ganzoo.observers.observer import ObservedRun, Observer, require_observer
from ganzoo.run import Run


def build_observers(run: Run, observed: ObservedRun) -> tuple[list[Observer], list[str]]:
    """The observers of a run, and for each that cannot be built a message of one line."""
    built, failures = [], []
    for configured in run.observe.values():
        try:
            built.append(_build(configured, observed))
        except Exception as error:  # noqa: BLE001 - an observer must not stop the run
            failures.append(f"{in_one_line(error)}; the run goes on without this observer")
    return built, failures


def _build(configured: ConfiguredComponent, observed: ObservedRun) -> Observer:
    code = configured.entry.code
    observer: Observer = configured.build(run=observed)
    with code:
        require_observer(observer)
    observer.plugin_code = code
    return observer
