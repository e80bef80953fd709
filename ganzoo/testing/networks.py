"""What an architecture must do."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo.components import ArchitectureSpec, ComponentSpec, Options
from ganzoo.contracts import GrowingNetwork, ImageShape, LossRequirements, Networks
from ganzoo.errors import RequestError
from ganzoo.testing.findings import Findings
from ganzoo.testing.growth import check_growth
from ganzoo.testing.state import buffers_of, not_finite, restore_buffers

_SHAPES = [ImageShape(3, 32, 32), ImageShape(1, 32, 32), ImageShape(3, 64, 64)]
_N = 4


def check_architecture(component: ComponentSpec, options: Options, found: Findings) -> None:
    """Shapes, range, gradients and independence are as promised, with and without labels."""
    assert isinstance(component, ArchitectureSpec)
    variants = [(options, 0)]
    if "conditional" in type(options).model_fields:
        variants.append((options.model_copy(update={"conditional": True}), 3))
    for variant, classes in variants:
        for independent in (False, True):
            requirements = LossRequirements(independent_scores=independent)
            with found.trying("it cannot be built"):
                built = _build_any(component, variant, classes, requirements, found)
                if built:
                    _check_built(component, variant, *built, classes, requirements, found)


def _check_built(
    component: ArchitectureSpec,
    options: Options,
    networks: Networks,
    image_shape: ImageShape,
    num_classes: int,
    requirements: LossRequirements,
    found: Findings,
) -> None:
    again = component.build(
        options, image_shape=image_shape, num_classes=num_classes, requirements=requirements
    )
    labels = torch.arange(_N) % num_classes if networks.conditional else None
    with found.trying("growth"):
        check_growth(component, networks, image_shape, labels, found)
    part = found.of("generator")
    with part.trying("it cannot be called"):
        _check_generator(networks, image_shape, labels, part)
    part = found.of("discriminator")
    with part.trying("it cannot be called"):
        images = torch.rand(_N, *image_shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
        if _check_scores(networks.discriminator, images, labels, part) and (
            requirements.independent_scores and not networks.batch_dependent_scores
        ):
            _check_independence(networks.discriminator, images, labels, part)
    _check_resumed(networks, again, image_shape, labels, found)


def _check_resumed(
    networks: Networks,
    again: Networks,
    image_shape: ImageShape,
    labels: Tensor | None,
    found: Findings,
) -> None:
    """Networks that have loaded the state of others make of the same input what those make."""
    latents = again.generator.sample_latents(_N, torch.Generator().manual_seed(1))
    images = torch.rand(_N, *image_shape, generator=torch.Generator().manual_seed(1)) * 2 - 1
    for player, input in (("generator", latents), ("discriminator", images)):
        part = found.of(player)
        before, after = getattr(networks, player), getattr(again, player)
        with part.trying("its state_dict() cannot be loaded"), torch.no_grad():
            after.load_state_dict(before.state_dict())
            torch.manual_seed(0)
            expected = before(input, labels)
            torch.manual_seed(0)
            part.expect(
                torch.allclose(after(input, labels), expected, equal_nan=True),
                "it goes on differently after a resume: what changes while it trains belongs in "
                "buffers, by register_buffer()",
            )


def _build_any(
    component: ComponentSpec,
    options: Options,
    num_classes: int,
    requirements: LossRequirements,
    found: Findings,
) -> tuple[Networks, ImageShape] | None:
    refused = []
    for image in _SHAPES:
        torch.manual_seed(0)
        try:
            networks = component.build(
                options, image_shape=image, num_classes=num_classes, requirements=requirements
            )
        except RequestError as error:
            refused.append(str(error))
            continue
        right = isinstance(networks, Networks)
        if found.expect(right, f"it builds {type(networks).__name__}, not ganzoo.Networks"):
            return networks, image
        return None
    found.add(f"it refuses every shape: {refused}")
    return None


def _check_generator(
    networks: Networks, image_shape: ImageShape, labels: Tensor | None, found: Findings
) -> None:
    generator = networks.generator
    draws = [generator.sample_latents(_N, torch.Generator().manual_seed(s)) for s in (1, 1, 2)]
    found.expect(len(draws[0]) == _N, "sample_latents(n) should give n latents")
    if wrong := not_finite(draws[0]):
        found.add(f"its latents hold {wrong}")
    else:
        same = torch.equal(draws[0], draws[1])
        found.expect(same, "latents should come from their generator of random numbers alone")
        found.expect(not torch.equal(draws[0], draws[2]), "another seed, other latents")
    made = generator(draws[0], labels)
    right = made.shape == (_N, *image_shape)
    found.expect(right, f"it made {tuple(made.shape)}, not {(_N, *image_shape)}")
    found.expect(made.dtype == torch.float32, "its images should be float32")
    if wrong := not_finite(made):
        found.add(f"its images hold {wrong}")
    else:
        # A linear output may go beyond at first; 255 is another range.
        found.expect(made.abs().max() <= 10, "its images should lie in about [-1, 1]")
    _check_gradients(generator, made, found)


def _check_scores(
    discriminator: nn.Module, images: Tensor, labels: Tensor | None, found: Findings
) -> bool:
    """Whether there is one finite score for each image."""
    scores = discriminator(images, labels)
    right = found.expect(scores.shape == (_N,), f"one score each, not {tuple(scores.shape)}")
    wrong = not_finite(scores)
    found.expect(not wrong, f"its scores hold {wrong}")
    _check_gradients(discriminator, scores, found)
    return right and not wrong


def _check_independence(
    discriminator: nn.Module, images: Tensor, labels: Tensor | None, found: Findings
) -> None:
    others = torch.cat([images[:1], -images[1:]])
    buffers = buffers_of(discriminator)
    with torch.no_grad():
        torch.manual_seed(0)
        before = discriminator(images, labels)[0]
        restore_buffers(discriminator, buffers)
        torch.manual_seed(0)
        after = discriminator(others, labels)[0]
    close = torch.allclose(before, after, atol=1e-5)
    found.expect(close, "a score depends on the other images though the loss forbids it")


def _check_gradients(player: nn.Module, output: Tensor, found: Findings) -> None:
    """A gradient reaches every parameter that is trained; frozen ones get none."""
    newest = (
        player.stage_parameters(len(player.stages) - 1)
        if isinstance(player, GrowingNetwork)
        else ()
    )
    belongs = {id(parameter) for parameter in newest or player.parameters()}
    expected = {
        key: parameter
        for key, parameter in player.named_parameters()
        if parameter.requires_grad and id(parameter) in belongs
    }
    if not found.expect(
        expected, "it has no parameter that is trained (requires_grad is False for all of them)"
    ):
        return
    if output.requires_grad:
        output.square().sum().backward()
    missed = [key for key, parameter in expected.items() if parameter.grad is None]
    more = f" and {len(missed) - 3} more parameters" if len(missed) > 3 else ""
    found.expect(not missed, f"no gradient reaches {', '.join(missed[:3])}{more}")
    player.zero_grad()
