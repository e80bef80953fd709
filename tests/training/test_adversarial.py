"""The core's own method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ganzoo
from ganzoo import Options, Step, Terms
from ganzoo.training.checkpoint import Checkpoints
from ganzoo_adversarial.losses import Hinge
from tests.sameness import same

Arguments = Callable[..., dict[str, Any]]


def networks_after(tiny: Arguments, name: str, loss: Any) -> list[Any]:
    folder = ganzoo.train(**tiny(name, loss=loss)).folder
    state = Checkpoints(folder / "checkpoints", 3).load()["state"]
    return [state["networks.generator"], state["networks.discriminator"], state["optimizers"]]


def test_a_loss_and_the_method_that_wraps_it_train_the_same_weights(tiny: Arguments) -> None:
    plain = networks_after(tiny, "plain", Hinge(Options()))
    wrapped = networks_after(tiny, "wrapped", ganzoo.Adversarial(Hinge(Options())))
    assert same(plain, wrapped)


class Doubled(ganzoo.Adversarial):
    """The generator's terms count twice."""

    def generator_terms(self, step: Step) -> Terms:
        return {name: 2 * term for name, term in super().generator_terms(step).items()}


def test_a_part_of_the_method_can_be_changed_for_any_loss(tiny: Arguments) -> None:
    plain = networks_after(tiny, "plain", Hinge(Options()))
    doubled = networks_after(tiny, "doubled", Doubled(Hinge(Options())))
    assert not same(plain[2]["generator"], doubled[2]["generator"])
