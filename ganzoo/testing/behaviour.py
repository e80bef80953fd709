"""What a component of each kind must do, tried on the CPU in milliseconds."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ganzoo.augment.pipeline import Pipeline
from ganzoo.components import Architecture, Component, Options, Recipe
from ganzoo.contracts import (
    BulkSource,
    ChunkedSource,
    Constraint,
    Extract,
    Growing,
    ImageShape,
    ImageSource,
    Measured,
    NamedSource,
    Needs,
    Networks,
    Objective,
    ScalableSource,
)
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.errors import RequestError
from ganzoo.evaluation.sample import PictureSample
from ganzoo.testing.growth import check_growth

_SHAPES = [ImageShape(3, 32, 32), ImageShape(1, 32, 32), ImageShape(3, 64, 64)]
_N = 4


def check_dataset(component: Component, options: Options) -> None:
    """Pictures and labels are what they should be, the same each time and from any thread."""
    name = f"dataset {component.name}"
    source: ImageSource = component.build(options)
    assert len(source) > 0, f"{name} is empty"
    assert isinstance(source.fingerprint, str), f"{name}: the fingerprint should be a text"
    again: ImageSource = component.build(options)
    assert source.fingerprint == again.fingerprint, f"{name}: the fingerprint should not change"
    numbers = range(min(len(source), _N))
    with ThreadPoolExecutor(2) as pool:
        pictures = list(pool.map(lambda i: _picture(source, i, name), numbers))
    for number, pixels in zip(numbers, pictures, strict=True):
        same = np.array_equal(pixels, _picture(again, number, name))
        assert same, f"{name}: picture {number} should be the same each time"
    if isinstance(source, BulkSource):
        drawn, labels = source.read(numbers)
        assert all(map(np.array_equal, drawn, pictures)), f"{name}: read() and [i] should agree"
        assert (labels is None) == (not source.class_names), f"{name}: labels need class names"
    if isinstance(source, NamedSource):
        assert all(source.name(i) for i in numbers), f"{name}: every picture has a name"
    if isinstance(source, ChunkedSource):
        assert min(source.chunk, source.window) > 0, f"{name}: chunk and window are numbers"
        known = None if source.labels is None else len(source.labels)
        right = known == (len(source) if source.class_names else None)
        assert right, f"{name}: labels are those of all pictures, where there are class names"
    if isinstance(source, ScalableSource):
        small, large = source.at(8), source.at(16)
        assert len(small) == len(source), f"{name}: at() should keep the number of pictures"
        assert small.fingerprint != large.fingerprint, f"{name}: another size, another content"


def _picture(source: ImageSource, number: int, name: str) -> np.ndarray:
    picture, label = source[number]
    if not isinstance(picture, Image.Image):
        right = picture.dtype == np.uint8 and picture.ndim == 3
        assert right, f"{name}: picture {number} should be uint8 (H, W, C)"
    prepare(picture, Preparation(resolution=8))
    classes = len(source.class_names)
    labelled = label in range(classes) if classes else label is None
    assert labelled, f"{name}: picture {number} has the label {label} of {classes} classes"
    return np.asarray(picture)


def check_architecture(component: Component, options: Options) -> None:
    """Shapes, range, gradients and independence are as promised, with and without labels."""
    variants = [(options, 0)]
    if "conditional" in type(options).model_fields:
        variants.append((options.model_copy(update={"conditional": True}), 3))
    for variant, classes in variants:
        for independent in (False, True):
            needs = Needs(independent_scores=independent)
            networks, image = _build_any(component, variant, classes, needs)
            labels = torch.arange(_N) % classes if networks.conditional else None
            alone = independent and not networks.compares
            assert isinstance(component, Architecture)
            check_growth(component, networks, image, labels)
            _check_generator(component.name, networks, image, labels)
            _check_discriminator(component.name, networks, image, labels, alone)


def _build_any(
    component: Component, options: Options, classes: int, needs: Needs
) -> tuple[Networks, ImageShape]:
    refused = []
    for image in _SHAPES:
        torch.manual_seed(0)
        try:
            return component.build(options, image=image, classes=classes, needs=needs), image
        except RequestError as error:
            refused.append(str(error))
    raise AssertionError(f"architecture {component.name} refuses every shape: {refused}")


def _check_generator(
    name: str, networks: Networks, image: ImageShape, labels: Tensor | None
) -> None:
    generator = networks.generator
    draws = [generator.sample_latents(_N, torch.Generator().manual_seed(s)) for s in (1, 1, 2)]
    assert len(draws[0]) == _N, f"{name}: sample_latents(n) should give n latents"
    assert torch.equal(draws[0], draws[1]), f"{name}: latents should come from their generator"
    assert not torch.equal(draws[0], draws[2]), f"{name}: another seed, other latents"
    made = generator(draws[0], labels)
    assert made.shape == (_N, *image), f"{name}: made {tuple(made.shape)}, not {(_N, *image)}"
    assert made.dtype == torch.float32, f"{name}: pictures should be float32"
    # A linear output may go beyond at first; 255 is another range.
    assert made.abs().max() <= 10, f"{name}: pictures should lie in about [-1, 1]"
    _check_gradients(f"{name}'s generator", generator, made)


def _check_discriminator(
    name: str, networks: Networks, image: ImageShape, labels: Tensor | None, independent: bool
) -> None:
    critic = networks.discriminator
    images = torch.rand(_N, *image, generator=torch.Generator().manual_seed(0)) * 2 - 1
    scores = critic(images, labels)
    assert scores.shape == (_N,), f"{name}: one score each, not {tuple(scores.shape)}"
    _check_gradients(f"{name}'s discriminator", critic, scores)
    if independent:
        torch.manual_seed(0)
        before = critic(images, labels)[0]
        others = torch.cat([images[:1], -images[1:]])
        torch.manual_seed(0)
        after = critic(others, labels)[0]
        close = torch.allclose(before, after, atol=1e-5)
        assert close, f"{name}: a score depends on the other pictures though the loss forbids it"


def _check_gradients(name: str, module: nn.Module, output: Tensor) -> None:
    output.square().sum().backward()
    newest = module.added(len(module.stages) - 1) if isinstance(module, Growing) else ()
    expected = {id(parameter) for parameter in newest or module.parameters()}
    for key, parameter in module.named_parameters():
        reached = parameter.grad is not None or id(parameter) not in expected
        assert reached, f"{name}: no gradient reaches {key}"
    module.zero_grad()


def check_loss(component: Component, options: Options) -> None:
    """Both players' terms are finite scalars, and their gradients reach the right player."""
    for channels, height, width in ((3, 8, 8), (1, 6, 10)):
        objective: Objective = component.build(options)
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.Linear(channels * height * width, 1))
        real = torch.rand(_N, channels, height, width) * 2 - 1
        fake = (torch.rand_like(real) * 2 - 1).requires_grad_()

        def critic(images: Tensor, network: nn.Module = network) -> Tensor:
            scores: Tensor = network(images).flatten()
            return scores

        name = f"loss {component.name}"
        assert isinstance(objective.independent_scores, bool), f"{name}: independent_scores"
        _total(objective.discriminator(critic, real, fake.detach()), name).backward()
        reached = [p.grad is not None for p in network.parameters()]
        assert any(reached), f"{name}: the discriminator gets no gradient"
        _total(objective.generator(critic, fake, real), name).backward()
        assert fake.grad is not None, f"{name}: the generator gets no gradient"
        if isinstance(objective, Constraint):
            objective.constrain(network)


