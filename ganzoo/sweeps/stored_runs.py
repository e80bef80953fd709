"""The runs of a sweep from its folder, in a process that has not created it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from ganzoo.errors import RequestError
from ganzoo.registry import Registry
from ganzoo.run import Run, discover_plugins, plugin_files
from ganzoo.settings import Settings
from ganzoo.sweeps.sweep import Sweep
from ganzoo.sweeps.sweep_file import FILE
from ganzoo.sweeps.trial import Trial


def discovered(files: tuple[Path, ...]) -> Registry:
    """The installed plugins and those in these files; they are searched once, with warnings."""
    settings = Settings()
    settings.set("plugins", [str(file) for file in files], "the sweep")
    return discover_plugins(settings)


class StoredRuns:
    """Resolves the settings of trials to runs."""

    def __init__(
        self,
        sweep: Sweep,
        device: str | None = None,
        registry: Callable[[tuple[Path, ...]], Registry] = discovered,
        place: Callable[[str], str] = str,
    ) -> None:
        self._sweep = sweep
        self._device = device
        self._place = place
        """Makes the device of this process from that of a run."""
        self._registry = cache(registry)

    def __call__(self, trial: Trial) -> Run:
        """The run of a trial, as it was resolved when the sweep was made.

        Raises RequestError if it is not possible here, such as without a plugin.
        """
        if not trial.settings:
            raise RequestError("its settings are not valid")
        settings = Settings()
        settings.add(trial.settings, str(self._sweep.path / FILE))
        own = trial.settings.get("train", {}).get("device", "auto")
        if (device := self._place(self._device or own)) != own:
            settings.set("train.device", device, "command line")
        return Run.resolve(settings, self.known(settings), recommend=False)

    def resolve(self, settings: Settings) -> Run:
        """The run of new settings, with the recommendations of its components."""
        return Run.resolve(settings, self.known(settings))

    def known(self, settings: Settings) -> Registry:
        """The plugins that these settings need."""
        return self._registry(tuple(plugin_files(settings)))
