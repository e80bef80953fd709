from __future__ import annotations

from ganzoo.components import AugmentationSpec, LossSpec
from ganzoo.recommendations import augmentations_for


def augmentation(name: str, below: int = 0, preference: int = 0) -> AugmentationSpec:
    return AugmentationSpec(
        name=name,
        summary="Mine.",
        factory="x:y",
        suggested_below=below,
        preference=preference,
    )


def test_augmentations_are_suggested_below_their_number_of_images() -> None:
    components = [
        augmentation("never"),
        augmentation("hundreds", 1000),
        augmentation("thousands", 10_000),
        LossSpec(name="loss", summary="Mine.", factory="x:y"),
    ]
    assert augmentations_for(999, components) == ["hundreds", "thousands"]
    assert augmentations_for(1000, components) == ["thousands"]
    assert augmentations_for(10_000, components) == []
    preferred = [*components, augmentation("better", 2000, preference=1)]
    assert augmentations_for(999, preferred) == ["better", "hundreds", "thousands"]
