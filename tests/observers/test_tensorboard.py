from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout
from tensorboard.plugins.hparams.metadata import (
    SESSION_START_INFO_TAG,
    parse_session_start_info_plugin_data,
)
from tensorboard.summary.writer import event_file_writer

from ganzoo.evaluation.record import EvaluationResult, Score
from ganzoo.folders import RunFolder
from ganzoo.observers.tensorboard import TensorBoard


def test_scalars_and_samples_are_not_duplicated_after_a_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Event files of the same second are sorted by name, where 10 comes before 9.
    monkeypatch.setattr(event_file_writer, "_global_uid", event_file_writer.AtomicCounter(0))
    first = TensorBoard(tmp_path, step=0)
    for step in (10, 20, 30):
        first.on_report(step, {"loss/generator": float(step)})
    first.on_images("samples", 10, 0.5, np.zeros((4, 4, 3), np.uint8))
    first.on_end()
    second = TensorBoard(tmp_path, step=20)
    second.on_report(30, {"loss/generator": 31.0})
    second.on_end()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [(e.step, e.value) for e in events.Scalars("loss/generator")] == [
        (10, 10.0),
        (20, 20.0),
        (30, 31.0),
    ]
    assert [e.step for e in events.Images("samples")] == [10]


def evaluated(step: int, **scores: float) -> EvaluationResult:
    return EvaluationResult(
        step=step,
        images_seen=step * 8,
        scores={name: Score(value, 8, 0.5, 4, "low", False) for name, value in scores.items()},
        samples=8,
        real=8,
        image_shape=(3, 4, 4),
        images="images",
        extractor="random",
        features="random-1",
        seed=0,
        seconds=0.1,
    )


def charts(board: EventAccumulator) -> list[str]:
    """The charts of the last layout, which the Custom Scalars dashboard shows."""
    reported = board.Tensors("custom_scalars__config__")[-1].tensor_proto
    layout = Layout.FromString(reported.string_val[0])
    return [chart.title for section in layout.category for chart in section.chart]


def test_metrics_and_baselines_are_not_duplicated_after_a_resume(tmp_path: Path) -> None:
    first = TensorBoard(tmp_path, step=0)
    first.on_evaluation_end(evaluated(10, kid=3.0))
    first.on_evaluation_end(evaluated(20, kid=2.0))
    first.on_end()
    second = TensorBoard(tmp_path, step=10)
    second.on_evaluation_end(evaluated(20, kid=1.0, fd=7.0))
    second.on_end()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [(e.step, e.value) for e in events.Scalars("metric/kid")] == [(10, 3.0), (20, 1.0)]
    assert [(e.step, e.value) for e in events.Scalars("metric baseline/kid")] == [
        (10, 0.5),
        (20, 0.5),
    ]
    assert charts(events)[-2:] == ["kid", "fd"]


def test_hyperparameters_are_written_once(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", {"loss": {"name": "a/hinge"}, "seed": 3})
    for step in (0, 0, 5):
        TensorBoard(folder.path, step).on_end()
    events = EventAccumulator(str(folder.path)).Reload()
    reported = events.SummaryMetadata(SESSION_START_INFO_TAG).plugin_data.content
    settings = parse_session_start_info_plugin_data(reported).hparams
    assert (settings["loss"].string_value, settings["seed"].number_value) == ("a/hinge", 3)


def test_a_rollback_to_step_0_keeps_the_charts(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path, step=0)
    board.on_report(1, {"loss/generator": 1.0})
    board.on_rollback(0)
    board.on_end()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert len(charts(events)) == 2
    assert events.Scalars("loss/generator") == []


def test_scores_are_shown_as_histograms_unless_one_is_not_finite(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path, step=0)
    board.on_scores(5, {"real": np.array([1, 2, 2], np.float32), "fake": np.zeros(3, np.float32)})
    board.on_scores(10, {"real": np.array([1, np.nan], np.float32)})
    board.on_end()
    events = EventAccumulator(str(tmp_path)).Reload()
    (real,) = events.Histograms("scores/real images")
    (fake,) = events.Histograms("scores/fake images")
    assert (real.step, real.histogram_value.num, real.histogram_value.max) == (5, 3, 2)
    assert sum(fake.histogram_value.bucket) == 3
