"""One update's real and generated images, scores and random numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property, partial

import torch
from torch import Tensor, nn

from ganzoo.batch_rows import BatchRows, batches_in_one_pass
from ganzoo.contracts import Fake, Phase, RealImages
from ganzoo.errors import RequestError
from ganzoo.noise import NoiseSource
from ganzoo.returned_values import require_scores, require_tensor
from ganzoo.schedule import Schedule
from ganzoo.training.pieces import Pieces
from ganzoo.training.progress import Progress
from ganzoo.training.setup import Setup
from ganzoo.training.step_scores import BatchScores, StepScores


class TrainingStep:
    """The :class:`~ganzoo.Step` of update ``number`` of a phase, or of a piece of it.

    ``together`` are all phases of the update, if it is one of several.
    """

    def __init__(
        self,
        setup: Setup,
        progress: Progress,
        phase: Phase,
        number: int,
        together: Sequence[Phase] = (),
        pieces: Pieces | None = None,
    ) -> None:
        self._setup = setup
        self._pieces = pieces or Pieces(setup)
        self._own = self._pieces.own
        self._trained = {name for each in together or (phase,) for name in each.networks}
        """The networks that the update trains."""
        self.begin(phase)
        self._calls: Counter[str] = Counter()
        """The number of random generators made so far, by purpose."""
        self.part = self._pieces.shard
        """The part of the batch whose images it has."""
        self.number = number
        self.step = progress.step
        self.images_seen = progress.images_seen
        self.progress = progress.fraction
        self.batch_size = setup.point.stage.batch_size
        self.reports: dict[str, Tensor] = {}
        """Scalars for the next report, by name."""
        self.kept_fake: Fake | None = None
        """Images generated for this update and for a later phase, with the generator's graph."""
        self._keeps_fake = False
        self.gave_feedback = False
        """Whether components that observe the scores have got them."""

    def begin(self, phase: Phase) -> None:
        """Compute the terms of this phase from now on."""
        self.phase = phase.name
        self.updated = phase.networks
        self._precise = phase.full_precision

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """All networks by name."""
        return self._setup.networks

    @cached_property
    def real(self) -> RealImages:
        """The last batch of real images; some are replaced if the discriminator is updated."""
        real = self._taken
        if "discriminator" in self._trained:
            for component in self._setup.components.replacements():
                real = component.replace_real(self, real)
        return real

    @cached_property
    def _taken(self) -> RealImages:
        """The last batch of real images, before any is replaced."""
        first = max(0, self.images_seen - self.batch_size)
        taken, own = self._setup.real_images(first, self.batch_size), self._own
        condition = None if taken.condition is None else own.of(taken.condition)
        return RealImages(own.of(taken.images), condition)

    def use_fakes(self, given: Fake | None, *, keep: bool) -> None:
        """Take ``given`` as the generated images, if there are any; ``keep`` those of this update.

        Kept images have a gradient for a later phase, and none in this update.
        """
        if given:
            vars(self)["fake"] = given
        self._keeps_fake = keep

    @cached_property
    def fake(self) -> Fake:
        """Images generated for this update, or for an earlier phase whose images it uses."""
        with self.first_derivatives_only():
            if not self._keeps_fake:
                return self.generate()
            self.kept_fake = self._generate(self.latents(), self._taken.condition, gradient=True)
            return self.kept_fake.detached()

    @cached_property
    def scores(self) -> StepScores:
        """The scores of ``real`` and ``fake``."""
        return StepScores(self, "discriminator" in self._trained)

    def first_derivatives_only(self) -> AbstractContextManager[None]:
        """A context for passes of which no second derivatives are computed: they may be compiled.

        Where everything is computed in full precision, second derivatives may be.
        """
        return nullcontext() if self._precise else self._setup.passes.first_derivatives_only()

    def latents(self) -> Tensor:
        """New latents for this process's images."""
        generator, random = self._setup.generator, self.random("latents")
        with generator.plugin_code:
            if special := self._setup.training_latents:
                drawn = special.sample_training_latents(self.batch_size, random)
            else:
                drawn = generator.sample_latents(self.batch_size, random)
        return self.shard(drawn)

    def generate(self, latents: Tensor | None = None, condition: Tensor | None = None) -> Fake:
        """Images of ``latents``, with a gradient if the phase updates the generator."""
        latents = self.latents() if latents is None else latents
        condition = self._taken.condition if condition is None else condition
        return self._generate(latents, condition, gradient="generator" in self._trained)

    def _generate(self, latents: Tensor, condition: Tensor | None, *, gradient: bool) -> Fake:
        generator = self._setup.generator
        with torch.set_grad_enabled(gradient), generator.plugin_code:
            images, intermediate = self._setup.passes.images(latents, condition)
            shape = (len(latents), *self._setup.point.stage.image_shape)
            require_tensor("the generator's output", images, shape, generator.forward)
            return Fake(images.float(), latents, condition, intermediate)

    def critic(
        self, images: Tensor, condition: Tensor | None = None, *, transform: str = ""
    ) -> Tensor:
        """The scores of images, which pass through the augmentations of all images."""
        condition = self.real.condition if condition is None else condition
        return self._score(self.augmented(images, transform=transform), condition)

    def compute_scores(self) -> None:
        """Compute the scores of ``real`` and ``fake``, in one pass where this computes the same."""
        if "generator" in self._trained or not self._setup.passes_may_be_joined:
            # G(z) first: less memory is needed than with the graph of D(x) already there.
            _ = self.scores.fake, self.scores.real
            return
        fake, real = self.fake, self.real
        images = torch.cat([self.augmented(fake.images), self.augmented(real.images)])
        conditions = None if real.condition is None else torch.cat([real.condition] * 2)
        with (
            torch.set_grad_enabled("discriminator" in self._trained),
            batches_in_one_pass(2),
            self.first_derivatives_only(),
        ):
            self.scores.fake, self.scores.real = self._score(images, conditions).chunk(2)

    def augmented(self, images: Tensor, *, transform: str = "") -> Tensor:
        """Images that passed through the augmentations of all images."""
        name = f"transform {transform}"
        random = self._generator(name) if transform else self.random("transform")
        return self._setup.augment_all(images, random, self.part)

    def _score(self, augmented: Tensor, condition: Tensor | None) -> Tensor:
        setup, discriminator = self._setup, self._setup.discriminator
        with discriminator.plugin_code:
            scores = setup.passes.scores(augmented, condition)
            require_scores(scores, len(augmented), discriminator.forward)
            return scores.float()

    def uniform(self, *shape: int) -> Tensor:
        """Random numbers from U[0, 1), (N, *shape)."""
        random = self.random("uniform")
        size = (self.batch_size, *shape)
        return self.shard(torch.rand(size, generator=random, device=random.device))

    def normal(self, *shape: int) -> Tensor:
        """Random numbers from N(0, 1), (N, *shape)."""
        random = self.random("normal")
        size = (self.batch_size, *shape)
        return self.shard(torch.randn(size, generator=random, device=random.device))

    def random(self, purpose: str) -> torch.Generator:
        """A random generator; each call with the same purpose returns another one."""
        call = self._calls[purpose]
        self._calls[purpose] += 1
        return self._generator(f"{purpose}/{call}")

    def _generator(self, name: str) -> torch.Generator:
        setup = self._setup
        return setup.randomness.generator(f"{self.phase}/{name}", self.number, setup.engine.device)

    def shard(self, batch: Tensor) -> Tensor:
        """This process's rows of a tensor for the whole batch."""
        return self.part.of(batch)

    def gather(self, values: Tensor) -> Tensor:
        """The rows of all processes, with a gradient for those of this process."""
        rows = list(self._pieces.gather(values).chunk(self.part.count))
        # The mean over all parts of the batch divides the gradient by their number.
        factor = self.part.count - 1
        rows[self.part.rank] = values + factor * (values - values.detach()) if factor else values
        return torch.cat(rows)

    def mean(self, values: Tensor) -> Tensor:
        """The mean of all values over all processes, float32 ()."""
        return self._pieces.mean(values.detach().float().mean())

    @property
    def layer_noise(self) -> NoiseSource:
        """The random numbers of the networks' layers."""
        return NoiseSource(partial(self.random, "layer noise"), self.part)

    @property
    def layer_rows(self) -> BatchRows:
        """The rows that the networks' layers compare."""
        return BatchRows(self.part, self._gather_in_layer)

    def _gather_in_layer(self, rows: Tensor) -> Tensor:
        if self._pieces.count > 1:
            raise RequestError(
                f"train.accumulate={self._pieces.count}: a layer compares images of several "
                "pieces, which are not computed at once: write train.accumulate=1"
            )
        return self._setup.engine.gather_with_gradient(rows)

    def release_graph(self) -> None:
        """Keep the images and the scores, without the graph that they were computed with."""
        if isinstance(fake := vars(self).get("fake"), Fake):
            vars(self)["fake"] = fake.detached()
        vars(self.scores).update(self.scores.computed())

    def value(self, number: float | Schedule) -> float:
        """The value of a schedule at this step."""
        if isinstance(number, Schedule):
            return number.at(self.images_seen, self._setup.total_images)
        return number

    def report(self, name: str, value: Tensor) -> None:
        """Add a scalar to the means of the next report."""
        require_tensor(f"the reported value {name}", value, ())
        self.reports[name] = value.detach()

    def give_feedback(self) -> None:
        """Pass the scores of the whole batch to all components that observe them."""
        self.gave_feedback = True
        observers = self._setup.components.with_feedback()
        if not observers:
            return
        scores = BatchScores(
            self._pieces.gather(self.scores.real), self._pieces.gather(self.scores.fake)
        )
        for component in observers:
            component.observe(self, scores)
