"""What a component of each kind must do, tried on the CPU in milliseconds."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping

import torch

from ganzoo.components import ComponentSpec, Options, RecipeSpec
from ganzoo.contracts import Extractor, MetricValue
from ganzoo.evaluation.sample import ImageArraySet
from ganzoo.testing.augmentations import check_augmentation
from ganzoo.testing.datasets import check_dataset
from ganzoo.testing.findings import Findings
from ganzoo.testing.losses import check_loss
from ganzoo.testing.networks import check_architecture
from ganzoo.testing.state import described, not_finite


def check_metric(component: ComponentSpec, options: Options, found: Findings) -> None:
    """It returns the same named numbers for the same images, gray ones and few among them."""
    random = torch.Generator().manual_seed(0)
    for count, channels in ((40, 3), (3, 1)):
        with found.trying(f"it cannot measure {count} images of {channels} channels"):
            real, fake = (_sample(count, channels, random) for _ in range(2))
            measured = component.build(options)(real, fake)
            torch.rand(1)
            again = component.build(options)(real, fake)
            found.expect(measured, "measures nothing")
            if _are_measured(measured, component.name, count, found):
                found.expect(measured == again, "not the same twice")


def _are_measured(
    measured: Mapping[str, MetricValue], name: str, count: int, found: Findings
) -> bool:
    """Whether the numbers have names of the metric's own, and are finite."""
    fine = True
    for key, number in measured.items():
        found.expect(
            key == name or (key.startswith(f"{name}/") and key.strip() == key and key[-1] != "/"),
            f"it returns a number called {key!r}: write {name!r}, or {name + '/...'!r} for several",
        )
        if not found.expect(isinstance(number, MetricValue), f"{key} is no Measured"):
            fine = False
            continue
        fine &= found.expect(math.isfinite(number.value), f"{key} is {described(number.value)}")
        right = 0 < number.images <= count
        found.expect(right, f"{key} is of {number.images} images, but there are {count}")
    return fine


def _sample(count: int, channels: int, random: torch.Generator) -> ImageArraySet:
    shape = (count, channels, 32, 32)
    images = torch.randint(256, shape, dtype=torch.uint8, generator=random)
    return ImageArraySet(images, features=torch.randn(count, 8, generator=random))


def check_extractor(component: ComponentSpec, options: Options, found: Findings) -> None:
    """It makes of each image, of any size and channels, features that are its own."""
    extract: Extractor = component.build(options)
    found.expect(extract.identity == component.build(options).identity, "its identity changes")
    random = torch.Generator().manual_seed(0)
    for shape in ((5, 3, 32, 32), (5, 1, 17, 40)):
        with found.trying(f"it takes no images of shape {shape}"):
            images = torch.randint(256, shape, dtype=torch.uint8, generator=random)
            features = extract(images)
            found.expect(features.dtype == torch.float32, f"features are {features.dtype}")
            found.expect(features.ndim == 2, f"features have {features.ndim} dimensions")
            found.expect(not features.requires_grad, "features carry a graph")
            right = found.expect(len(features) == 5, f"{len(features)} features of 5 images")
            if wrong := not_finite(features):
                found.add(f"features hold {wrong}")
            elif right:
                alone = extract(images[2:3])
                close = torch.allclose(alone, features[2:3], rtol=1e-3, atol=1e-4)
                found.expect(close, "an image's features depend on those beside it")


def check_recipe(component: ComponentSpec, options: Options, found: Findings) -> None:
    """Its settings file is there, and is TOML that names the three components."""
    assert isinstance(component, RecipeSpec)
    with found.trying(f"its settings {component.settings!r} cannot be read"):
        tree = tomllib.loads(component.read())
        for kind in ("dataset", "architecture", "loss"):
            found.expect(kind in tree, f"names no {kind}")


CHECKS: Mapping[str, Callable[[ComponentSpec, Options, Findings], None]] = {
    "dataset": check_dataset,
    "architecture": check_architecture,
    "loss": check_loss,
    "augmentation": check_augmentation,
    "metric": check_metric,
    "extractor": check_extractor,
    "recipe": check_recipe,
}
"""The check of each kind."""
