"""The plugin keeps ganzoo's promises, and its loss is the paper's."""

from __future__ import annotations

import ganzoo_example
import torch
from ganzoo_example.losses import RelativisticHinge
from torch import Tensor

from ganzoo.testing import check_plugin


def brightness(images: Tensor) -> Tensor:
    """A critic that finds bright images real."""
    return images.mean(dim=(1, 2, 3))


def test_promises() -> None:
    """Each component is declared well and does what its kind promises."""
    check_plugin(ganzoo_example)


def test_margin() -> None:
    """Scores that lie apart by the margin cost the discriminator nothing, the generator twice."""
    loss = RelativisticHinge(ganzoo_example.RelativisticHingeOptions(margin=0.5))
    real, fake = torch.full((2, 3, 4, 4), 0.75), torch.full((2, 3, 4, 4), 0.25)
    assert loss.discriminator(brightness, real, fake) == {"real": 0, "fake": 0}
    assert loss.generator(brightness, fake, real) == {"fake": 1, "real": 1}
