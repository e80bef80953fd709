from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo import EvaluationResult, ObservedRun, Options, RunFolder, Score
from ganzoo_run_files.journal import Journal
from ganzoo_run_files.loss_curves import (
    LossCurves,
    _axis_range,
    _format_count,
    _ticks,
    draw_chart,
)
from ganzoo_run_files.sample_files import SampleFiles
from tests.evaluations import evaluated


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", {})


def observed(folder: RunFolder, step: int = 0, every: int | str = 250) -> ObservedRun:
    settings = {"sample": {"every": every}}
    return ObservedRun(folder=folder, step=step, resumed=step > 0, settings=settings)


def loss_curves(folder: RunFolder, step: int = 0) -> LossCurves:
    return LossCurves(Options(), run=observed(folder, step))


def report(step: int, **more: float) -> dict[str, float]:
    losses = {"loss/discriminator": 1 / step, "loss/generator": float(step)}
    return {"images_seen": 64.0 * step, **losses, **more}


def colors(image: Image.Image) -> set[str]:
    """The curves whose color is in the image."""
    pixels = np.asarray(image).astype(int)[60:470, 90:930]
    blue = (pixels[..., 2] - pixels[..., 0] > 100).any()
    orange = (pixels[..., 0] - pixels[..., 2] > 100).any()
    return {name for name, seen in (("discriminator", blue), ("generator", orange)) if seen}


def test_both_losses_are_drawn_with_each_checkpoint(folder: RunFolder) -> None:
    curves = loss_curves(folder)
    curves.on_report(1, report(1))
    curves.on_checkpoint_start()
    assert not folder.losses.exists()  # one report is not enough for a curve
    curves.on_report(2, report(2))
    curves.on_checkpoint_start()
    with Image.open(folder.losses) as image:
        assert image.size == (960, 540)
        assert colors(image) == {"discriminator", "generator"}
    written = folder.losses.stat().st_mtime_ns
    curves.on_end()
    assert folder.losses.stat().st_mtime_ns == written  # no new report
    curves.on_report(3, report(3))
    curves.on_end()
    assert folder.losses.stat().st_mtime_ns > written


def test_a_resumed_run_draws_its_earlier_reports(folder: RunFolder) -> None:
    lines = [json.dumps({"step": step, **report(step)}) for step in (1, 2, 3)]
    folder.metrics.write_text("\n".join([*lines, '{"step": 4, "images_seen": 9, "metric/fd": 1}']))
    curves = loss_curves(folder, step=4)
    curves.on_rollback(2)
    assert [seen for seen, _ in curves._curves()["loss/generator"]] == [64, 128]
    curves.on_checkpoint_start()
    assert folder.losses.exists()


def test_losses_that_are_not_numbers_are_skipped(folder: RunFolder) -> None:
    curves = loss_curves(folder)
    for step in (1, 2, 3):
        curves.on_report(
            step, report(step) | ({"loss/generator": float("nan")} if step == 2 else {})
        )
    assert len(curves._curves()["loss/generator"]) == 2
    assert len(curves._curves()["loss/discriminator"]) == 3


@pytest.mark.parametrize("value", [0.0, 5.0, -1e-9, 1e12])
def test_a_loss_that_never_changes_can_be_drawn(value: float) -> None:
    points = np.array([[64.0, value], [128.0, value]])
    assert colors(draw_chart({"loss/generator": points})) == {"generator"}


@pytest.mark.parametrize(
    "values", [(1e308, -1e308), (1e-320, 0.0), (1e10, 1e10 + 1e-6), (1e30, 1.0), (3e-9, -2e-9)]
)
def test_any_losses_can_be_drawn(folder: RunFolder, values: tuple[float, float]) -> None:
    curves = loss_curves(folder)
    for step, value in enumerate(values, 1):
        curves.on_report(step, {"images_seen": 64 * step, "loss/generator": value})
    curves.on_checkpoint_start()
    assert folder.losses.exists()


def test_many_reports_are_averaged_and_a_few_extremes_do_not_flatten_the_rest() -> None:
    values = np.sin(np.arange(5000) / 50)
    values[7] = 1e6
    low, high = _axis_range(values)
    assert -1.5 < low < -1
    assert 1 < high < 1.5
    assert draw_chart({"loss/generator": np.stack([np.arange(5000.0), values], 1)}).size == (
        960,
        540,
    )