def _total(terms: Mapping[str, Tensor], name: str) -> Tensor:
    assert terms, f"{name} returns no terms"
    for term, value in terms.items():
        assert value.shape == (), f"{name}: {term} should be a scalar"
        assert value.isfinite(), f"{name}: {term} is {value.item()}"
    return torch.stack(list(terms.values())).sum()


def check_augmentation(component: Component, options: Options) -> None:
    """Pictures keep their shape, follow from the seed alone, and let gradients through."""
    name = f"augmentation {component.name}"
    augment = component.build(options)
    assert augment.placement in ("real", "both"), f"{name}: placement is {augment.placement!r}"
    pipeline = Pipeline([augment])
    for shape in ((_N, 3, 16, 16), (_N, 1, 12, 20)):
        images = torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
        before, state = images.clone(), torch.get_rng_state()
        leaf = images.requires_grad_()
        made = pipeline(leaf, torch.Generator().manual_seed(1))
        again = pipeline(leaf, torch.Generator().manual_seed(1))
        assert made.shape == images.shape, f"{name}: changes the shape"
        assert made.dtype == images.dtype, f"{name}: changes the dtype"
        assert made.isfinite().all(), f"{name}: makes values that are not finite"
        assert torch.equal(made, again), f"{name}: should follow from its random generator alone"
        assert torch.equal(state, torch.get_rng_state()), f"{name}: draws from the global state"
        assert torch.equal(before, leaf), f"{name}: changes the pictures it is given"
        made.sum().backward()
        assert leaf.grad is not None, f"{name}: no gradient passes"


