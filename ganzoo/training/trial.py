"""Try components on a few small random images before a run starts.

Separate instances are tried, on the device of the run, and the state of the global random number
generators is restored, so that the trial does not change the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.augment.pipeline import Pipeline
from ganzoo.contracts import Condition, ImageShape, Networks, Stateful, Terms, WeightConstraint
from ganzoo.errors import ContractError
from ganzoo.run import ConfiguredComponent, Run
from ganzoo.structure import require_plain, require_tensor, require_terms

_N = 4
_MAX_PIXELS = 128 * 128
"""Networks for images with more pixels are not tried, because it would take too long."""
_MAX_ABSOLUTE = 10.0
"""Limit of augmented images: allows for brightness and contrast, but not for a range of 255."""


def try_components(
    run: Run,
    image_shape: ImageShape,
    networks: Networks,
    condition: Condition | None,
    smallest: ImageShape,
    device: torch.device,
) -> None:
    """Try the networks, which must not be used afterwards, the augmentations and the loss.

    Networks that grow are at their first stage, with images of the shape ``smallest``. Raises
    PluginError if a component fails or breaks its contract.
    """
    with _preserved_random_state(device):
        _try_networks(networks, condition, smallest, device)
        for chosen in run.augment.values():
            with chosen.entry.code:
                augment = _build(chosen, device)
                _try_augment(augment, _images(image_shape, device), chosen.entry.code)
        with run.loss.entry.code:
            _try_loss(_build(run.loss, device), _images(image_shape, device))


def _preserved_random_state(device: torch.device) -> AbstractContextManager[None]:
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])


def _build(chosen: ConfiguredComponent, device: torch.device) -> Any:
    built = chosen.build()
    return built.to(device) if isinstance(built, nn.Module) else built


def _try_networks(
    networks: Networks, condition: Condition | None, image_shape: ImageShape, device: torch.device
) -> None:
    if image_shape.height * image_shape.width > _MAX_PIXELS:
        return
    generator = networks.generator.to(device)
    discriminator = networks.discriminator.to(device)
    told = condition.examples(_N).to(device) if condition else None
    with torch.no_grad(), generator.plugin_code:
        latents = generator.sample_latents(_N, _random(device))
        for training in (False, True):  # samples are generated in evaluation mode
            images = generator.train(training)(latents, told)
            require_tensor("the generator's output", images, (_N, *image_shape), generator.forward)
    with torch.no_grad(), discriminator.plugin_code:
        scores = discriminator(images, told)
        require_tensor("the discriminator's output", scores, (_N,), discriminator.forward)


def _try_augment(augment: Any, images: Tensor, code: AbstractContextManager[None]) -> None:
    before = images.clone()
    # In a run the generated images require a gradient, but are not leaf tensors.
    original = images.requires_grad_() * 1 if augment.apply_to == "all" else images
    augmented = Pipeline([augment], [code])(original, _random(images.device))
    if augmented.dtype != images.dtype:
        raise ContractError(f"it returns images of {augmented.dtype}, not {images.dtype}", augment)
    largest = augmented.detach().abs().max().item()
    if not largest <= _MAX_ABSOLUTE:
        raise ContractError(
            f"it returns images with values up to {largest:.4g}: images are in [-1, 1]", augment
        )
    if augment.apply_to == "all":
        if not torch.equal(original.detach(), before):
            raise ContractError("it changes its input images in place", augment)
        if not augmented.requires_grad:
            raise ContractError(
                'with apply_to "all" the generator is trained through it, but the images that it '
                "returns have no gradient",
                augment,
            )
    _require_storable(augment)


def _try_loss(loss: Any, real: Tensor) -> None:
    """Compute the terms of both networks with a linear critic."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(real[0].numel(), 1)).to(real.device)

    def critic(images: Tensor) -> Tensor:
        scores: Tensor = network(images).flatten()
        return scores

    fake = -real
    terms = loss.discriminator(critic, real, fake)
    require_terms(terms, loss.discriminator)
    _require_gradient(terms, list(network.parameters()), loss.discriminator)
    fake.requires_grad_()
    terms = loss.generator(critic, fake, real)
    require_terms(terms, loss.generator)
    _require_gradient(terms, [fake], loss.generator)
    if isinstance(loss, WeightConstraint):
        loss.constrain(network)
    _require_storable(loss)


def _require_gradient(terms: Terms, inputs: Sequence[Tensor], method: Any) -> None:
    total = torch.stack(list(terms.values())).sum()
    has_gradient = total.requires_grad and any(
        gradient is not None for gradient in torch.autograd.grad(total, inputs, allow_unused=True)
    )
    if not has_gradient:
        network = method.__name__
        raise ContractError(
            f"the terms that {network}() returned have no gradient for the {network}", method
        )


def _require_storable(component: Any) -> None:
    if isinstance(component, Stateful):
        require_plain(component.state_dict(), component.state_dict)


def _images(image_shape: ImageShape, device: torch.device) -> Tensor:
    return torch.rand(_N, *image_shape, generator=_random(device), device=device) * 2 - 1


def _random(device: torch.device | str = "cpu") -> torch.Generator:
    return torch.Generator(device).manual_seed(0)
