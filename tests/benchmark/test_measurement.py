"""What is measured of a run."""

from __future__ import annotations

import pytest
import torch

from ganzoo.benchmark import measurement
from ganzoo.benchmark.ceiling import Ceiling
from ganzoo.benchmark.measurement import Budget, measure
from tests.benchmark.conftest import Resolved


def test_a_run_is_measured(resolved: Resolved, known_ceiling: Ceiling) -> None:
    run = resolved("regularize.r1.every=2", "augment.flip=true", "train.discriminator.steps=2")
    found = measure(run, Budget(steps=5))
    assert (found.architecture, found.size, found.batch_size, found.images) == (
        *("dcgan", "8 x 8", 4, 8),
    )
    assert (found.regularizers, found.augmentations) == (["r1"], ["flip"])
    assert found.steps >= 5
    assert found.steps % 2 == 0
    assert sum(found.shares.values()) == pytest.approx(1)
    assert found.shares["discriminator"] > found.shares["EMA"] > 0
    assert found.parameters["generator"] > 0
    assert found.ceiling == known_ceiling
    assert found.images_per_second.median == 8 / found.seconds_per_step.median
    assert found.operations == sum(cost.operations for cost in found.operators)
    assert found.operations_per_second == found.operations / found.seconds_per_step.median


def test_twice_the_batch_needs_twice_the_operations(
    resolved: Resolved, known_ceiling: Ceiling
) -> None:
    few, many = (
        measure(resolved(f"train.batch_size={size}"), Budget(seconds=0)).operations
        for size in (4, 8)
    )
    assert many == 2 * few


@pytest.mark.parametrize(
    ("seconds", "after", "in_parts", "note"),
    [
        ([0.95, 1.0, 1.05], 1.0, 1.0, None),
        ([0.8, 1.0, 1.2], 1.0, 1.0, "the time of a step varies by 32%"),
        ([1.0], 1.0, 1.0, "steps were timed once, so it is not known how much their time varies"),
        ([1.0, 1.0], 0.5, 1.0, "the speed of the machine changed by 50%"),
        ([1.0, 1.0], 1.0, 1.5, "a step took 50% longer while its parts were timed"),
    ],
)
def test_what_may_have_disturbed_a_measurement_is_said(
    seconds: list[float], after: float, in_parts: float, note: str | None
) -> None:
    notes = measurement._notes(seconds, Ceiling(1.0, 1.0, 1.0), Ceiling(after, 1.0, 1.0), in_parts)
    assert [n.partition(":")[0].partition(" while steps")[0] for n in notes] == (
        [note] if note else []
    )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
def test_a_gpu_is_measured(resolved: Resolved, precision: str) -> None:
    settings = ("train.device=cuda", f"train.precision={precision}", "regularize.r1.every=2")
    found = measure(resolved(*settings), Budget(seconds=1))
    assert found.device.startswith("cuda (")
    assert 0 < found.operations_per_second < found.ceiling.matrix_product
    assert sum(found.shares.values()) == pytest.approx(1)
    assert sum(found.parts.values()) > 0.5 * found.seconds_per_step.median
    assert found.peak_memory
    assert found.operations > 0
