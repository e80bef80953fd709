"""The auxiliary classifier, which makes generated images show their condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from ganzoo import EstimatingDiscriminator, RequestError, Step, Terms

if TYPE_CHECKING:
    from ganzoo_regularizers import AuxiliaryOptions


class AuxiliaryClassifier:
    """weight E[-log p(c|x)], the loss L_C of AC-GAN (Odena et al. 2017, section 3).

    The discriminator learns to estimate the condition c of real images x, and the generator to make
    images of which it estimates the right one. In the paper, the discriminator learns from
    generated images, too; those of the first steps do not show their condition. Images are not
    augmented by those augmentations that all images get.
    """

    network = ("discriminator", "generator")
    every = 1
    independent_scores = False
    estimated_condition = True

    def __init__(self, options: AuxiliaryOptions) -> None:
        self.weight, self.generator_weight = options.weight, options.generator_weight

    def terms(self, step: Step) -> Terms:
        """The terms ``condition/real`` and ``condition/fake``, for the network of the update.

        Raises RequestError unless the networks are conditional and the discriminator estimates
        conditions.
        """
        discriminator, condition = step.networks["discriminator"], step.real.condition
        if condition is None:
            raise RequestError(
                "the regularizer auxiliary-classifier needs conditional networks: set "
                "data.conditional=true"
            )
        if not isinstance(discriminator, EstimatingDiscriminator):
            raise RequestError(
                "auxiliary-classifier needs a discriminator that estimates conditions, which "
                f"{type(discriminator).__name__} does not: choose the architecture dcgan or "
                "resnet, or leave the regularizer out"
            )
        terms: dict[str, Tensor] = {}
        if "discriminator" in step.updated:
            error = discriminator.condition_error(step.real.images, condition)
            terms["condition/real"] = self.weight * error.mean()
        if "generator" in step.updated:
            error = discriminator.condition_error(step.fake.images, condition)
            terms["condition/fake"] = self.generator_weight * error.mean()
        return terms
