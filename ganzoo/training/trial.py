"""Try the phases of a run on a few small random images before it starts.

Separate instances are tried, on the device of the run, and the state of the global random number
generators is restored, so that the trial does not change the run.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ganzoo.augment.pipeline import Pipeline
from ganzoo.contracts import Condition, ImageShape, Networks, Phase
from ganzoo.data.batches import Batch
from ganzoo.errors import ContractError, RequestError
from ganzoo.phase_structure import require_gradient
from ganzoo.returned_values import require_plain, require_scores, require_tensor
from ganzoo.training.built_component import BuiltComponent
from ganzoo.training.engine import Engine
from ganzoo.training.growth import GrowthPoint, Stage
from ganzoo.training.progress import Progress
from ganzoo.training.randomness import Randomness, preserved_random_state
from ganzoo.training.run_components import Components
from ganzoo.training.setup import Setup
from ganzoo.training.stand_ins import stand_ins
from ganzoo.training.step import TrainingStep
from ganzoo.training.update import after_update, compute_terms

_N = 4
_MAX_PIXELS = 128 * 128
"""Networks for images with more pixels are not tried, because it would take too long."""
_MAX_ABSOLUTE = 100.0
"""Limit of augmented images: allows for contrast and saturation, but not for a range of 255."""


def try_phases(
    components: Components,
    networks: Networks,
    image_shape: ImageShape,
    engine: Engine,
    condition: Condition | None = None,
) -> None:
    """Try the networks, the augmentations and all phases; none must be used afterwards.

    ``image_shape`` is that of the networks' present stage; ``condition`` is what they are told.
    Raises RequestError if the architecture lacks a network that the loss trains, and PluginError if
    a component fails or breaks its contract.
    """
    with preserved_random_state(engine.device):
        is_small = image_shape.height * image_shape.width <= _MAX_PIXELS
        if is_small:
            _try_networks(networks, image_shape, engine.device, condition)
        for augmentation in components.augmentations.values():
            with augmentation.code:
                _try_augmentation(augmentation, _images(image_shape, engine.device))
        if is_small or not networks.others:
            used = networks if is_small else stand_ins(image_shape)
            setup = trial_setup(components, used, image_shape, engine, condition)
            phases = components.phases()
            _require_networks(components, phases, setup)
            steps = [_try_phase(phase, setup) for phase in phases]
            if not any(step.gave_feedback for step in steps):
                _warn_without_feedback(components)
        for _, component in components.by_section():
            if component.is_stateful:
                with component.code:
                    require_plain(component.built.state_dict(), component.built.state_dict)


def trial_setup(
    components: Components,
    networks: Networks,
    image_shape: ImageShape,
    engine: Engine,
    condition: Condition | None,
) -> Setup:
    """A setup with random images, four in each process."""

    def take(first: int, count: int) -> Batch:
        conditions = condition.examples(_N).to(engine.device) if condition else None
        return Batch(_images(image_shape, engine.device), conditions)

    for network in networks.by_name().values():
        network.to(engine.device)
    stage = Stage(0, image_shape, _N * engine.processes)
    point = GrowthPoint(stage, 1.0)
    return Setup(networks, components, take, engine, Randomness(0), point, condition)


def _try_networks(
    networks: Networks, image_shape: ImageShape, device: torch.device, condition: Condition | None
) -> None:
    generator = networks.generator.to(device)
    discriminator = networks.discriminator.to(device)
    conditions = condition.examples(_N).to(device) if condition else None
    with torch.no_grad(), generator.plugin_code:
        latents = generator.sample_latents(_N, _random(device))
        for training in (False, True):  # samples are generated in evaluation mode
            images = generator.train(training)(latents, conditions)
            require_tensor("the generator's output", images, (_N, *image_shape), generator.forward)
    with torch.no_grad(), discriminator.plugin_code:
        require_scores(discriminator(images, conditions), _N, discriminator.forward)


def _require_networks(components: Components, phases: Sequence[Phase], setup: Setup) -> None:
    """Raise RequestError unless the architecture has the networks that are trained."""
    for name in (name for phase in phases for name in phase.networks):
        if name not in setup.networks:
            raise RequestError(
                f"{components.loss.code.what} trains the network {name}, and the architecture has "
                f"{', '.join(setup.networks)}: choose an architecture that has it"
            )


def _warn_without_feedback(components: Components) -> None:
    """Name the components that wait for scores which no phase passes on.

    One whose attribute ``adapts`` is false only reports them.
    """
    for component in components.with_feedback():
        if not getattr(component.built, "adapts", True):
            continue
        warnings.warn(
            f"{component.code.what} adapts to the discriminator's scores, but "
            f"{components.loss.code.what} does not pass them on, so it stays as it is: a method "
            "calls step.give_feedback() after its update of the discriminator",
            stacklevel=2,
        )


def _try_phase(phase: Phase, setup: Setup) -> TrainingStep:
    """Compute the terms of a phase and their gradients; then call what follows the update."""
    progress = Progress(images_seen=setup.point.stage.batch_size)
    step = TrainingStep(setup, progress, phase, 0)
    terms = compute_terms(phase, step, setup)
    parameters = [
        parameter
        for name in phase.networks
        for parameter in setup.networks[name].parameters()
        if parameter.requires_grad
    ]
    total = torch.stack(list(terms.values())).sum()
    with setup.components.code_of(phase):
        require_gradient(phase, exists=_has_gradient(total, parameters))
    after_update(phase, step, setup)
    return step


def _has_gradient(total: Tensor, parameters: Sequence[nn.Parameter]) -> bool:
    if not total.requires_grad or not parameters:
        return False
    gradients = torch.autograd.grad(total, list(parameters), allow_unused=True)
    return any(gradient is not None for gradient in gradients)


def _try_augmentation(component: BuiltComponent, images: Tensor) -> None:
    augmentation, before = component.built, images.clone()
    # In a run the generated images require a gradient, but are not leaf tensors.
    original = images.requires_grad_() * 1 if augmentation.apply_to == "all" else images
    augmented = Pipeline([augmentation], [component.code])(original, _random(images.device))
    if augmented.dtype != images.dtype:
        raise ContractError(
            f"it returns images of {augmented.dtype}, not {images.dtype}", augmentation
        )
    largest = augmented.detach().abs().max().item()
    if not largest <= _MAX_ABSOLUTE:
        raise ContractError(
            f"it returns images with values up to {largest:.4g}: images are in [-1, 1]",
            augmentation,
        )
    if augmentation.apply_to == "all":
        if not torch.equal(original.detach(), before):
            raise ContractError("it changes its input images in place", augmentation)
        if not augmented.requires_grad:
            raise ContractError(
                'with apply_to "all" the generator is trained through it, but the images that it '
                "returns have no gradient",
                augmentation,
            )


def _images(image_shape: ImageShape, device: torch.device) -> Tensor:
    return torch.rand(_N, *image_shape, generator=_random(device), device=device) * 2 - 1


def _random(device: torch.device | str = "cpu") -> torch.Generator:
    return torch.Generator(device).manual_seed(0)
