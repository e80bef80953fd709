"""The phases of a training step: whose turn it is, and what they minimize.

A step walks through its phases in order, each as often as it repeats. Everything random in a
phase follows from the phase's name and its position, the number of its updates so far.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ganzoo.attribution import PluginCode
from ganzoo.augment.pipeline import Pipeline
from ganzoo.contracts import Loss, Networks, Stateful, Terms, WeightConstraint
from ganzoo.data.batches import Batch, Batches
from ganzoo.run import Run
from ganzoo.sections import OptimizerOptions
from ganzoo.structure import require_tensor, require_terms
from ganzoo.training.engine import Engine
from ganzoo.training.growth import GrowthPoint, GrowthSchedule
from ganzoo.training.randomness import Randomness
from ganzoo.training.running_means import RunningMeans
from ganzoo.training.sampling import ClassFrequencies


@dataclass
class Phase:
    """One player's turn."""

    name: str
    named: Mapping[str, nn.Parameter]
    """What is trained."""
    optimizer: torch.optim.Optimizer
    terms: Callable[[int], Terms]
    """What is minimized at a position."""
    repeats: int = 1
    after: Callable[[], None] = lambda: None

    @property
    def parameters(self) -> list[nn.Parameter]:
        """What is trained."""
        return list(self.named.values())


@dataclass
class Game:
    """The two players, the images they see, and what they minimize."""

    run: Run
    networks: Networks
    objective: Loss
    batches: Batches
    schedule: GrowthSchedule
    augment: Pipeline
    """What is done to real images only."""
    view: Pipeline
    """What is done to every image before the discriminator sees it."""
    engine: Engine
    randomness: Randomness
    stateful: Mapping[str, Stateful] = field(default_factory=dict)
    """The objective and the augmentations that change while they train, by their section."""
    running_means: RunningMeans = field(default_factory=RunningMeans)
    images_seen: int = 0
    """Real images shown to the discriminator so far, over all processes."""
    point: GrowthPoint = field(init=False)
    """Where in its schedule the run is."""
    watched: dict[str, Tensor] = field(default_factory=dict)
    """What is worth a report of the terms calculated last, beside the terms."""
    scores: dict[str, Tensor] = field(default_factory=dict)
    """The discriminator's scores of the real and the fake images that it was trained on last."""
    frequencies: ClassFrequencies | None = field(init=False, default=None)
    """How often each class is trained; ``None`` where the players get no labels."""
    _batch: Batch = field(init=False)
    _loss: PluginCode = field(init=False)

    def __post_init__(self) -> None:
        self._loss = self.run.loss.entry.code
        if self.classes:
            balance = self.run.data.balance
            self.frequencies = ClassFrequencies.of(self.batches.data, balance=balance)
        self.grow()

    @property
    def classes(self) -> int:
        """How many classes the players listen to; 0 where they listen to no labels."""
        return len(self.batches.data.class_names) if self.networks.conditional else 0

    def grow(self) -> None:
        """Bring both players to where the images seen so far have led them."""
        self.point = self.schedule.at(self.images_seen)
        self.point.bring(self.networks.generator, self.networks.discriminator)

    def reroll(self, stream: int) -> None:
        """Go on with other randomness."""
        self.randomness = Randomness(self.run.seed, stream)
        self.batches.shuffle(self.randomness.number("order"))

    def phases(self) -> list[Phase]:
        """``train.discriminator.steps`` discriminator updates, then one of the generator.

        Both optimizers are new.
        """
        train, stage = self.run.train, self.point.stage
        generator = self.schedule.trained(self.networks.generator, stage)
        discriminator = self.schedule.trained(self.networks.discriminator, stage)
        return [
            Phase(
                name="discriminator",
                named=discriminator,
                optimizer=optimizer(discriminator, train.discriminator, stage.lr_factor),
                terms=self.discriminator_terms,
                repeats=train.discriminator.steps,
                after=self.constrain,
            ),
            Phase(
                name="generator",
                named=generator,
                optimizer=optimizer(generator, train.generator, stage.lr_factor),
                terms=self.generator_terms,
            ),
        ]

    def discriminator_terms(self, position: int) -> Terms:
        """The discriminator's terms on the next real images and as many new fakes."""
        size = self.point.stage.batch_size
        batch = self.batches.take(self.images_seen, size, self.engine.shard)
        self.images_seen += size
        if not self.classes:
            batch = batch._replace(labels=None)
        random = self._random("augment", position)
        real = self.augment(batch.images, random, self.engine.shard)
        self._batch = batch._replace(images=self.point.shrink(real))
        with torch.no_grad(), self.engine.autocast():
            fake = self._fake("discriminator latents", position)
        with self.engine.autocast():
            told = {"real": self._batch.images, "fake": fake}
            critic = self._critic("discriminator view", position, told)
            with self._loss:
                terms = self.objective.discriminator(critic, self._batch.images, fake)
                require_terms(terms, self.objective.discriminator)
                return terms

    def generator_terms(self, position: int) -> Terms:
        """The generator's terms on new fakes, beside the last real images."""
        with self.engine.autocast():
            fake = self._fake("generator latents", position)
            critic = self._critic("generator view", position, {})
            with self._loss:
                terms = self.objective.generator(critic, fake, self._batch.images)
                require_terms(terms, self.objective.generator)
                return terms

    def constrain(self) -> None:
        """Confine the discriminator's weights, where the objective does that."""
        if isinstance(self.objective, WeightConstraint):
            with self._loss:
                self.objective.constrain(self.networks.discriminator)

    def _fake(self, purpose: str, position: int) -> Tensor:
        share = self.engine.shard
        random = self._random(purpose, position)
        generator = self.networks.generator
        with generator.plugin_code:
            latents = generator.sample_latents(self.point.stage.batch_size, random)
            images = generator(share.of(latents), self._batch.labels).float()
            shape = tuple(self._batch.images.shape)
            require_tensor("the generator's output", images, shape, generator.forward)
        return images

    def _critic(
        self, purpose: str, position: int, told: Mapping[str, Tensor]
    ) -> Callable[[Tensor], Tensor]:
        random = self._random(purpose, position)
        labels, discriminator = self._batch.labels, self.networks.discriminator

        def critic(images: Tensor) -> Tensor:
            seen = self.view(images, random, self.engine.shard)
            with discriminator.plugin_code:
                scores = discriminator(seen, labels).float()
                n = (len(images),)
                require_tensor("the discriminator's output", scores, n, discriminator.forward)
            for name, watched in told.items():
                if images is watched:
                    self.watched[f"scores/{name}"] = scores.mean()
                    self.scores[name] = scores.detach()
            return scores

        return critic

    def _random(self, purpose: str, position: int) -> torch.Generator:
        return self.randomness.generator(purpose, position, self.engine.device)


def optimizer(
    named: Mapping[str, nn.Parameter], settings: OptimizerOptions, lr_factor: float
) -> torch.optim.Optimizer:
    """The update rule for some of a player's weights."""
    parameters, lr = list(named.values()), settings.lr * lr_factor
    match settings.optimizer:
        case "adam":
            return torch.optim.Adam(
                parameters,
                lr=lr,
                betas=settings.betas,
                eps=settings.eps,
                fused=parameters[0].device.type in ("cpu", "cuda"),
            )
        case "rmsprop":
            return torch.optim.RMSprop(parameters, lr=lr, eps=settings.eps)
        case "sgd":
            return torch.optim.SGD(parameters, lr=lr, momentum=settings.betas[0])
