"""What a loss must do."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.components import ComponentSpec, Options
from ganzoo.contracts import Loss, WeightConstraint
from ganzoo.testing.findings import Findings
from ganzoo.testing.members import check_adaptive, check_members
from ganzoo.testing.state import described, resumed

_N = 4
_SHAPES = ((3, 8, 8), (1, 6, 10))


def check_loss(component: ComponentSpec, options: Options, found: Findings) -> None:
    """Both players' terms are finite scalars with gradients, and its state survives a resume."""
    objective: Loss = component.build(options)
    found.expect(
        isinstance(objective.independent_scores, bool), "independent_scores should be True or False"
    )
    check_members(objective, ("constrain", "state_dict", "load_state_dict"), found)
    check_adaptive(objective, found)
    for shape in _SHAPES:
        before = len(found.lines)
        with found.trying("it cannot be used"):
            objective = component.build(options)
            _update(objective, shape, 0, found)
        if len(found.lines) == before:
            with found.trying("its state_dict() cannot be kept and loaded"):
                later = resumed(component, options, objective)
                same = _update(objective, shape, 1, found) == _update(later, shape, 1, found)
                found.expect(
                    same,
                    "it goes on differently after a resume: what changes while it trains belongs "
                    "in state_dict() and load_state_dict(), and what is random comes from torch's "
                    "global generator",
                )


def _update(objective: Loss, shape: tuple[int, ...], seed: int, found: Findings) -> list[float]:
    """Every term of an update of both players, which is the same for the same seed and state."""
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Flatten(), nn.Linear(torch.Size(shape).numel(), 1))
    real = torch.rand(_N, *shape) * 2 - 1
    fake = (torch.rand_like(real) * 2 - 1).requires_grad_()

    def critic(images: Tensor) -> Tensor:
        scores: Tensor = network(images).flatten()
        return scores

    terms = dict(objective.discriminator(critic, real, fake.detach()))
    if _backward(terms, "discriminator", found):
        reached = [p.grad is not None for p in network.parameters()]
        found.expect(any(reached), "the discriminator gets no gradient")
    others = dict(objective.generator(critic, fake, real))
    if _backward(others, "generator", found):
        found.expect(fake.grad is not None, "the generator gets no gradient")
    if isinstance(objective, WeightConstraint):
        objective.constrain(copy.deepcopy(network))
    every = (*terms.values(), *others.values())
    return [value for term in every for value in term.detach().flatten().tolist()]


def _backward(terms: Mapping[str, Any], player: str, found: Findings) -> bool:
    """Whether the terms of a player are finite scalars; if so, their gradients are there now."""
    if not found.expect(terms, f"{player}() returns no terms"):
        return False
    fine = True
    for term, value in terms.items():
        scalar = isinstance(value, Tensor) and value.shape == ()
        if not found.expect(scalar, f"{player}(): {term} should be a scalar tensor"):
            fine = False
        elif not value.isfinite():
            found.add(f"{player}(): {term} is {described(value.item())}")
            fine = False
    if fine:
        total = torch.stack(list(terms.values())).sum()
        if total.requires_grad:
            total.backward()
    return fine
