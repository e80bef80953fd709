"""The real images of metrics, whose features are computed once and kept in a cache."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganzoo.contracts import Extractor, ImageSet
from ganzoo.evaluation.cache import EvaluationCache, cache_key
from ganzoo.evaluation.image_sets import TensorImageSet

Progress = Callable[[str, int, int], None]
"""Called with the name of the work, how much of it is done, and the total."""


class CachedRealImages:
    """The real images that generated ones are compared with; features and baselines are cached.

    ``identity`` is that of the images' content and of how they were chosen and prepared.
    """

    def __init__(
        self,
        images: Tensor,
        identity: str,
        extract: Extractor,
        cache: EvaluationCache,
        device: torch.device | str = "cpu",
    ) -> None:
        self.images = images
        self.identity = identity
        self.extract = extract
        self.cache = cache
        self.device = device

    def image_set(self, progress: Progress) -> ImageSet:
        """All real images; their features are read from the cache if they are in it."""
        return _CachedImageSet(self, progress)

    def of(self, rows: Tensor, name: str) -> CachedRealImages:
        """The real images of these numbers, with a name for them; baselines are cached by it."""
        identity = cache_key(images=self.identity, group=name)
        return CachedRealImages(self.images[rows], identity, self.extract, self.cache, self.device)


class _CachedImageSet(TensorImageSet):
    """Real images whose features are read from the cache, or computed and written to it."""

    def __init__(self, real: CachedRealImages, progress: Progress) -> None:
        super().__init__(
            real.images,
            real.extract,
            device=real.device,
            progress=lambda done, total: progress("features of real images", done, total),
        )
        self._cache = real.cache
        self._key = cache_key(images=real.identity, features=real.extract.identity)

    def _compute_features(self) -> Tensor:
        cached = self._cache.load_features(self._key)
        if cached is not None and len(cached) == len(self):
            return cached
        features = super()._compute_features()
        self._cache.save_features(self._key, features)
        return features
