"""The phases of a training step: the discriminator's updates, then the generator's.

A step runs its phases in order, each ``repeats`` times. All random numbers of a phase depend on the
phase's name and on its position, the number of its updates so far.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ganzoo.attribution import PluginCode
from ganzoo.augment.pipeline import Pipeline
from ganzoo.contracts import Condition, Loss, Networks, Stateful, Terms, WeightConstraint
from ganzoo.data.batches import Batch, Batches
from ganzoo.run import Run
from ganzoo.sections import OptimizerOptions
from ganzoo.structure import require_tensor, require_terms
from ganzoo.training.engine import Engine
from ganzoo.training.growth import GrowthPoint, GrowthSchedule
from ganzoo.training.randomness import Randomness
from ganzoo.training.running_means import RunningMeans
from ganzoo.training.sampling import ConditionFrequencies


@dataclass
class Phase:
    """The updates of one network in a step."""

    name: str
    named: Mapping[str, nn.Parameter]
    """The trained parameters, by their names."""
    optimizer: torch.optim.Optimizer
    terms: Callable[[int], Terms]
    """The terms of the loss at a position; their sum is minimized."""
    repeats: int = 1
    after: Callable[[], None] = lambda: None

    @property
    def parameters(self) -> list[nn.Parameter]:
        """The trained parameters."""
        return list(self.named.values())


@dataclass
class Game:
    """The two networks, their images, and the loss."""

    run: Run
    networks: Networks
    objective: Loss
    batches: Batches
    schedule: GrowthSchedule
    augment: Pipeline
    """The augmentations of real images only."""
    view: Pipeline
    """The augmentations of all inputs of the discriminator."""
    engine: Engine
    randomness: Randomness
    stateful: Mapping[str, Stateful] = field(default_factory=dict)
    """The loss and the augmentations that have a state, by their section of the settings."""
    running_means: RunningMeans = field(default_factory=RunningMeans)
    images_seen: int = 0
    """Real images shown to the discriminator so far, over all processes."""
    point: GrowthPoint = field(init=False)
    """The current stage and fade."""
    watched: dict[str, Tensor] = field(default_factory=dict)
    """Scalars of the last update to report, in addition to its terms."""
    scores: dict[str, Tensor] = field(default_factory=dict)
    """The scores of the real and fake images of the discriminator's last update."""
    frequencies: ConditionFrequencies | None = field(init=False, default=None)
    """How often each condition is trained; ``None`` if the networks are unconditional."""
    _batch: Batch = field(init=False)
    _loss: PluginCode = field(init=False)

    def __post_init__(self) -> None:
        self._loss = self.run.loss.entry.code
        if self.condition:
            balance = self.run.data.balance
            self.frequencies = ConditionFrequencies.of(self.batches.data, balance=balance)
        self.grow()

    @property
    def condition(self) -> Condition | None:
        """What the networks are told about each image; ``None`` if they are unconditional."""
        return self.batches.data.condition if self.run.data.conditional else None

    def grow(self) -> None:
        """Set both networks to the stage and fade of the images seen so far."""
        self.point = self.schedule.at(self.images_seen)
        self.point.grow(self.networks.generator, self.networks.discriminator)

    def reroll(self, stream: int) -> None:
        """Use another stream of random numbers from now on."""
        self.randomness = Randomness(self.run.seed, stream)
        self.batches.shuffle(self.randomness.derive_seed("order"))

    def phases(self) -> list[Phase]:
        """``train.discriminator.steps`` updates of the discriminator, then one of the generator.

        Both optimizers are new.
        """
        train, stage = self.run.train, self.point.stage
        generator = self.schedule.trained_parameters(self.networks.generator, stage)
        discriminator = self.schedule.trained_parameters(self.networks.discriminator, stage)
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
        """The discriminator's terms on the next real images and as many new fake images."""
        size = self.point.stage.batch_size
        batch = self.batches.take(self.images_seen, size, self.engine.shard)
        self.images_seen += size
        if not self.condition:
            batch = batch._replace(condition=None)
        random = self._random("augment", position)
        real = self.augment(batch.images, random, self.engine.shard)
        self._batch = batch._replace(images=self.point.shrink(real))
        with torch.no_grad(), self.engine.autocast():
            fake = self._fake("discriminator latents", position)
        with self.engine.autocast():
            reported = {"real": self._batch.images, "fake": fake}
            critic = self._critic("discriminator view", position, reported)
            with self._loss:
                terms = self.objective.discriminator(critic, self._batch.images, fake)
                require_terms(terms, self.objective.discriminator)
                return terms

    def generator_terms(self, position: int) -> Terms:
        """The generator's terms on new fake images and the last real images."""
        with self.engine.autocast():
            fake = self._fake("generator latents", position)
            critic = self._critic("generator view", position, {})
            with self._loss:
                terms = self.objective.generator(critic, fake, self._batch.images)
                require_terms(terms, self.objective.generator)
                return terms

    def constrain(self) -> None:
        """Constrain the discriminator's weights, if the loss does that."""
        if isinstance(self.objective, WeightConstraint):
            with self._loss:
                self.objective.constrain(self.networks.discriminator)

    def _fake(self, purpose: str, position: int) -> Tensor:
        shard = self.engine.shard
        random = self._random(purpose, position)
        generator = self.networks.generator
        with generator.plugin_code:
            latents = generator.sample_latents(self.point.stage.batch_size, random)
            images = generator(shard.of(latents), self._batch.condition).float()
            shape = tuple(self._batch.images.shape)
            require_tensor("the generator's output", images, shape, generator.forward)
        return images

    def _critic(
        self, purpose: str, position: int, reported: Mapping[str, Tensor]
    ) -> Callable[[Tensor], Tensor]:
        random = self._random(purpose, position)
        condition, discriminator = self._batch.condition, self.networks.discriminator

        def critic(images: Tensor) -> Tensor:
            seen = self.view(images, random, self.engine.shard)
            with discriminator.plugin_code:
                scores = discriminator(seen, condition).float()
                n = (len(images),)
                require_tensor("the discriminator's output", scores, n, discriminator.forward)
            for name, watched in reported.items():
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
    """A new optimizer for parameters of one network."""
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
