"""The check of each kind of component. They run on the CPU, in less than a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ganzoo.components import ComponentSpec
from ganzoo.options import Options
from ganzoo.testing.architectures import check_architecture
from ganzoo.testing.augmentations import check_augmentation
from ganzoo.testing.commands import check_command
from ganzoo.testing.datasets import check_dataset
from ganzoo.testing.losses import check_loss
from ganzoo.testing.metrics import check_extractor, check_metric
from ganzoo.testing.observers import check_observer
from ganzoo.testing.problems import Problems
from ganzoo.testing.recipes import check_recipe
from ganzoo.testing.regularizers import check_regularizer

CHECKS: Mapping[str, Callable[[ComponentSpec, Options, Problems], None]] = {
    "dataset": check_dataset,
    "architecture": check_architecture,
    "loss": check_loss,
    "regularizer": check_regularizer,
    "augmentation": check_augmentation,
    "metric": check_metric,
    "extractor": check_extractor,
    "recipe": check_recipe,
    "observer": check_observer,
    "command": check_command,
}
