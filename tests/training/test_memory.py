"""The memory of a training step: its estimate, and errors about it."""

from __future__ import annotations

from typing import Any

import pytest

from ganzoo import RequestError
from ganzoo.contracts import ImageShape
from ganzoo.errors import OutOfMemory
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training import memory
from ganzoo.training.engine import Engine
from ganzoo.training.memory import memory_errors, memory_message, step_memory
from ganzoo.training.progress import Progress
from tests.conftest import SMALL

SHAPE = ImageShape(3, 16, 16)


def resolved(architecture: str, loss: str, more: dict[str, Any]) -> Run:
    settings = Settings()
    small = {**SMALL[architecture], **more, "data.resolution": SHAPE.height, "train.device": "cpu"}
    settings.add({"dataset": "blossoms", "architecture": architecture, "loss": loss, **small}, "")
    return Run.resolve(settings)


@pytest.mark.parametrize(
    ("architecture", "loss", "more"),
    [
        ("dcgan", "wgan-gp", {"train.discriminator.steps": 1}),
        ("stylegan2", "non-saturating", {"regularize.path-length": {}, "augment.ada": {}}),
        ("progressive", "hinge", {}),
    ],
)
def test_the_estimate_from_small_batches_equals_what_a_step_needs(
    architecture: str, loss: str, more: dict[str, Any]
) -> None:
    run = resolved(architecture, loss, {**more, "train.batch_size": 24})
    engine = Engine(run.train)
    actual = max(memory._bytes_after_each_operation(run, engine, SHAPE, None))
    assert step_memory(run, engine, SHAPE, None) == pytest.approx(actual, rel=0.02)


@pytest.mark.parametrize("architecture", ["mlp", "stylegan2"])
def test_with_pieces_it_is_that_of_one_piece_and_the_images_of_the_others(
    architecture: str,
) -> None:
    whole, split = (
        resolved(architecture, "hinge", {"train.batch_size": 96, "train.accumulate": count})
        for count in (1, 6)
    )
    engine = Engine(split.train)
    actual = max(memory._bytes_after_each_operation(split, engine, SHAPE, None))
    found = step_memory(split, engine, SHAPE, None)
    assert found == pytest.approx(actual, rel=0.05)
    assert found < 0.8 * step_memory(whole, engine, SHAPE, None)


def test_the_estimate_counts_second_derivatives() -> None:
    more = {"train.discriminator.steps": 1, "train.batch_size": 24}
    with_penalty, without = (
        resolved("dcgan", loss, more) for loss in ("wgan-gp", "non-saturating")
    )
    engine = Engine(without.train)
    small = step_memory(without, engine, SHAPE, None)
    assert step_memory(with_penalty, engine, SHAPE, None) > 1.3 * small


def test_a_batch_that_does_not_fit_is_reported_with_the_settings_to_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = resolved("dcgan", "hinge", {"train.batch_size": 64})
    monkeypatch.setattr(memory, "_MIN_PIXELS", 64 * 16 * 16)
    monkeypatch.setattr(memory, "step_memory", lambda *arguments: 3_000_000_000)
    for free, expected in ((4_500_000_000, "4.5 GB are free"), (4_400_000_000, "but 4.4 GB are")):
        monkeypatch.setattr(memory, "free_memory", lambda free=free: free)
        message = memory_message(run, Engine(run.train), SHAPE, None)
        assert message.startswith("a training step needs about 3.0 GB for its tensors, up to 4.5")
        assert expected in message
    assert "train.batch_size=32, or train.accumulate=2, which keeps the batch of 64" in message
    monkeypatch.setattr(memory, "_MIN_PIXELS", 64 * 16 * 16 + 1)
    assert not memory_message(run, Engine(run.train), SHAPE, None)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB\nmore"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to\n"),
    ],
)
def test_an_error_about_memory_names_the_step_and_the_settings(error: Exception) -> None:
    run = resolved("dcgan", "hinge", {"train.batch_size": 64})
    with pytest.raises(OutOfMemory) as found, memory_errors(run, Progress(step=6)):
        raise error
    message = str(found.value)
    assert message.startswith("out of memory in step 7")
    assert "set train.batch_size=32, or train.accumulate=2, which keeps the batch of 64" in message
    assert "\n" not in message


def test_more_pieces_are_suggested_than_there_are() -> None:
    run = resolved("mlp", "hinge", {"train.accumulate": 4})
    with (
        pytest.raises(OutOfMemory, match=r"train\.accumulate=8, which"),
        memory_errors(run, Progress()),
    ):
        raise MemoryError


def test_other_errors_are_not_changed() -> None:
    run = resolved("dcgan", "hinge", {})
    with pytest.raises(RequestError, match="other"), memory_errors(run, Progress()):
        raise RequestError("other")