def test_axis_ticks_are_round_numbers() -> None:
    assert list(_ticks(-0.03, 1.02)) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    numbers = {0: "0", 1500: "1500", 20_000: "20k", 1_500_000: "1.5M"}
    assert {number: _format_count(number) for number in numbers} == numbers


def test_the_reports_that_a_resumed_run_repeats_are_not_drawn_twice(folder: RunFolder) -> None:
    lines = [json.dumps({"step": step, **report(step)}) for step in (1, 2, 3)]
    folder.metrics.write_text("\n".join(lines))
    curves = loss_curves(folder, step=2)
    curves.on_report(3, report(3))
    assert [seen for seen, _ in curves._curves()["loss/generator"]] == [64, 128, 192]


def journal(folder: RunFolder, step: int) -> Journal:
    return Journal(Options(), run=observed(folder, step))


def steps(path: Path) -> list[int]:
    return [json.loads(line)["step"] for line in path.read_text().splitlines()]


def test_a_reopened_journal_continues_after_the_checkpoint(folder: RunFolder) -> None:
    first = journal(folder, 0)
    for step in (10, 20, 30):
        first.on_report(step, {"loss": 0.5})
    first.on_end()
    second = journal(folder, 20)
    second.on_report(30, {"loss": 0.25})
    second.on_end()
    assert steps(folder.metrics) == [10, 20, 30]
    assert json.loads(folder.metrics.read_text().splitlines()[2])["loss"] == 0.25


def test_an_evaluation_is_in_both_files_of_the_journal(folder: RunFolder) -> None:
    result = evaluated(4, {"kid": Score(2.0, 8, 1.0, 4, "low", True)})
    written = journal(folder, 0)
    assert not folder.evaluations.exists()
    written.on_evaluation_end(result)
    written.on_rollback(2)
    assert (steps(folder.metrics), steps(folder.evaluations)) == ([], [])
    written.on_evaluation_end(result)
    written.on_end()
    assert json.loads(folder.metrics.read_text()) == {"step": 4, "images_seen": 32, "metric/kid": 2}
    assert EvaluationResult.of(folder.evaluations.read_text()) == result


def test_an_update_that_is_not_finite_is_described_in_a_file(folder: RunFolder) -> None:
    journal(folder, 0).on_nonfinite({"step": 3})
    assert json.loads(folder.nonfinite.read_text()) == {"step": 3}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_sample_grids_are_named_by_step(folder: RunFolder) -> None:
    sample_files = SampleFiles(Options(), run=observed(folder))
    sample_files.on_images("samples", 12, 0.5, np.zeros((4, 4, 3), np.uint8))
    sample_files.on_images("real", 0, 0.5, np.zeros((4, 4, 1), np.uint8))
    assert names(folder.samples) == ["real.png", "step-0000012.png"]


def test_sample_grids_by_epoch_are_named_by_epoch(folder: RunFolder) -> None:
    sample_files = SampleFiles(Options(), run=observed(folder, every="2 epochs"))
    sample_files.on_images("samples", 1200, 10.04, np.zeros((4, 4, 3), np.uint8))
    assert names(folder.samples) == ["epoch-0010-step-0001200.png"]


def test_observers_can_be_turned_off(tiny: Callable[..., dict[str, Any]]) -> None:
    off = {f"observe.{name}": False for name in ("sample-files", "loss-curves", "tensorboard")}
    run = ganzoo.train(**tiny(settings=off))
    files = {"checkpoints", "environment.json", "metrics.jsonl", "run.toml", "samples"}
    assert {name for name in names(run.folder) if name[0] != "."} == files
    assert names(run.folder / "samples") == []
    ganzoo.resume(run, steps=4, quiet=True)
    assert not list(run.folder.glob("events*"))
    ganzoo.resume(run, steps=5, quiet=True, settings={"observe.tensorboard": True})
    assert list(run.folder.glob("events*"))


def test_without_the_journal_a_warning_says_what_is_lost(
    tiny: Callable[..., dict[str, Any]],
) -> None:
    with pytest.warns(UserWarning, match=r"observe\.journal=false: .* have no numbers"):
        run = ganzoo.train(**tiny(settings={"observe.journal": False}))
    assert not (run.folder / "metrics.jsonl").exists()
    assert run.history == []
