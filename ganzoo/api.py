"""ganzoo from Python: train runs, go on with them, open them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.arguments import (
    callbacks,
    combinations,
    flags,
    folder_maker,
    interruptible,
    opened,
    progress,
    resolved,
    stored_settings,
)
from ganzoo.objects import Objects
from ganzoo.run import Run
from ganzoo.settings import MAIN_KINDS

if TYPE_CHECKING:
    from ganzoo.arguments import AnyArchitecture, AnyAugmentation, AnyDataset, AnyLoss, AnyRun
    from ganzoo.observers.callback import OnReport
    from ganzoo.output.trained import TrainedRun
    from ganzoo.sweeps import Sweep

__all__ = ["flags", "folder_maker", "load", "resume", "stored_settings", "sweep", "train"]


def train(
    dataset: AnyDataset | None = None,
    architecture: AnyArchitecture | None = None,
    loss: AnyLoss | None = None,
    *,
    recipe: str | None = None,
    augment: AnyAugmentation | Sequence[AnyAugmentation] = (),
    run_dir: str | Path | None = None,
    plugins: str | Path | Sequence[str | Path] = (),
    settings: Mapping[str, Any] | str | Path | None = None,
    quiet: bool = False,
    on_report: OnReport | None = None,
    **shorthands: Any,
) -> TrainedRun:
    """Train a new run and return it: ``train("blossoms", "dcgan", "wgan-gp", steps=200)``.

    A component is given by its name or as an object. ``settings`` maps dotted keys to values, such
    as ``{"loss.gp_weight": 5}``, or is a TOML file; the rest are the flags of ``ganzoo train``:
    ``resolution``, ``batch_size``, ``steps``, ``epochs``, ``seed``, ``device``, ``devices``,
    ``precision``. The run's folder is ``run_dir``, which must not exist, or else the next free one
    in ``runs``. ``on_report`` is called with the step and the numbers of each report.

    A first Ctrl-C, or a notebook's stop button, finishes the step, saves, and returns the run as it
    is then. Raises RequestError if the request is wrong; nothing has been written then. Raises
    PluginError for a bug in a plugin's code, and KeyboardInterrupt if it is interrupted before the
    first step.
    """
    objects = Objects()
    named = {"dataset": dataset, "architecture": architecture, "loss": loss}
    run = resolved(objects, named, augment, recipe, plugins, [settings, flags(shorthands)])

    from ganzoo.output.trained import TrainedRun
    from ganzoo.training import session

    others = callbacks(on_report)
    with interruptible():
        place, _ = session.train(run, folder_maker(run, run_dir), progress(quiet), others)
    return TrainedRun(place, run)


def resume(
    run: AnyRun,
    *,
    dataset: AnyDataset | None = None,
    architecture: AnyArchitecture | None = None,
    loss: AnyLoss | None = None,
    augment: AnyAugmentation | Sequence[AnyAugmentation] = (),
    settings: Mapping[str, Any] | None = None,
    quiet: bool = False,
    on_report: OnReport | None = None,
    **shorthands: Any,
) -> TrainedRun:
    """Go on with a run, to ``steps`` in all if they are given, and return it.

    ``run`` is its folder, or what ``train`` or ``load`` returned. A run that was trained with
    objects needs the same objects again, unless ``run`` still has them. Otherwise as ``train``.
    """
    from ganzoo.output.trained import TrainedRun
    from ganzoo.training import session

    named = {"dataset": dataset, "architecture": architecture, "loss": loss}
    place, stored, objects = opened(run, named, augment)
    stored.add({**flags(shorthands), **(settings or {})}, "Python")
    changed = Run.resolve(stored, objects.registry(stored), recommend=False)
    with interruptible():
        session.resume(changed, place, progress(quiet), callbacks(on_report))
    return TrainedRun(place, changed)


def load(
    run: str | Path,
    checkpoint: str | int = "last",
    *,
    dataset: AnyDataset | None = None,
    architecture: AnyArchitecture | None = None,
    loss: AnyLoss | None = None,
    augment: AnyAugmentation | Sequence[AnyAugmentation] = (),
) -> TrainedRun:
    """A trained run, to generate images with: its ``"last"`` checkpoint, ``"best"``, or a step's.

    An architecture and a loss that were given as objects are needed again.

    Raises RequestError if the folder is not a run's or holds no such checkpoint that is whole.
    """
    from ganzoo.output.trained import TrainedRun

    named = {"dataset": dataset, "architecture": architecture, "loss": loss}
    place, stored, objects = opened(run, named, augment)
    found = Run.resolve(stored, objects.registry(stored), recommend=False)
    return TrainedRun(place, found, str(checkpoint))


def sweep(
    dataset: AnyDataset | list[AnyDataset] | None = None,
    architecture: AnyArchitecture | list[AnyArchitecture] | None = None,
    loss: AnyLoss | list[AnyLoss] | None = None,
    *,
    recipe: str | None = None,
    augment: AnyAugmentation | Sequence[AnyAugmentation] = (),
    sweep_dir: str | Path | None = None,
    plugins: str | Path | Sequence[str | Path] = (),
    settings: Mapping[str, Any] | None = None,
    quiet: bool = False,
    **shorthands: Any,
) -> Sweep:
    """Train every combination of the values that are lists, one run after the other.

    ``sweep("blossoms", ["dcgan", "mlp"], "hinge", seed=[0, 1])`` is four runs. A value that is
    itself several numbers is a tuple. ``sweep_dir`` is the sweep's folder, which must not exist.

    Raises RequestError if a combination is wrong; nothing has been written then.
    """
    from ganzoo.sweeps import Sweep, require_one_process, title, trials

    named = {"dataset": dataset, "architecture": architecture, "loss": loss}
    asked = {**named, **flags(shorthands), **(settings or {})}
    runs, differs = [], []
    for chosen, apart in combinations(asked):
        components = {kind: chosen.pop(kind) for kind in MAIN_KINDS}
        run = resolved(Objects(), components, augment, recipe, plugins, [chosen])
        require_one_process(run)
        runs.append(run)
        differs.append(apart)
    new = trials(differs, runs)
    if sweep_dir is None:
        name = recipe.rpartition("/")[2] if recipe else title(runs)
        made = Sweep.create_numbered(Path("sweeps"), name, new)
    else:
        made = Sweep.create(Path(sweep_dir), new)
    with interruptible():
        made.train({t.name: run for t, run in zip(new, runs, strict=True)}, progress(quiet))
    return made
