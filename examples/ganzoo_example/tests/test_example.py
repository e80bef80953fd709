"""The plugin passes ganzoo's checks, and its loss has the right values."""

from __future__ import annotations

from types import SimpleNamespace

import ganzoo_example
import torch
from ganzoo_example.losses import RelativisticHinge

from ganzoo.testing import check_plugin


def test_plugin_passes_the_checks() -> None:
    """Every component has a correct declaration and behaves as its kind requires."""
    check_plugin(ganzoo_example)


def test_terms_depend_on_the_margin() -> None:
    """For scores that differ by the margin, the discriminator's terms are 0, the generator's 2m."""
    loss = RelativisticHinge(ganzoo_example.RelativisticHingeOptions(margin=0.5))
    scores = SimpleNamespace(real=torch.full((2,), 0.75), fake=torch.full((2,), 0.25))
    assert loss.discriminator(scores) == {"real": 0, "fake": 0}
    assert loss.generator(scores) == {"fake": 1, "real": 1}
