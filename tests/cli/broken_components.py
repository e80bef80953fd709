"""A plugin whose components are each broken in one way; ``# at: NAME`` is where a line points."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

import ganzoo
from ganzoo import ImageShape, Options, hookimpl


class Brighter:
    """A correct augmentation, the base class of the others."""

    apply_to: str = "all"

    def __init__(self, options: Options) -> None: ...

    def sample_parameters(
        self, n: int, image_shape: ganzoo.ImageShape, random: torch.Generator
    ) -> Tensor:
        return torch.rand(n, 1, 1, 1, generator=random, device=random.device) / 10

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images + parameters


class MisspelledParameters:  # at: misspelled-parameters
    apply_to = "all"

    def __init__(self, options: Options) -> None: ...

    def sample_parameter(
        self, n: int, image_shape: ganzoo.ImageShape, random: torch.Generator
    ) -> Tensor:
        return torch.zeros(n)

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images


class MisspelledAffine:  # at: misspelled-affine
    apply_to = "real"

    def __init__(self, options: Options) -> None: ...

    def sample_affin(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        return torch.eye(3).repeat(n, 1, 1)


class Elsewhere(Brighter):  # at: apply-to
    apply_to = "fake"


class Detached(Brighter):  # at: detached
    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return (images + parameters).detach()


class Bytes(Brighter):  # at: bytes
    apply_to = "real"

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return (images + 1) * 127.5


class Cropped(Brighter):
    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:  # at: cropped
        return images[..., 1:]


class Counting(Brighter):
    """Adaptive, but its state is a NumPy number."""

    def state_dict(self) -> dict[str, Any]:  # at: numpy-state
        return {"probability": np.float64(0.5)}

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class Fine:
    """A correct loss, the base class of the others."""

    independent_scores: Any = False

    def __init__(self, options: Options) -> None: ...

    def discriminator(self, scores: Any) -> Any:
        return {"loss": softplus(scores.fake).mean() + softplus(-scores.real).mean()}

    def generator(self, scores: Any) -> Any:
        return {"loss": softplus(-scores.fake).mean()}


class Divides(Fine):
    def generator(self, scores: Any) -> Any:
        return {"loss": scores.fake.mean() / (1 // 0)}  # at: divides


class Tensors(Fine):  # at: tensor
    def discriminator(self, scores: Any) -> Any:
        return scores.fake.mean()


class Nothing(Fine):  # at: nothing
    def generator(self, scores: Any) -> Any:
        scores.fake.mean()


class Unreduced(Fine):  # at: unreduced
    def generator(self, scores: Any) -> Any:
        return {"loss": -scores.fake}


class Unreached(Fine):  # at: unreached
    def generator(self, scores: Any) -> Any:
        return {"loss": -scores.real.mean()}


class Unsure(Fine):  # at: unsure
    independent_scores = None


class Late(Fine):
    """Correct in the first calls."""

    calls = 0

    def generator(self, scores: Any) -> Any:
        Late.calls += 1
        if Late.calls == 3:
            raise RuntimeError("the third\ncall")  # at: late
        return super().generator(scores)


class Forgets(Fine):
    """Its state cannot be loaded."""

    def state_dict(self) -> dict[str, Any]:
        return {"weight": torch.ones(1)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        state["scale"]  # at: unloadable


class LateShape(Fine):  # at: late-shape
    """Correct in the first calls."""

    calls = 0

    def generator(self, scores: Any) -> Any:
        LateShape.calls += 1
        terms = super().generator(scores)
        return terms if LateShape.calls < 3 else {"loss": terms["loss"].repeat(2)}


def fails(options: Options) -> Fine:
    return Fine(None + options)  # type: ignore[operator]  # at: fails


def refuses(options: Options) -> Fine:
    raise ValueError("there is no such formula")


class Networked(ganzoo.Generator):
    def __init__(self, image_shape: ganzoo.ImageShape) -> None:
        super().__init__()
        self.image = image_shape
        self.weight = nn.Parameter(torch.ones(1))

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, 2, generator=random, device=random.device)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.weight * latents.new_zeros(len(latents), *self.image)


class Judge(ganzoo.Discriminator):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.weight * images.mean((1, 2, 3))


class Column(Judge):
    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:  # at: column
        return super().forward(images)[:, None, None]


class Multiplies(Networked):
    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return latents @ torch.ones(3, 3)  # at: multiplies


class Unsampled(Networked):
    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        images = super().forward(latents)
        return images if self.training else images[:, 9]  # at: unsampled


class Undrawn(Networked):
    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, getattr(self, "size"))  # noqa: B009  # at: undrawn


def tupled(options: Options, *, image_shape: Any, **others: Any) -> Any:  # at: tuple
    return Networked(image_shape), Judge()


def column(options: Options, *, image_shape: Any, condition: Any, requirements: Any) -> Any:
    return ganzoo.Networks(generator=Networked(image_shape), discriminator=Column())


def multiplies(options: Options, *, image_shape: Any, condition: Any, requirements: Any) -> Any:
    return ganzoo.Networks(generator=Multiplies(image_shape), discriminator=Judge())


def unsampled(options: Options, *, image_shape: Any, condition: Any, requirements: Any) -> Any:
    return ganzoo.Networks(generator=Unsampled(image_shape), discriminator=Judge())


def undrawn(options: Options, *, image_shape: Any, condition: Any, requirements: Any) -> Any:
    return ganzoo.Networks(generator=Undrawn(image_shape), discriminator=Judge())


def plain(options: Options, **others: Any) -> Any:  # at: plain
    module = nn.Identity()
    return ganzoo.Networks(generator=module, discriminator=Judge())  # type: ignore[arg-type]


class Grays:
    """A correct dataset, the base class of the others."""

    class_names: Any = ("light", "dark")

    def __init__(self, options: Options) -> None: ...

    @property
    def fingerprint(self) -> str:
        return type(self).__name__

    def __len__(self) -> int:
        return 16

    def __getitem__(self, index: int) -> Any:
        return np.full((8, 8, 1), index, np.uint8), index % 2


class Unlabeled(Grays):  # at: no-label
    def __getitem__(self, index: int) -> Any:
        return np.full((8, 8, 1), index, np.uint8)


class Floats(Grays):  # at: float-image
    def __getitem__(self, index: int) -> Any:
        return np.full((8, 8, 1), index / 16), 0


class Gone(Grays):
    def __getitem__(self, index: int) -> Any:
        raise OSError(28, "No space left on device")  # at: os-error


class Lengthless(Grays):
    def __len__(self) -> int:
        return self.count  # type: ignore[attr-defined,no-any-return]  # at: length


class Bulk(Grays):  # at: bulk
    def read(self, indices: range) -> Any:
        return np.zeros((len(indices), 8, 8)), None


class Chunks(Grays):
    """A chunked dataset that is damaged after its first images."""

    chunk, window, values = 4, 8, None
    class_names = ()

    def read(self, indices: range) -> Any:
        if indices.start:
            raise KeyError("rows")  # at: chunks
        return np.zeros((len(indices), 8, 8, 1), np.uint8), None


class Fingers(Grays):  # at: fingerprint
    fingerprint: Any = 7


class Named(Grays):  # at: class-names
    class_names = "ab"


class Floating:  # at: float-metric
    def __init__(self, options: Options) -> None: ...

    def __call__(self, real: Any, fake: Any) -> Any:
        return 0.5


class Looks(Floating):
    def __call__(self, real: Any, fake: Any) -> Any:
        return {"looks": real.shape.missing}  # at: metric


class LateMetric(Floating):
    """Correct in the first calls."""

    def __call__(self, real: Any, fake: Any) -> Any:
        if len(fake) == 12:
            raise IndexError("twelve")  # at: late-metric
        return {"late-metric": ganzoo.MetricValue(0.5, len(fake))}


class Doubles:  # at: features
    identity = "doubles"

    def __init__(self, options: Options) -> None: ...

    def __call__(self, images: Tensor) -> Tensor:
        return images.flatten(1).double()


@hookimpl
def ganzoo_datasets() -> list[ganzoo.DatasetSpec]:
    sources = {
        "no-label": Unlabeled,
        "float-image": Floats,
        "os-error": Gone,
        "length": Lengthless,
        "bulk": Bulk,
        "chunks": Chunks,
        "fingerprint": Fingers,
        "class-names": Named,
    }
    return [ganzoo.DatasetSpec(name=k, summary="Broken.", factory=v) for k, v in sources.items()]


@hookimpl
def ganzoo_architectures() -> list[ganzoo.ArchitectureSpec]:
    built = {
        "tuple": tupled,
        "column": column,
        "multiplies": multiplies,
        "undrawn": undrawn,
        "unsampled": unsampled,
        "plain": plain,
    }
    return [ganzoo.ArchitectureSpec(name=k, summary="Broken.", factory=v) for k, v in built.items()]


@hookimpl
def ganzoo_losses() -> list[ganzoo.LossSpec]:
    objectives: dict[str, Any] = {
        "divides": Divides,
        "tensor": Tensors,
        "nothing": Nothing,
        "unreduced": Unreduced,
        "unreached": Unreached,
        "unsure": Unsure,
        "late": Late,
        "late-shape": LateShape,
        "unloadable": Forgets,
        "fails": fails,
        "refuses": refuses,
        "missing": "broken_components:Missing",
    }
    return [ganzoo.LossSpec(name=k, summary="Broken.", factory=v) for k, v in objectives.items()]


@hookimpl
def ganzoo_augmentations() -> list[ganzoo.AugmentationSpec]:
    augments = {
        "misspelled-parameters": MisspelledParameters,
        "misspelled-affine": MisspelledAffine,
        "apply-to": Elsewhere,
        "detached": Detached,
        "bytes": Bytes,
        "cropped": Cropped,
        "numpy-state": Counting,
    }
    return [
        ganzoo.AugmentationSpec(name=k, summary="Broken.", factory=v) for k, v in augments.items()
    ]


@hookimpl
def ganzoo_metrics() -> list[ganzoo.MetricSpec]:
    return [
        ganzoo.MetricSpec(name="float-metric", summary="Broken.", factory=Floating),
        ganzoo.MetricSpec(name="late-metric", summary="Broken.", factory=LateMetric),
        ganzoo.MetricSpec(name="metric", summary="Broken.", factory=Looks),
    ]


@hookimpl
def ganzoo_extractors() -> list[ganzoo.ExtractorSpec]:
    return [ganzoo.ExtractorSpec(name="features", summary="Broken.", factory=Doubles)]
