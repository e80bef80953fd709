"""Trains the networks of a run, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch

from ganzoo.contracts import Phase, Stateful
from ganzoo.run import Run
from ganzoo.training import state
from ganzoo.training.checkpoint_file import State
from ganzoo.training.ema import Ema
from ganzoo.training.growth import GrowthSchedule
from ganzoo.training.optimizers import Optimizers, repeats
from ganzoo.training.progress import Progress
from ganzoo.training.randomness import Randomness
from ganzoo.training.running_means import RunningMeans
from ganzoo.training.scheduled import ScheduledValues
from ganzoo.training.setup import Setup
from ganzoo.training.simultaneous import at_once
from ganzoo.training.update import Updater
from ganzoo.training.weights import Weights, saved_buffers


class Trainer:
    """The networks and optimizers of a run, and everything else that training changes.

    ``shuffle`` is called with another stream of random numbers after a rollback.
    """

    def __init__(
        self,
        run: Run,
        setup: Setup,
        growth: GrowthSchedule,
        ema: Ema,
        shuffle: Callable[[Randomness], None] = lambda randomness: None,
    ) -> None:
        self.run = run
        self.setup = setup
        self.growth = growth
        self.ema = ema
        self.progress = Progress()
        self.running_means = RunningMeans(setup.engine.device)
        self.updater = Updater(setup, self.progress, run.train.on_nonfinite, run.train.accumulate)
        self.values = ScheduledValues(run, setup)
        self.phases: list[Phase]
        self.optimizers: Optimizers
        self._shuffle = shuffle
        self.begin_stage()

    def begin_stage(self) -> None:
        """Set the networks to the stage of the images seen, with new optimizers."""
        self._grow()
        self.values.set(self.progress.images_seen)
        self.phases = self.setup.components.phases()
        self.optimizers = Optimizers(
            self.phases, self.setup.networks, self.values.train, self.growth, self.setup.point.stage
        )

    def step(self) -> None:
        """Make one step: the updates of every phase, then the EMA generator's; then grow.

        Raises NonFinite for an update that is not finite and is not skipped.
        """
        stage = self.setup.point.stage
        self._apply_schedules()
        self.setup.forget_images()
        for phases in at_once(self.phases):
            if self.progress.step % phases[0].every == 0:
                self._update(phases)
        self.progress.step += 1
        self._collect_scalars()
        self._average_generator(stage.batch_size)
        if self.growth.at(self.progress.images_seen) != self.setup.point:
            self._grow()
        if self.setup.point.stage is not stage:
            self.begin_stage()

    def _update(self, phases: Sequence[Phase]) -> None:
        """Make the updates of a phase in this step, or of several phases at once."""
        names = [phase.name for phase in phases]
        fakes_are_used_later = any(phase.fakes_of in names for phase in self.phases)
        count = repeats(phases[0], self.run.train)
        first = self.progress.step // phases[0].every * count
        last = first + count - 1
        for number in range(first, last + 1):
            if any(phase.new_images for phase in phases):
                self.progress.images_seen += self.setup.point.stage.batch_size
            keep = fakes_are_used_later and number == last
            self.updater.update(phases, number, self.optimizers, keep_fakes=keep)

    def _apply_schedules(self) -> None:
        """Use the values that schedules have at this step."""
        if not self.run.schedules:
            return
        if self.values.set(self.progress.images_seen):
            self.phases = self.setup.components.phases()
        self.optimizers.set_values(self.values.train)
        self.ema.settings = self.values.train.ema

    def _average_generator(self, batch_size: int) -> None:
        """Average the weights of the generator, and of others that have an EMA, into theirs."""
        per_step = [
            repeats(phase, self.run.train)
            for phase in self.phases
            if "generator" in phase.networks and phase.every == 1
        ]
        generated = batch_size * max(1, sum(per_step))
        self.progress.images_generated += generated
        self.ema.update(self.progress.images_generated, generated)

    def _collect_scalars(self) -> None:
        """Add the scalars of the step to the running means.

        Scalars, and buffers such as batch norm's statistics, are averaged over all processes.
        """
        names, values = zip(*self.updater.scalars, strict=True)
        self.updater.scalars.clear()
        if self.setup.engine.processes > 1:
            networks = self.setup.networks.values()
            floating = [buffer for network in networks for buffer in saved_buffers(network)]
            scalars = torch.stack([value.float() for value in values])
            self.setup.engine.average_([scalars, *floating])
            values = scalars.unbind()
        for name, value in zip(names, values, strict=True):
            self.running_means.add(name, value)

    def _grow(self) -> None:
        """Set all networks to the stage and fade of the images seen so far."""
        self.setup.grow(self.growth.at(self.progress.images_seen), *self.ema.networks.values())

    def set_total_steps(self, steps: int) -> None:
        """Set the run's total number of steps, after which it ends."""
        self.progress.total_steps = self.progress.end_step = steps
        self.values.total_images = self.setup.total_images = self.growth.images(steps)

    def use_stream(self, stream: int) -> None:
        """Use this stream of random numbers from now on."""
        self.progress.stream = stream
        self.setup.randomness = Randomness(self.run.seed, stream)
        self._shuffle(self.setup.randomness)

    def table(self) -> dict[str, Stateful]:
        """Everything with a state, by name."""
        networks = {f"networks.{k}": Weights(v) for k, v in self.setup.networks.items()}
        return {
            "progress": self.progress,
            **networks,
            **{f"{name}_ema": Weights(network) for name, network in self.ema.networks.items()},
            **self.setup.components.stateful(),
            "optimizers": self.optimizers,
            "running_means": self.running_means,
        }

    def restore(self, saved: Mapping[str, State]) -> None:
        """Restore the states of the table, as a checkpoint has them.

        Raises RequestError if they do not fit the networks and settings.
        """
        # The numbers of images and of rollbacks decide what the other states belong to.
        state.restore({"progress": self.progress}, saved)
        self.use_stream(self.progress.stream)
        self.begin_stage()
        state.restore(self.table(), saved)
        for name, network in self.setup.with_ema.items():
            if f"{name}_ema" not in saved:  # it had no EMA before
                self.ema.networks[name].load_state_dict(network.state_dict())
        self.ema.statistics_are_current = True
