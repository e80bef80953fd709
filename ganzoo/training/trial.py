"""Components tried on a few small random images before a run starts.

Only instances that are made for it are tried, on the device of the run, and the global generators
of random numbers are as they were before: a run does the same as it would without.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.augment.pipeline import Pipeline
from ganzoo.contracts import ImageShape, Networks, Stateful, Terms, WeightConstraint
from ganzoo.errors import ContractError
from ganzoo.run import ConfiguredComponent, Run
from ganzoo.structure import require_plain, require_tensor, require_terms

_N = 4
_LARGEST = 128 * 128
"""Pixels of the images that networks are tried on; with larger ones it would take too long."""
_FARTHEST = 10.0
"""What augmented images may reach: 1 and what brightness and contrast add, not 255."""


def try_out(
    run: Run,
    image_shape: ImageShape,
    networks: Networks,
    smallest: ImageShape,
    device: torch.device,
) -> None:
    """Try the networks, which nobody uses afterwards, the augmentations and the loss.

    Networks that grow are at their first stage, with images of the shape ``smallest``. Raises
    PluginError for what does not work.
    """
    with _set_back(device):
        _try_networks(networks, smallest, device)
        for chosen in run.augment.values():
            with chosen.entry.code:
                _try_augment(
                    _built(chosen, device), _images(image_shape, device), chosen.entry.code
                )
        with run.loss.entry.code:
            _try_loss(_built(run.loss, device), _images(image_shape, device))


def _set_back(device: torch.device) -> AbstractContextManager[None]:
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])


def _built(chosen: ConfiguredComponent, device: torch.device) -> Any:
    built = chosen.build()
    return built.to(device) if isinstance(built, nn.Module) else built


def _try_networks(networks: Networks, image_shape: ImageShape, device: torch.device) -> None:
    if image_shape.height * image_shape.width > _LARGEST:
        return
    generator = networks.generator.to(device)
    discriminator = networks.discriminator.to(device)
    labels = torch.zeros(_N, dtype=torch.int64, device=device) if networks.conditional else None
    with torch.no_grad(), generator.plugin_code:
        latents = generator.sample_latents(_N, _random(device))
        for mode in (False, True):  # samples are drawn in evaluation mode
            made = generator.train(mode)(latents, labels)
            require_tensor("the generator's output", made, (_N, *image_shape), generator.forward)
    with torch.no_grad(), discriminator.plugin_code:
        scores = discriminator(made, labels)
        require_tensor("the discriminator's output", scores, (_N,), discriminator.forward)


def _try_augment(augment: Any, images: Tensor, code: AbstractContextManager[None]) -> None:
    before = images.clone()
    # In a run the images that a generator made carry a gradient, but are no leaf.
    given = images.requires_grad_() * 1 if augment.apply_to == "all" else images
    made = Pipeline([augment], [code])(given, _random(images.device))
    if made.dtype != images.dtype:
        raise ContractError(f"it returns images of {made.dtype}, not {images.dtype}", augment)
    farthest = made.detach().abs().max().item()
    if not farthest <= _FARTHEST:
        raise ContractError(
            f"it returns images with values up to {farthest:.4g}: images lie in [-1, 1]", augment
        )
    if augment.apply_to == "all":
        if not torch.equal(given.detach(), before):
            raise ContractError("it changes the images that it is given in place", augment)
        if not made.requires_grad:
            raise ContractError(
                'with apply_to "all" the generator learns through it, but the images that it '
                "returns carry no gradient",
                augment,
            )
    _require_storable(augment)


def _try_loss(objective: Any, real: Tensor) -> None:
    """Both players' terms with a critic that is linear."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(real[0].numel(), 1)).to(real.device)

    def critic(images: Tensor) -> Tensor:
        scores: Tensor = network(images).flatten()
        return scores

    fake = -real
    terms = objective.discriminator(critic, real, fake)
    require_terms(terms, objective.discriminator)
    _require_gradient(terms, list(network.parameters()), objective.discriminator)
    fake.requires_grad_()
    terms = objective.generator(critic, fake, real)
    require_terms(terms, objective.generator)
    _require_gradient(terms, [fake], objective.generator)
    if isinstance(objective, WeightConstraint):
        objective.constrain(network)
    _require_storable(objective)


def _require_gradient(terms: Terms, inputs: Sequence[Tensor], method: Any) -> None:
    total = torch.stack(list(terms.values())).sum()
    reached = total.requires_grad and any(
        gradient is not None for gradient in torch.autograd.grad(total, inputs, allow_unused=True)
    )
    if not reached:
        player = method.__name__
        raise ContractError(
            f"the terms that {player}() returned carry no gradient to the {player}", method
        )


def _require_storable(built: Any) -> None:
    if isinstance(built, Stateful):
        require_plain(built.state_dict(), built.state_dict)


def _images(image_shape: ImageShape, device: torch.device) -> Tensor:
    return torch.rand(_N, *image_shape, generator=_random(device), device=device) * 2 - 1


def _random(device: torch.device | str = "cpu") -> torch.Generator:
    return torch.Generator(device).manual_seed(0)
