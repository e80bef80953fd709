"""Checks of losses."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.components import ComponentSpec, Options
from ganzoo.contracts import Loss, WeightConstraint
from ganzoo.testing.methods import check_method_names, check_state_methods
from ganzoo.testing.problems import Problems
from ganzoo.testing.state import number_text, rebuilt_with_state

_N = 4
_SHAPES = ((3, 8, 8), (1, 6, 10))


def check_loss(component: ComponentSpec, options: Options, problems: Problems) -> None:
    """All terms are finite scalars with gradients, and the state can be saved and loaded."""
    loss: Loss = component.build(options)
    problems.expect(
        isinstance(loss.independent_scores, bool), "independent_scores should be True or False"
    )
    check_method_names(loss, ("constrain", "state_dict", "load_state_dict"), problems)
    check_state_methods(loss, problems)
    for shape in _SHAPES:
        before = len(problems.lines)
        with problems.catching("it cannot be used"):
            loss = component.build(options)
            _update(loss, shape, 0, problems)
        if len(problems.lines) == before:
            with problems.catching("its state_dict() cannot be saved and loaded"):
                rebuilt = rebuilt_with_state(component, options, loss)
                problems.expect(
                    _update(loss, shape, 1, problems) == _update(rebuilt, shape, 1, problems),
                    "its terms differ after a resume: return all state from state_dict(), restore "
                    "it in load_state_dict(), and take random numbers from torch's global "
                    "generator",
                )


def _update(loss: Loss, shape: tuple[int, ...], seed: int, problems: Problems) -> list[float]:
    """The values of all terms of one update; they depend on the seed and the loss's state only."""
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Flatten(), nn.Linear(torch.Size(shape).numel(), 1))
    real = torch.rand(_N, *shape) * 2 - 1
    fake = (torch.rand_like(real) * 2 - 1).requires_grad_()

    def critic(images: Tensor) -> Tensor:
        scores: Tensor = network(images).flatten()
        return scores

    discriminator_terms = dict(loss.discriminator(critic, real, fake.detach()))
    if _backward(discriminator_terms, "discriminator", problems):
        has_gradient = any(p.grad is not None for p in network.parameters())
        problems.expect(has_gradient, "the discriminator gets no gradient")
    generator_terms = dict(loss.generator(critic, fake, real))
    if _backward(generator_terms, "generator", problems):
        problems.expect(fake.grad is not None, "the generator gets no gradient")
    if isinstance(loss, WeightConstraint):
        loss.constrain(copy.deepcopy(network))
    terms = (*discriminator_terms.values(), *generator_terms.values())
    return [value for term in terms for value in term.detach().flatten().tolist()]


def _backward(terms: Mapping[str, Any], method: str, problems: Problems) -> bool:
    """Whether all terms are finite scalars; if so, their gradients are computed."""
    if not problems.expect(terms, f"{method}() returns no terms"):
        return False
    valid = True
    for term, value in terms.items():
        scalar = isinstance(value, Tensor) and value.shape == ()
        if not problems.expect(scalar, f"{method}(): {term} should be a scalar tensor"):
            valid = False
        elif not value.isfinite():
            problems.add(f"{method}(): {term} is {number_text(value.item())}")
            valid = False
    if valid:
        total = torch.stack(list(terms.values())).sum()
        if total.requires_grad:
            total.backward()
    return valid
