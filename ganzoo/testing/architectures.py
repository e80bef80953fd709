"""Checks of architectures."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ganzoo.components import ArchitectureSpec, ComponentSpec
from ganzoo.contracts import (
    Condition,
    EstimatingDiscriminator,
    Generator,
    ImageShape,
    LossRequirements,
    MappingGenerator,
    Networks,
    ReconstructingDiscriminator,
    TrainingLatents,
)
from ganzoo.errors import RequestError
from ganzoo.options import Options
from ganzoo.testing.growth import check_growth
from ganzoo.testing.parameters import check_frozen, check_gradients
from ganzoo.testing.problems import Problems
from ganzoo.testing.state import buffers_of, not_finite, restore_buffers

SHAPES = [ImageShape(3, 32, 32), ImageShape(1, 32, 32), ImageShape(3, 64, 64)]
_N = 4
CONDITIONS = {
    "class": Condition("class", ("a", "b", "c")),
    "classes": Condition("classes", ("a", "b", "c")),
    "vector": Condition("vector", ("a", "b"), ((0.0, 1.0), (-40.0, 10.0))),
}
"""A condition of each kind."""


def check_architecture(component: ComponentSpec, options: Options, problems: Problems) -> None:
    """Shapes, ranges, gradients and independence of scores are right, with every condition."""
    assert isinstance(component, ArchitectureSpec)
    for condition in (None, *(CONDITIONS[kind] for kind in component.conditions)):
        part = problems.of(f"condition {condition.kind}") if condition else problems
        for needed in (False, True):
            requirements = LossRequirements(independent_scores=needed, estimated_condition=needed)
            with part.catching("it cannot be built"):
                built = _build_any(component, options, condition, requirements, part)
                if built:
                    _check_networks(component, options, *built, condition, requirements, part)


def _check_networks(
    component: ArchitectureSpec,
    options: Options,
    networks: Networks,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
    problems: Problems,
) -> None:
    again = component.build(
        options, image_shape=image_shape, condition=condition, requirements=requirements
    )
    conditions = condition.examples(_N) if condition else None
    check_frozen(networks, again, problems)
    with problems.catching("growth"):
        check_growth(component, networks, image_shape, conditions, problems)
    part = problems.of("generator")
    with part.catching("it cannot be called"):
        _check_generator(networks, image_shape, conditions, part)
    part = problems.of("discriminator")
    with part.catching("it cannot be called"):
        images = torch.rand(_N, *image_shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
        estimated = conditions if requirements.estimated_condition else None
        if _check_scores(networks.discriminator, images, conditions, estimated, part) and (
            requirements.independent_scores and not networks.batch_dependent_scores
        ):
            _check_independence(networks.discriminator, images, conditions, part)
    _check_state(networks, again, image_shape, conditions, problems)


def _check_state(
    networks: Networks,
    again: Networks,
    image_shape: ImageShape,
    conditions: Tensor | None,
    problems: Problems,
) -> None:
    """New networks that load the state of used ones return the same output for the same input."""
    latents = again.generator.sample_latents(_N, torch.Generator().manual_seed(1))
    images = torch.rand(_N, *image_shape, generator=torch.Generator().manual_seed(1)) * 2 - 1
    for name, input in (("generator", latents), ("discriminator", images)):
        part = problems.of(name)
        before, after = getattr(networks, name), getattr(again, name)
        with part.catching("its state_dict() cannot be loaded"), torch.no_grad():
            after.load_state_dict(before.state_dict())
            torch.manual_seed(0)
            expected = before(input, conditions)
            torch.manual_seed(0)
            part.expect(
                torch.allclose(after(input, conditions), expected, equal_nan=True),
                "its output differs after a resume: register all state with register_buffer()",
            )


def _build_any(
    component: ArchitectureSpec,
    options: Options,
    condition: Condition | None,
    requirements: LossRequirements,
    problems: Problems,
) -> tuple[Networks, ImageShape] | None:
    refused = []
    for image in SHAPES:
        torch.manual_seed(0)
        try:
            networks = component.build(
                options, image_shape=image, condition=condition, requirements=requirements
            )
        except RequestError as error:
            refused.append(str(error))
            continue
        valid = isinstance(networks, Networks)
        if problems.expect(valid, f"returns {type(networks).__name__}, not ganzoo.Networks"):
            return networks, image
        return None
    if condition or not component.conditions:  # it may need a condition
        problems.add(f"refuses all image shapes: {refused}")
    return None


def _check_generator(
    networks: Networks, image_shape: ImageShape, conditions: Tensor | None, problems: Problems
) -> None:
    generator = networks.generator
    drawn = _check_latents(generator.sample_latents, problems.of("sample_latents"))
    if isinstance(generator, TrainingLatents):
        part = problems.of("sample_training_latents")
        mixed = generator(_check_latents(generator.sample_training_latents, part), conditions)
        shape = tuple(mixed.shape)
        part.expect(shape == (_N, *image_shape), f"their images have the shape {shape}")
    before = drawn.clone()
    made = generator(drawn, conditions)
    _check_input(before, drawn, problems)
    valid = made.shape == (_N, *image_shape)
    problems.expect(
        valid, f"its images have the shape {tuple(made.shape)}, not {(_N, *image_shape)}"
    )
    problems.expect(made.dtype == torch.float32, f"its images are {made.dtype}, not float32")
    if wrong := not_finite(made):
        problems.add(f"its images contain {wrong}")
    else:
        # A linear output may exceed [-1, 1] before training, but not reach another range's 255.
        problems.expect(
            made.abs().max() <= 10,
            "its images should be in about [-1, 1]: black is -1, white is 1; end with tanh()",
        )
    if isinstance(generator, MappingGenerator):
        _check_mapping(generator, drawn, conditions, problems)
    check_gradients(generator, "generator", made, problems)
    _check_condition_is_used(generator, drawn, conditions, problems)


def _check_input(before: Tensor, after: Tensor, problems: Problems) -> None:
    same = torch.equal(before, after)
    problems.expect(same, "it changes its input in place: compute a new tensor")


def _check_condition_is_used(
    network: nn.Module, inputs: Tensor, conditions: Tensor | None, problems: Problems
) -> None:
    """The output depends on the condition."""
    if conditions is None:
        return
    outputs = []
    with torch.no_grad():
        for each in (conditions[:1], conditions[1:2]):
            torch.manual_seed(0)
            outputs.append(network(inputs, each.expand(_N, *conditions.shape[1:])))
    problems.expect(
        not torch.equal(*outputs),
        "its output does not depend on the condition, which its declaration promises: use it, or "
        "do not name its kind in conditions",
    )


def _check_latents(sample: Callable[[int, torch.Generator], Tensor], problems: Problems) -> Tensor:
    """Latents that a generator draws; they depend on the random generator that it gets."""
    draws = [sample(_N, torch.Generator().manual_seed(s)) for s in (1, 1, 2)]
    problems.expect(len(draws[0]) == _N, f"it should return {_N} latents for n={_N}")
    if wrong := not_finite(draws[0]):
        problems.add(f"its latents contain {wrong}")
    else:
        same = torch.equal(draws[0], draws[1])
        problems.expect(
            same,
            "latents should depend on the passed random generator only: draw with generator=random",
        )
        problems.expect(
            not torch.equal(draws[0], draws[2]), "latents should differ for another seed"
        )
    return draws[0]


def _check_mapping(
    generator: Generator, latents: Tensor, conditions: Tensor | None, problems: Problems
) -> None:
    """``forward`` is ``map`` and then ``synthesize``."""
    assert isinstance(generator, MappingGenerator)
    with torch.no_grad():
        torch.manual_seed(0)
        expected = generator(latents, conditions)
        torch.manual_seed(0)
        made = generator.synthesize(generator.map(latents, conditions))
    problems.expect(
        torch.allclose(made, expected, equal_nan=True),
        "its images should be those of synthesize(map(latents, condition))",
    )


def _check_scores(
    discriminator: nn.Module,
    images: Tensor,
    conditions: Tensor | None,
    estimated: Tensor | None,
    problems: Problems,
) -> bool:
    """Whether there are finite scores for each image, one or K.

    The discriminator may estimate the conditions ``estimated``.
    """
    before = images.clone()
    scores = discriminator(images, conditions)
    _check_input(before, images, problems)
    valid = problems.expect(
        scores.ndim in (1, 2) and len(scores) == _N,
        f"its scores have the shape {tuple(scores.shape)}, not ({_N},) or ({_N}, K)",
    )
    wrong = not_finite(scores)
    problems.expect(not wrong, f"its scores contain {wrong}")
    used = scores + _reconstructed(discriminator, images)
    if estimated is not None and isinstance(discriminator, EstimatingDiscriminator):
        errors = discriminator.condition_error(images, estimated)
        shape = tuple(errors.shape)
        problems.expect(shape == (_N,), f"condition_error() has the shape {shape}, not ({_N},)")
        used = used + errors.sum()
    check_gradients(discriminator, "discriminator", used, problems)
    _check_condition_is_used(discriminator, images, conditions, problems)
    return valid and not wrong


def _reconstructed(discriminator: nn.Module, images: Tensor) -> Tensor:
    """The sum of the reconstructions that a regularizer may train, () with gradient; 0 if none."""
    if not isinstance(discriminator, ReconstructingDiscriminator):
        return torch.zeros(())
    return torch.stack([made.sum() for made, _ in discriminator.reconstruct(images, 0)]).sum()


def _check_independence(
    discriminator: nn.Module, images: Tensor, conditions: Tensor | None, problems: Problems
) -> None:
    others = torch.cat([images[:1], -images[1:]])
    buffers = buffers_of(discriminator)
    with torch.no_grad():
        torch.manual_seed(0)
        before = discriminator(images, conditions)[0]
        restore_buffers(discriminator, buffers)
        torch.manual_seed(0)
        after = discriminator(others, conditions)[0]
    close = torch.allclose(before, after, atol=1e-5)
    problems.expect(
        close,
        "a score depends on the other images, but the loss needs independent scores: choose the "
        'normalization by requirements.norm("auto"), or, if that is by design, return '
        "Networks(batch_dependent_scores=True)",
    )
