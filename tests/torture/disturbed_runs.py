"""The runs that are killed, and their results, which must equal those of undisturbed runs."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ganzoo.existing_runs import stored_settings
from ganzoo.folders import RunFolder
from ganzoo.new_run_folder import folder_maker
from ganzoo.observers.observer import Observer
from ganzoo.run import Run
from ganzoo.settings import MAIN_KINDS, Settings
from ganzoo.training import session
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.loop import Outcome

TIMED = ("speed/", "waiting/")
"""The numbers of reports that depend on the time."""
EVERY = 3
"""Steps between checkpoints."""

SMALL = {
    "dataset.count": 20,
    "data.resolution": 8,
    "train.batch_size": 8,
    "train.discriminator.steps": 2,
    "train.device": "cpu",
    "checkpoint.every": EVERY,
    "checkpoint.keep": 2,
    "log.every": 2,
    "sample.every": 5,
    "sample.count": 4,
    "architecture.latent_dim": 4,
}


@dataclass(frozen=True)
class DisturbedRun:
    """A run that takes about a second."""

    name: str
    components: tuple[str, str, str]
    steps: int
    more: Mapping[str, Any]
    """Settings in addition to SMALL; a value of ``None`` removes one of them."""
    rolls_back: bool = False
    """Whether it rolls back to its newest checkpoint: then a missing checkpoint changes the run."""

    @property
    def settings(self) -> Settings:
        """The settings that it is started with."""
        named = dict(zip(MAIN_KINDS, self.components, strict=True))
        values = {**SMALL, "train.steps": self.steps, **self.more}
        gathered = Settings()
        gathered.add(named, "tests")
        gathered.add({k: v for k, v in values.items() if v is not None}, "tests")
        return gathered

    def train_or_resume(self, folder: Path) -> Outcome:
        """Start or resume the run, as the commands do; its outcome."""
        if folder.exists():
            place = RunFolder.open(folder)
            run = Run.resolve(stored_settings(place.path), recommend=False)
            return session.resume(run, place, PrintingObserver())
        run = Run.resolve(self.settings)
        _, outcome = session.train(run, folder_maker(run, folder), PrintingObserver())
        return outcome


def disturbed_runs(folder: Path, steps: int) -> list[DisturbedRun]:
    """Runs of several kinds; the files that they need are written into a folder."""
    file = folder / "images.h5"
    with h5py.File(file, "w") as store:
        random = np.random.default_rng(0)
        store["images"] = random.integers(256, size=(50, 8, 8, 3), dtype=np.uint8)
    augmented: dict[str, Any] = {f"augment.{name}": {} for name in ("crop", "flip", "rotate")}
    narrow = {"architecture.base_channels": 2, "architecture.dropout": 0.3}
    fades = {"growth.fade_images": 90, "growth.stable_images": 90, "growth.batch_size.16": 4}
    plugin = Path(__file__).with_name("rarely_nan.py")
    back = {"plugins": [str(plugin)], "train.on_nonfinite": "rollback"}
    streamed = {"dataset.path": str(file), "dataset.memory": "stream", "dataset.window": 20}
    return [
        DisturbedRun("dcgan, wgan-gp", ("blossoms", "dcgan", "wgan-gp"), steps, narrow | augmented),
        DisturbedRun(
            "grows",
            ("blossoms", "growing-mlp", "wgan-gp"),
            steps,
            {"architecture.width": 4, "data.resolution": 16, **fades},
        ),
        DisturbedRun(
            "conditional, rolls back from NaN",
            ("blossoms", "dcgan", "rarely-nan"),
            steps,
            {**narrow, **back, "data.conditional": True},
            rolls_back=True,
        ),
        DisturbedRun(
            "streams from HDF5",
            ("hdf5", "dcgan", "non-saturating"),
            steps,
            {**narrow, **streamed, "dataset.count": None},
        ),
    ]


class PrintingObserver(Observer):
    """Prints all messages."""

    def on_message(self, message: str) -> None:
        """Print a message."""
        print(message, flush=True)


def results(folder: Path) -> dict[str, Any]:
    """All results that do not depend on interruptions and speed."""
    place = RunFolder(folder)
    lines = map(json.loads, place.metrics.read_text().splitlines())
    state = Checkpoints(place.checkpoints, 1).load()
    return {
        "rollback_step": state["state"]["progress"].pop("rollback_step"),
        "checkpoint": state,
        "metrics.jsonl": [
            {name: value for name, value in line.items() if not name.startswith(TIMED)}
            for line in lines
        ],
        "samples": {file.name: file.read_bytes() for file in place.samples.glob("*")},
        "TensorBoard": scalars(folder),
    }


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """The steps and values of all scalars in TensorBoard."""
    logging.getLogger("tensorboard").setLevel(logging.ERROR)  # it warns of each resume
    events = EventAccumulator(str(folder), {"scalars": 0}).Reload()
    return {
        tag: [(event.step, event.value) for event in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
        if not tag.startswith(TIMED)
    }
