"""Checks of the balance between discriminator and generator, by the scores of images."""

from __future__ import annotations

from ganzoo_doctor.finding import Finding
from ganzoo_doctor.history import History, mean
from ganzoo_doctor.penalties import penalty_too_strong

WON_SEPARATION = 0.99
"""1.000 where the discriminator had won. Healthy runs reach it, too, for a while, so that the loss
must agree."""
WON_LOSS = 0.005
"""Loss of the discriminator / distance of the mean scores. 0.000003 where it had won, 0.025 at
least in healthy runs. Of Wasserstein losses it is about -1, so they are never called won: there, an
optimal discriminator is wanted (Arjovsky et al. 2017, arXiv 1701.07875, section 3)."""
WEAK_SEPARATION = 0.25
"""Below 0.5, generated images get higher scores than real ones. Four reports of a healthy run had a
mean of 0.82 at least, and of 0.41 with strong augmentations. The discriminator with a hundredth of
the learning rate was at 0.00."""


def discriminator_has_won(history: History) -> Finding | None:
    """The discriminator separates all images, and has nothing left to learn."""
    separation = mean(history.recent("balance/separation"))
    loss = mean(history.recent("loss/discriminator"))
    real, fake = (mean(history.recent(f"scores/{kind}")) for kind in ("real", "fake"))
    if not (separation >= WON_SEPARATION and abs(loss) < WON_LOSS * (real - fake)):
        return None
    return Finding(
        name="discriminator has won",
        sentence="the discriminator separates real from generated images with certainty, so the "
        "generator learns little from it",
        numbers={
            "balance/separation": separation,
            "loss/discriminator": loss,
            "scores/real": real,
            "scores/fake": fake,
        },
        change=history.scaled("train.discriminator.lr", 0.1),
    )


def discriminator_too_weak(history: History) -> Finding | None:
    """The discriminator gives generated images higher scores than real ones."""
    separation = mean(history.recent("balance/separation"))
    if not separation < WEAK_SEPARATION or penalty_too_strong(history):
        return None  # a penalty that is too strong is the reason
    real, fake = (mean(history.recent(f"scores/{kind}")) for kind in ("real", "fake"))
    return Finding(
        name="discriminator too weak",
        sentence="the discriminator gives generated images higher scores than real ones: it "
        "learns more slowly than the generator",
        numbers={"balance/separation": separation, "scores/real": real, "scores/fake": fake},
        change=history.scaled("train.discriminator.lr", 10),
    )
