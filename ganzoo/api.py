"""ganzoo from Python: train a run, go on with one, open one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import RequestError
from ganzoo.folders import RunFolder
from ganzoo.run import SHORTHANDS, Run, core_keys
from ganzoo.settings import NAMED, Settings, meant

if TYPE_CHECKING:
    from ganzoo.observing.observer import Observer
    from ganzoo.output.trained import TrainedRun


def train(
    dataset: str,
    architecture: str,
    loss: str,
    *,
    augment: str | Sequence[str] = (),
    folder: str | Path | None = None,
    plugins: str | Path | Sequence[str | Path] = (),
    settings: Mapping[str, Any] | None = None,
    quiet: bool = False,
    **shorthands: Any,
) -> TrainedRun:
    """Train a new run and return it: ``train("blossoms", "dcgan", "wgan-gp", steps=200)``.

    ``settings`` maps dotted keys to values, such as ``{"loss.gp_weight": 5}``; the rest are the
    flags of ``ganzoo train``: ``resolution``, ``batch_size``, ``steps``, ``epochs``, ``seed``,
    ``device``, ``devices``, ``precision``. The run's folder is ``folder``, which must not exist,
    or else the next free one in ``runs``.

    Raises RequestError if the request is wrong; nothing has been written then.
    """
    gathered = Settings()
    named = dict(zip(NAMED, (dataset, architecture, loss), strict=True))
    files = [plugins] if isinstance(plugins, str | Path) else plugins
    gathered.add({**named, "plugins": [str(file) for file in files]}, "Python")
    gathered.add({**flags(shorthands), **(settings or {})}, "Python")
    names = [augment] if isinstance(augment, str) else augment
    gathered.recommend({f"augment.{name}": {} for name in names}, "Python")
    run = Run.resolve(gathered)

    from ganzoo.training import session

    place, _ = session.train(run, folder_maker(run, folder), _progress(quiet))
    return load(place.path)


def resume(folder: str | Path, *, quiet: bool = False, **shorthands: Any) -> TrainedRun:
    """Go on with a run, to ``steps`` in all if they are given, and return it."""
    from ganzoo.training import session

    place = RunFolder.open(Path(folder))
    settings = stored_settings(place)
    settings.add(flags(shorthands), "Python")
    session.resume(Run.resolve(settings, advised=False), place, _progress(quiet))
    return load(folder)


def load(folder: str | Path, checkpoint: str | int = "last") -> TrainedRun:
    """A trained run, to generate pictures with: its ``"last"`` checkpoint, ``"best"``, or a step's.

    Raises RequestError if the folder is not a run's or holds no such checkpoint that is whole.
    """
    from ganzoo.output.trained import TrainedRun

    place = RunFolder.open(Path(folder))
    return TrainedRun(place, Run.resolve(stored_settings(place), advised=False), str(checkpoint))


def stored_settings(folder: RunFolder) -> Settings:
    """The settings that a run was last started with."""
    return Settings.of_run(folder)


def folder_maker(run: Run, path: str | Path | None) -> Callable[[], RunFolder]:
    """What makes the folder of a new run when it is called.

    Raises RequestError at once if something is there already.
    """
    if path is not None:
        RunFolder.require_free(Path(path))
        return lambda: RunFolder.create(Path(path), run.tree())
    return lambda: RunFolder.create_numbered(Path("runs"), run.title, run.tree())


def flags(shorthands: Mapping[str, Any]) -> dict[str, Any]:
    """Values by dotted key, from values by the name of their flag; ``None`` is not given.

    Raises RequestError for a name that is no flag.
    """
    for name in shorthands:
        if name not in SHORTHANDS:
            raise RequestError(
                f"there is no argument {name}: there are {', '.join(SHORTHANDS)}; other keys go "
                f"into settings={{...}}{meant(name, core_keys())}"
            )
    return {SHORTHANDS[name]: v for name, v in shorthands.items() if v is not None}


def _progress(quiet: bool) -> Observer:
    from ganzoo.observing.console import ProgressBar
    from ganzoo.observing.observer import Observer

    return Observer() if quiet else ProgressBar()
