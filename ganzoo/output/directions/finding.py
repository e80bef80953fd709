"""Finding directions of a trained generator, by a method or by numbers of the image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from torch import Tensor

from ganzoo.contracts import MappingGenerator
from ganzoo.errors import RequestError
from ganzoo.output.directions import first_layer, gradients
from ganzoo.output.directions.regression import regressed, require_enough
from ganzoo.output.directions.sample import PointSample
from ganzoo.output.directions.saved import Directions
from ganzoo.output.directions.scalars import CLASSES, Scalar, condition_values, measured, scalars
from ganzoo.output.trained_generator import TrainedGenerator

Method = Literal["gradients", "weights", "pca"]
IMAGES = 4096
"""Random points, unless another number is given."""


def by_method(
    trained: TrainedGenerator,
    method: Method = "gradients",
    count: int = 5,
    images: int = IMAGES,
) -> Directions:
    """The ``count`` directions that change images most, by one of these methods.

    - ``"gradients"``: the eigenvectors of the mean of J^T J, where J is the Jacobian of the image,
      averaged to at most 8 x 8 pixels; largest eigenvalues first.
    - ``"weights"``: the singular vectors of the first layers' weights (SeFa, Shen & Zhou 2021,
      arXiv 2007.06600).
    - ``"pca"``: the principal components of intermediate latents (GANSpace, Härkönen et al. 2020,
      arXiv 2004.02546).

    ``images`` is the number of points; gradients are computed at 1,024 of them at most.

    Raises RequestError if the method does not suit the generator.
    """
    if method == "pca" and not isinstance(trained.generator, MappingGenerator):
        raise RequestError(
            f"{trained.source}: its generator has no intermediate latents, and random latents have "
            "no principal components: use the method gradients or weights"
        )
    sample = PointSample.of(trained, images)
    gram = {
        "gradients": gradients.gram_matrix,
        "weights": first_layer.gram_matrix,
        "pca": _covariance,
    }
    matrix = gram[method](sample)
    if matrix is None:
        raise RequestError(
            f"{trained.source}: no layer computes a linear function of its latents, or they have "
            "too many numbers: use the method gradients"
        )
    found = sample.principal(method.removesuffix("s"), matrix, count)
    return Directions(sample.space.name, found, _notes(trained, method))


def _covariance(sample: PointSample) -> Tensor:
    return sample.rows.double().T.cov()


def by_scalars(
    trained: TrainedGenerator,
    functions: Mapping[str, Scalar],
    images: int,
    *,
    classes: bool = False,
) -> Directions:
    """A direction for each function from images to numbers, along which its number rises.

    A function gets float32 (N, C, H, W) in [-1, 1], and returns (N,). ``images`` is the number of
    generated images that are measured. With ``classes``, there is also a direction for each class
    or value that the generator is told.

    Raises RequestError if the images are too few, if a function returns something else, or if there
    are no classes in the points.
    """
    if classes:
        _require_classes(trained)
    sample = PointSample.of(trained, images)
    require_enough(sample)
    targets = measured(sample, functions) if functions else {}
    if classes:
        assert trained.condition
        targets |= condition_values(sample, trained.condition.names)
    found = regressed(sample, targets)
    return Directions(sample.space.name, found, _notes(trained, "regression"))


def by_names(trained: TrainedGenerator, names: Sequence[str], images: int = IMAGES) -> Directions:
    """A direction for each of these names of ``SCALARS``, functions ``"module:function"``, classes.

    Raises RequestError for an unknown name, and as ``by_scalars``.
    """
    functions: dict[str, Scalar] = {}
    for name in names:
        if name != CLASSES:
            found = scalars(name)
            if same := functions.keys() & found.keys():
                raise RequestError(f"--from {name}: there is a {min(same)} already: remove one")
            functions.update(found)
    return by_scalars(trained, functions, images, classes=CLASSES in names)


def _require_classes(trained: TrainedGenerator) -> None:
    if trained.condition is None:
        raise RequestError(
            f"{trained.source} was trained without conditions: nothing tells the classes of its "
            "images, so they have no directions; train with data.conditional=true"
        )
    if not isinstance(trained.generator, MappingGenerator):
        raise RequestError(
            f"{trained.source}: its latents have nothing of the class, which the generator is told "
            "beside them: use --class or --condition of `ganzoo generate`"
        )


def _notes(trained: TrainedGenerator, method: str) -> dict[str, str]:
    return {
        "method": method,
        "source": trained.source.name,
        "run": trained.run.title,
        "step": str(trained.step),
    }
