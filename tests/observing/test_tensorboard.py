from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.summary.writer import event_file_writer

from ganzoo.observing.tensorboard import TensorBoard


def test_scalars_and_sheets_are_there_once_after_a_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Files of one second and one process are read by their number, of which 10 comes before 9.
    monkeypatch.setattr(event_file_writer, "_global_uid", event_file_writer.AtomicCounter(0))
    first = TensorBoard(tmp_path, step=0)
    for step in (10, 20, 30):
        first.reported(step, {"loss/generator": float(step)})
    first.drew("samples", 10, 0.5, np.zeros((4, 4, 3), np.uint8))
    first.closed()
    second = TensorBoard(tmp_path, step=20)
    second.reported(30, {"loss/generator": 31.0})
    second.closed()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [(e.step, e.value) for e in events.Scalars("loss/generator")] == [
        (10, 10.0),
        (20, 20.0),
        (30, 31.0),
    ]
    assert [e.step for e in events.Images("samples")] == [10]