def check_metric(component: Component, options: Options) -> None:
    """It returns the same named numbers for the same pictures, grey ones and few among them."""
    name = f"metric {component.name}"
    random = torch.Generator().manual_seed(0)
    for count, channels in ((40, 3), (3, 1)):
        real, fake = (_sample(count, channels, random) for _ in range(2))
        measured = component.build(options)(real, fake)
        torch.rand(1)
        assert measured == component.build(options)(real, fake), f"{name}: not the same twice"
        assert measured, f"{name} measures nothing"
        for key, value in measured.items():
            assert isinstance(value, Measured), f"{name}: {key} is no Measured"
            assert math.isfinite(value.value), f"{name}: {key} is {value.value}"
            assert 0 < value.pictures <= count, f"{name}: {key} is of {value.pictures} pictures"


def _sample(count: int, channels: int, random: torch.Generator) -> PictureSample:
    shape = (count, channels, 32, 32)
    pictures = torch.randint(256, shape, dtype=torch.uint8, generator=random)
    return PictureSample(pictures, features=torch.randn(count, 8, generator=random))


def check_extractor(component: Component, options: Options) -> None:
    """It makes of each picture, of any size and channels, features that are its own."""
    name = f"extractor {component.name}"
    extract: Extract = component.build(options)
    assert extract.identity == component.build(options).identity, f"{name}: identity changes"
    random = torch.Generator().manual_seed(0)
    for shape in ((5, 3, 32, 32), (5, 1, 17, 40)):
        pictures = torch.randint(256, shape, dtype=torch.uint8, generator=random)
        features = extract(pictures)
        assert features.dtype == torch.float32, f"{name}: features are {features.dtype}"
        assert features.ndim == 2, f"{name}: features have {features.ndim} dimensions"
        assert len(features) == 5, f"{name}: {len(features)} features of 5 pictures"
        assert features.isfinite().all(), f"{name}: features are not finite"
        assert not features.requires_grad, f"{name}: features carry a graph"
        alone = extract(pictures[2:3])
        assert torch.allclose(alone, features[2:3], rtol=1e-3, atol=1e-4), (
            f"{name}: a picture's features depend on those beside it"
        )


def check_recipe(component: Component, options: Options) -> None:
    """Its settings file is there, and is TOML that names the three components."""
    assert isinstance(component, Recipe)
    tree = tomllib.loads(component.read())
    for kind in ("dataset", "architecture", "loss"):
        assert kind in tree, f"recipe {component.name} names no {kind}"


CHECKS: Mapping[str, Callable[[Component, Options], None]] = {
    "dataset": check_dataset,
    "architecture": check_architecture,
    "loss": check_loss,
    "augmentation": check_augmentation,
    "metric": check_metric,
    "extractor": check_extractor,
    "recipe": check_recipe,
}
"""The check of each kind."""
