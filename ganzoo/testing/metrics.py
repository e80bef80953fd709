"""Checks of metrics and extractors."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from ganzoo.components import ComponentSpec
from ganzoo.contracts import Extractor, FeatureMapExtractor, MetricValue
from ganzoo.evaluation.image_sets import TensorImageSet
from ganzoo.options import Options
from ganzoo.returned_values import require_feature_maps
from ganzoo.testing.problems import Problems
from ganzoo.testing.state import not_finite, number_text


def check_metric(component: ComponentSpec, options: Options, problems: Problems) -> None:
    """It returns the same named values for the same images, also for few and for gray ones."""
    random = torch.Generator().manual_seed(0)
    for count, channels in ((40, 3), (3, 1)):
        with problems.catching(f"it fails for {count} images of {channels} channels"):
            real, fake = (_random_images(count, channels, random) for _ in range(2))
            before = [each.clone() for one in (real, fake) for each in _contents(one)]
            values = component.build(options)(real, fake)
            after = [each for one in (real, fake) for each in _contents(one)]
            if not problems.expect(
                all(map(torch.equal, before, after)),
                "changes the images or features in place: compute new tensors",
            ):
                continue
            torch.rand(1)
            again = component.build(options)(real, fake)
            problems.expect(
                values, f'returns no values: return {{"{component.name}": ganzoo.MetricValue(...)}}'
            )
            if _check_values(values, component.name, count, problems):
                problems.expect(
                    values == again,
                    "returns other values for the same images: draw random numbers from a "
                    "generator with a seed of its own",
                )


def _contents(images: TensorImageSet) -> tuple[Tensor, Tensor]:
    return images.images, images.features


def _check_values(
    values: Mapping[str, MetricValue], name: str, count: int, problems: Problems
) -> bool:
    """Whether all values are finite MetricValues; their names are checked, too."""
    valid = True
    for key, value in values.items():
        problems.expect(
            key == name or (key.startswith(f"{name}/") and key.strip() == key and key[-1] != "/"),
            f"returns a value named {key!r}: name it {name!r}, or {name + '/...'!r} for several",
        )
        if not problems.expect(
            isinstance(value, MetricValue),
            f"{key} is not a MetricValue: return ganzoo.MetricValue(value, images)",
        ):
            valid = False
            continue
        valid &= problems.expect(
            math.isfinite(value.value),
            f"{key} is {number_text(value.value)}: raise ValueError for images that it cannot "
            "compare",
        )
        problems.expect(
            0 < value.images <= count,
            f"{key} reports {value.images} images, but there are {count}",
        )
    return valid


def _random_images(count: int, channels: int, random: torch.Generator) -> TensorImageSet:
    shape = (count, channels, 32, 32)
    images = torch.randint(256, shape, dtype=torch.uint8, generator=random)
    return TensorImageSet(images, features=torch.randn(count, 8, generator=random))


def check_extractor(component: ComponentSpec, options: Options, problems: Problems) -> None:
    """It returns features of images of any size and channels, independently for each image."""
    extractor: Extractor = component.build(options)
    same = extractor.identity == component.build(options).identity
    problems.expect(same, "its identity changes: derive it from the weights or a version")
    random = torch.Generator().manual_seed(0)
    for shape in ((5, 3, 32, 32), (5, 1, 17, 40)):
        if isinstance(extractor, FeatureMapExtractor):
            with problems.catching(f"feature_maps fails for images of shape {shape}"):
                _check_feature_maps(extractor, torch.rand(shape, generator=random), problems)
        with problems.catching(f"it fails for images of shape {shape}"):
            images = torch.randint(256, shape, dtype=torch.uint8, generator=random)
            _check_features(extractor, images, problems)


def _check_features(extractor: Extractor, images: Tensor, problems: Problems) -> None:
    """They are those of each image alone, float32 (N, D) without a gradient."""
    before = images.clone()
    features = extractor(images)
    unchanged = torch.equal(before, images)
    problems.expect(unchanged, "changes the images in place: compute new tensors")
    problems.expect(
        features.dtype == torch.float32,
        f"features are {features.dtype}: convert them with .float()",
    )
    problems.expect(
        features.ndim == 2,
        f"features have {features.ndim} dimensions: return (N, D), such as by .flatten(1)",
    )
    problems.expect(
        not features.requires_grad,
        "features have a gradient graph: compute them inside torch.no_grad()",
    )
    complete = problems.expect(
        len(features) == len(images),
        f"returns {len(features)} features for {len(images)} images",
    )
    if wrong := not_finite(features):
        problems.add(f"features contain {wrong}")
    elif complete:
        alone = extractor(images[2:3])
        close = torch.allclose(alone, features[2:3], rtol=1e-3, atol=1e-4)
        problems.expect(
            close,
            "features of an image depend on the other images: call eval() in its "
            "constructor, so that normalization uses stored statistics",
        )


def _check_feature_maps(extractor: FeatureMapExtractor, images: Tensor, problems: Problems) -> None:
    """They are maps of each image alone, and have a gradient."""
    maps = extractor.feature_maps(images.requires_grad_())
    require_feature_maps(maps, len(images), extractor)
    if not problems.expect(
        all(each.requires_grad for each in maps),
        "feature maps have no gradient graph: compute them outside torch.no_grad() and "
        "torch.inference_mode()",
    ):
        return
    alone = extractor.feature_maps(images[2:3])
    close = (
        torch.allclose(a, b[2:3], rtol=1e-3, atol=1e-3) for a, b in zip(alone, maps, strict=True)
    )
    problems.expect(all(close), "feature maps of an image depend on the other images")
