from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.folders import RunFolder
from ganzoo.observers.curves import LossCurves, _axis_range, _format_count, _ticks, draw_chart


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", {})


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
    curves = LossCurves(folder)
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
    curves = LossCurves(folder)
    curves.on_rollback(2)
    assert [seen for seen, _ in curves._curves()["loss/generator"]] == [64, 128]
    curves.on_checkpoint_start()
    assert folder.losses.exists()


def test_losses_that_are_not_numbers_are_skipped(folder: RunFolder) -> None:
    curves = LossCurves(folder)
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
    curves = LossCurves(folder)
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
