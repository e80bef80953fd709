"""One update's real and generated images, scores and random numbers."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

import torch
from torch import Tensor, nn

from ganzoo.contracts import Fake, Phase, RealImages
from ganzoo.noise import batches_in_one_pass
from ganzoo.schedule import Schedule
from ganzoo.structure import require_scores, require_tensor
from ganzoo.training.progress import Progress
from ganzoo.training.setup import Setup


class TrainingStep:
    """The :class:`~ganzoo.Step` of update ``number`` of a phase.

    ``updated`` are the networks that are updated, by default those of the phase.
    """

    def __init__(
        self,
        setup: Setup,
        progress: Progress,
        phase: Phase,
        number: int,
        updated: Sequence[str] = (),
    ) -> None:
        self._setup = setup
        self.updated = tuple(updated) or phase.networks
        self._calls: Counter[str] = Counter()
        """The number of random generators made so far, by purpose."""
        self.phase = phase.name
        self.number = number
        self.step = progress.step
        self.images_seen = progress.images_seen
        self.progress = progress.fraction
        self.batch_size = setup.point.stage.batch_size
        self.reports: dict[str, Tensor] = {}
        """Scalars for the next report, by name."""

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """All networks by name."""
        return self._setup.networks

    @cached_property
    def real(self) -> RealImages:
        """The last batch of real images; some are replaced if the discriminator is updated."""
        real = self._taken
        if "discriminator" in self.updated:
            for component in self._setup.components.replacements():
                real = component.replace_real(self, real)
        return real

    @cached_property
    def _taken(self) -> RealImages:
        """The last batch of real images, before any is replaced."""
        first = max(0, self.images_seen - self.batch_size)
        return self._setup.real_images(first, self.batch_size)

    @cached_property
    def fake(self) -> Fake:
        """Images generated for this update."""
        return self.generate()

    @cached_property
    def scores(self) -> StepScores:
        """The scores of ``real`` and ``fake``."""
        return StepScores(self, "discriminator" in self.updated)

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
        generator = self._setup.generator
        with torch.set_grad_enabled("generator" in self.updated), generator.plugin_code:
            intermediate = None
            if mapping := self._setup.mapping:
                intermediate = mapping.map(latents, condition)
                images = mapping.synthesize(intermediate)
            else:
                images = generator(latents, condition)
            shape = (len(latents), *self._setup.point.stage.image_shape)
            require_tensor("the generator's output", images, shape, generator.forward)
            return Fake(images.float(), latents, condition, intermediate)

    def critic(
        self, images: Tensor, condition: Tensor | None = None, *, transform: str = ""
    ) -> Tensor:
        """The scores of images, which pass through the augmentations of all images."""
        condition = self.real.condition if condition is None else condition
        return self._score(self._augmented(images, transform), condition)

    def compute_scores(self) -> None:
        """Compute the scores of ``real`` and ``fake``, in one pass where this computes the same."""
        if "generator" in self.updated or not self._setup.has_independent_scores:
            # G(z) first: less memory is needed than with the graph of D(x) already there.
            _ = self.scores.fake, self.scores.real
            return
        fake, real = self.fake, self.real
        images = torch.cat([self._augmented(fake.images), self._augmented(real.images)])
        conditions = None if real.condition is None else torch.cat([real.condition] * 2)
        with torch.set_grad_enabled("discriminator" in self.updated), batches_in_one_pass(2):
            self.scores.fake, self.scores.real = self._score(images, conditions).chunk(2)

    def _augmented(self, images: Tensor, transform: str = "") -> Tensor:
        """Images that passed through the augmentations of all images."""
        name = f"transform {transform}"
        random = self._generator(name) if transform else self.random("transform")
        return self._setup.augment_all(images, random, self._setup.engine.shard)

    def _score(self, augmented: Tensor, condition: Tensor | None) -> Tensor:
        discriminator = self._setup.discriminator
        with discriminator.plugin_code:
            scores = discriminator(augmented, condition)
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
        return self._setup.engine.shard.of(batch)

    def gather(self, values: Tensor) -> Tensor:
        """The rows of all processes, with a gradient for those of this process."""
        engine = self._setup.engine
        rows = list(engine.gather(values.detach()).chunk(engine.processes))
        # The mean over all processes divides the gradient by their number.
        factor = engine.processes - 1
        rows[engine.rank] = values + factor * (values - values.detach()) if factor else values
        return torch.cat(rows)

    def mean(self, values: Tensor) -> Tensor:
        """The mean of all values over all processes, float32 ()."""
        return self._setup.engine.mean(values.detach().float().mean())

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
        observers = self._setup.components.with_feedback()
        if not observers:
            return
        scores = BatchScores(
            self._setup.engine.gather(self.scores.real.detach()),
            self._setup.engine.gather(self.scores.fake.detach()),
        )
        for component in observers:
            component.observe(self, scores)


class StepScores:
    """The scores of a step's real and generated images, computed on first access."""

    def __init__(self, step: TrainingStep, with_gradient: bool) -> None:
        # A cycle of references would keep the graph of the update until the next collection.
        self._step = weakref.proxy(step)
        self._with_gradient = with_gradient

    @cached_property
    def real(self) -> Tensor:
        """The scores of the real images."""
        with torch.set_grad_enabled(self._with_gradient):
            scores: Tensor = self._step.critic(self._step.real.images)
            return scores

    @cached_property
    def fake(self) -> Tensor:
        """The scores of the generated images."""
        scores: Tensor = self._step.critic(self._step.fake.images)
        return scores

    def computed(self) -> dict[str, Tensor]:
        """The scores that were computed, without gradient, by name."""
        return {
            name: scores.detach() for name, scores in vars(self).items() if name in ("real", "fake")
        }


class BatchScores:
    """The scores of a whole batch, from all processes."""

    def __init__(self, real: Tensor, fake: Tensor) -> None:
        self.real = real
        self.fake = fake
