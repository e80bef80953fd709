"""The plugin passes ganzoo's checks, and its loss has the right values."""

from __future__ import annotations

from types import SimpleNamespace

import ganzoo_alpha
import pytest
import torch
from ganzoo_alpha.losses import Alpha
from torch.nn.functional import softplus

from ganzoo.testing import check_plugin
from ganzoo.testing.fixtures import TinyRun


def test_plugin_passes_the_checks() -> None:
    """Every component has a correct declaration and behaves as its kind requires."""
    check_plugin(ganzoo_alpha)


def test_a_run_with_the_loss_resumes_exactly(tiny_run: TinyRun) -> None:
    """Four steps are the same as two, and two more after a resume."""
    tiny_run(ganzoo_alpha, loss="alpha", settings={"loss.alpha": "0.5 -> 1 linear"})


@pytest.mark.parametrize(("alpha", "expected"), [(0.5, 1.0), (2.0, 2 - 2**0.5), (1e7, 0.5)])
def test_values_for_an_undecided_discriminator(alpha: float, expected: float) -> None:
    """For D = 1/2 all terms are a / (a - 1) (1 - (1/2)^((a - 1) / a))."""
    loss = Alpha(ganzoo_alpha.AlphaOptions(alpha=alpha))
    scores = SimpleNamespace(real=torch.zeros(2), fake=torch.zeros(2))
    for terms in (loss.discriminator(scores), loss.generator(scores)):
        for term in terms.values():
            assert term.item() == pytest.approx(expected)


def test_alpha_of_1_is_the_non_saturating_loss() -> None:
    """At 1 and near it, the terms are -log D(x), -log(1 - D(G(z))) and -log D(G(z))."""
    scores = SimpleNamespace(real=torch.tensor([-20.0, 3.0]), fake=torch.tensor([20.0, -1.0]))
    for alpha in (1.0, 1.000001):
        loss = Alpha(ganzoo_alpha.AlphaOptions(alpha=alpha))
        real, fake = loss.discriminator(scores).values()
        (adversarial,) = loss.generator(scores).values()
        torch.testing.assert_close(real, softplus(-scores.real).mean(), rtol=1e-4, atol=0)
        torch.testing.assert_close(fake, softplus(scores.fake).mean(), rtol=1e-4, atol=0)
        torch.testing.assert_close(adversarial, softplus(-scores.fake).mean(), rtol=1e-4, atol=0)
