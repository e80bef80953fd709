from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout
from tensorboard.plugins.hparams.metadata import (
    SESSION_START_INFO_TAG,
    parse_session_start_info_plugin_data,
)

from ganzoo import EvaluationResult, ObservedRun, Options, RunFolder, Score
from ganzoo_tensorboard.dashboards import BASELINE, hyperparameters, layout, tag
from ganzoo_tensorboard.event_files import TensorBoard
from tests import evaluations


def tensorboard(folder: Path, step: int, settings: Mapping[str, Any] | None = None) -> TensorBoard:
    run = ObservedRun(folder=RunFolder(folder), step=step, resumed=False, settings=settings or {})
    return TensorBoard(Options(), run=run)


def test_scalars_and_samples_are_not_duplicated_after_a_resume(tmp_path: Path) -> None:
    first = tensorboard(tmp_path, 0)
    for step in (10, 20, 30):
        first.on_report(step, {"loss/generator": float(step)})
    first.on_images("samples", 10, 0.5, np.zeros((4, 4, 3), np.uint8))
    first.on_end()
    second = tensorboard(tmp_path, 20)
    second.on_report(30, {"loss/generator": 31.0})
    second.on_end()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [(e.step, e.value) for e in events.Scalars("loss/generator")] == [
        (10, 10.0),
        (20, 20.0),
        (30, 31.0),
    ]
    assert [e.step for e in events.Images("samples")] == [10]


def evaluated(step: int, **values: float) -> EvaluationResult:
    scores = {name: Score(value, 8, 0.5, 4, "low", False) for name, value in values.items()}
    return evaluations.evaluated(step, scores)


def chart_titles(board: EventAccumulator) -> list[str]:
    """The charts of the last layout, which the Custom Scalars dashboard shows."""
    reported = board.Tensors("custom_scalars__config__")[-1].tensor_proto
    found = Layout.FromString(reported.string_val[0])
    return [chart.title for section in found.category for chart in section.chart]


def test_metrics_and_baselines_are_not_duplicated_after_a_resume(tmp_path: Path) -> None:
    first = tensorboard(tmp_path, 0)
    first.on_evaluation_end(evaluated(10, kid=3.0))
    first.on_evaluation_end(evaluated(20, kid=2.0))
    first.on_end()
    second = tensorboard(tmp_path, 10)
    second.on_evaluation_end(evaluated(20, kid=1.0, fd=7.0))
    second.on_end()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [(e.step, e.value) for e in events.Scalars("metric/kid")] == [(10, 3.0), (20, 1.0)]
    assert [(e.step, e.value) for e in events.Scalars("metric baseline/kid")] == [
        (10, 0.5),
        (20, 0.5),
    ]
    assert chart_titles(events)[-2:] == ["kid", "fd"]


def test_files_of_the_same_second_are_read_in_the_order_of_writing(tmp_path: Path) -> None:
    for step in range(12):
        board = tensorboard(tmp_path, step)
        board.on_report(step + 1, {"loss/generator": float(step)})
        board.on_end()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [e.step for e in events.Scalars("loss/generator")] == list(range(1, 13))


def test_hyperparameters_are_written_once(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"loss": {"name": "a/hinge"}, "seed": 3}
    for step in (0, 0, 5):
        tensorboard(tmp_path, step, settings).on_end()
    events = EventAccumulator(str(tmp_path)).Reload()
    reported = events.SummaryMetadata(SESSION_START_INFO_TAG).plugin_data.content
    found = parse_session_start_info_plugin_data(reported).hparams
    assert (found["loss"].string_value, found["seed"].number_value) == ("a/hinge", 3)


def test_a_rollback_to_step_0_keeps_the_charts(tmp_path: Path) -> None:
    board = tensorboard(tmp_path, 0)
    board.on_report(1, {"loss/generator": 1.0})
    board.on_rollback(0)
    board.on_end()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert len(chart_titles(events)) == 2
    assert events.Scalars("loss/generator") == []


def test_scores_are_shown_as_histograms_unless_one_is_not_finite(tmp_path: Path) -> None:
    board = tensorboard(tmp_path, 0)
    board.on_scores(5, {"real": np.array([1, 2, 2], np.float32), "fake": np.zeros(3, np.float32)})
    board.on_scores(10, {"real": np.array([1, np.nan], np.float32)})
    board.on_end()
    events = EventAccumulator(str(tmp_path)).Reload()
    (real,) = events.Histograms("scores/real images")
    (fake,) = events.Histograms("scores/fake images")
    assert (real.step, real.histogram_value.num, real.histogram_value.max) == (5, 3, 2)
    assert sum(fake.histogram_value.bucket) == 3


def varied(reported: Summary) -> dict[str, float | str]:
    (value,) = reported.value
    start = parse_session_start_info_plugin_data(value.metadata.plugin_data.content)
    kinds = {name: v.WhichOneof("kind") for name, v in start.hparams.items()}
    return {name: getattr(start.hparams[name], kind) for name, kind in kinds.items()}


def charts(reported: Summary) -> dict[str, str]:
    found = Layout.FromString(reported.value[0].tensor.string_val[0])
    every = [chart for section in found.category for chart in section.chart]
    return {chart.title: chart.multiline.tag[0] for chart in every}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("loss/generator", "loss/generator"),
        ("generator/adversarial", "loss/generator/adversarial"),
        ("discriminator/gradient_penalty", "loss/discriminator/gradient_penalty"),
        ("growth/fade", "progress/fade"),
        ("images_seen", "progress/images_seen"),
        ("metric/swd/32", "metric/swd/32"),
    ],
)
def test_every_number_has_a_section(name: str, shown: str) -> None:
    assert tag(name) == shown


def test_hyperparameters_are_the_settings_that_affect_training() -> None:
    settings = {
        "seed": 3,
        "loss": {"name": "a/hinge"},
        "train": {"steps": 9, "generator": {"betas": [0, 0.9], "lr": 1e-4}, "channels_last": True},
        "log": {"every": 5},
        "extractor": {"name": "b/random"},
    }
    assert varied(hyperparameters(settings)) == {
        "seed": 3,
        "loss": "a/hinge",
        "train.generator.betas": "[0, 0.9]",
        "train.generator.lr": 1e-4,
        "train.channels_last": "true",
    }


def test_unreadable_settings_give_no_hyperparameters() -> None:
    assert varied(hyperparameters({})) == {}


def test_a_metric_and_its_baseline_share_a_chart() -> None:
    tags = charts(layout(["swd", "swd/32"]))
    assert len(tags) == 4
    shown = ["metric/swd", f"{BASELINE}/swd", "metric/swd/32", f"{BASELINE}/swd/32", "scores/real"]
    assert [name for name in shown if re.match(tags["swd"], name)] == shown[:2]
    assert [name for name in shown if re.match(tags["swd/32"], name)] == shown[2:4]


def test_a_run_without_metrics_has_only_charts_of_the_networks() -> None:
    shown = ["scores/real", "scores/fake", "loss/generator", "loss/generator/adversarial"]
    matches = [[n for n in shown if re.match(tags, n)] for tags in charts(layout()).values()]
    assert matches == [shown[:2], shown[2:3]]
