from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from ganzoo.observers import console, speed
from ganzoo.observers.console import ProgressBar, show_progress


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable that changes what a terminal is."""
    monkeypatch.setenv("TERM", "xterm")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


def reported(terminal: bool) -> str:
    output = io.StringIO()
    bar = ProgressBar(Console(file=output, force_terminal=terminal, width=120, highlight=False))
    bar.on_preparation_progress(0, 4)
    bar.on_preparation_progress(4, 4)
    bar.on_train_start(0, 100)
    bar.on_step_end(50, 800)
    scalars = {"loss/generator": 0.5, "generator/adversarial": 9.0}
    bar.on_report(50, {**scalars, "speed/images_per_second": 123.0})
    bar.on_message("[something] happened")
    bar.on_end()
    return output.getvalue()


def test_a_pipe_gets_plain_lines() -> None:
    lines = reported(terminal=False).splitlines()
    assert lines[0] == "preparing 4 images"
    assert lines[1].startswith("step 50/100  123 images/s")
    assert lines[1].endswith("generator 0.5")
    assert lines[2] == "[something] happened"
    assert len(lines) == 3


@pytest.mark.parametrize("training", [False, True])
def test_a_pipe_gets_a_line_of_an_evaluation_every_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, training: bool
) -> None:
    output = io.StringIO()
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    bar = ProgressBar(Console(file=output, width=120, highlight=False))
    if training:
        bar.on_train_start(0, 100)
        bar.on_message("step 10")
    for what in ("generated images", "features"):
        for done in range(12):
            now[0] += 1
            bar.on_evaluation_progress(what, done, 12)
    lines = output.getvalue().splitlines()
    if training:
        assert lines == ["step 10", "generated images: 10 of 12", "features: 10 of 12"]
    else:
        assert lines == [
            *("generated images: 0 of 12", "generated images: 10 of 12"),
            *("features: 0 of 12", "features: 10 of 12"),
        ]


def test_short_work_during_training_prints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    bar = ProgressBar(Console(file=output, width=120, highlight=False))
    bar.on_train_start(0, 100)
    for _ in range(5):
        now[0] += 60
        bar.on_evaluation_progress("batch statistics", 0, 4)
        bar.on_evaluation_progress("batch statistics", 4, 4)
    assert output.getvalue() == ""


def test_a_bar_ends_before_the_next_one_starts() -> None:
    bar = ProgressBar(Console(file=io.StringIO(), force_terminal=True, width=120))
    bar.on_evaluation_progress("looking at images", 0, 1)
    first = bar._progress
    bar.on_train_start(0, 3)
    assert first is not None
    assert not first.live.is_started
    assert bar._progress is not first
    bar.on_end()


def test_a_terminal_gets_a_bar() -> None:
    text = reported(terminal=True)
    assert "50/100" in text
    assert "generator 0.5" in text
    assert "[something] happened" in text
    assert "\x1b[" in text


@pytest.mark.parametrize(
    ("variables", "terminal", "expected"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"TERM": "xterm", "FORCE_COLOR": "1"}, False, False),
        ({"TERM": "xterm"}, False, False),
    ],
)
def test_a_bar_is_drawn_only_where_it_can_be_redrawn(
    variables: dict[str, str], terminal: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Output(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    output = Output()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", output)
    bar = ProgressBar()
    bar.on_train_start(0, 2)
    bar.on_report(1, {"loss/generator": 0.5})
    bar.on_end()
    lines = output.getvalue().splitlines()
    assert any(line.startswith("step 1/2  ") for line in lines) != expected
    assert any("━" in line for line in lines) == expected


def test_growth_is_shown_before_the_losses() -> None:
    output = io.StringIO()
    bar = ProgressBar(Console(file=output, width=120, highlight=False))
    for fade in (0.434, 1.0):
        bar.on_report(1, {"growth/resolution": 16.0, "growth/fade": fade, "loss/generator": 0.5})
    first, second = output.getvalue().splitlines()
    assert first.endswith("16 px faded in 43%  generator 0.5")
    assert second.endswith("16 px  generator 0.5")


@pytest.mark.parametrize("terminal", [False, True])
def test_show_progress_is_a_bar_or_a_line(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    there = Console(file=output, force_terminal=terminal, width=80, highlight=False)
    monkeypatch.setattr(console, "StandardError", lambda: there)
    with show_progress("frame", "making {} frames") as show:
        for done in range(5):
            show(done, 4)
    if terminal:
        assert "frame" in output.getvalue()
        assert "4/4" in output.getvalue()
    else:
        assert output.getvalue() == "making 4 frames\n"


def estimated(
    monkeypatch: pytest.MonkeyPatch, steps: int, each: float, begun: int = 0
) -> tuple[str, int]:
    """The estimate for a run with these steps and seconds per step, and the step that prints it."""
    output, now = io.StringIO(), [1000.0]
    monkeypatch.setattr("ganzoo.observers.speed.time.monotonic", lambda: now[0])
    bar = ProgressBar(Console(file=output, width=120, highlight=False))
    bar.on_train_start(begun, steps)
    for step in range(begun + 1, begun + 60):
        now[0] += each
        bar.on_step_end(step, 64 * step)
        if output.getvalue():
            return output.getvalue(), step - begun
    return output.getvalue(), 0


@pytest.mark.parametrize(
    ("steps", "each", "begun", "reported"),
    [
        (10_000, 1.2, 0, "estimated total time: 3 h 20 min at 53 images/s\n"),
        (10_000, 1.2, 5000, "estimated remaining time: 1 h 40 min at 53 images/s\n"),
        (400, 1.0, 0, "estimated total time: 7 min at 64 images/s\n"),
        (60, 0.5, 0, ""),
    ],
)
def test_the_estimated_time_is_printed_after_some_steps(
    monkeypatch: pytest.MonkeyPatch, steps: int, each: float, begun: int, reported: str
) -> None:
    said, step = estimated(monkeypatch, steps, each, begun)
    assert said == reported
    assert 2 <= step <= 22 or not reported


def test_a_time_limit_ends_the_bar_before_the_last_step(monkeypatch: pytest.MonkeyPatch) -> None:
    output, now = io.StringIO(), [1000.0]
    monkeypatch.setattr("ganzoo.observers.speed.time.monotonic", lambda: now[0])
    bar = ProgressBar(Console(file=output, width=120, highlight=False))
    bar.on_time_limit(601)
    bar.on_train_start(0, 100_000)
    for step in range(1, 32):
        now[0] += 1
        bar.on_step_end(step, 64 * step)
    bar.on_report(31, {"loss/generator": 1, "speed/images_per_second": 64})
    estimate, report = output.getvalue().splitlines()
    assert estimate == "estimated total time: 10 min at 64 images/s"
    assert report == "step 31/~601  64 images/s  0:09:30 left  generator 1"


@pytest.mark.parametrize(("limit", "steps"), [(20.0, "40/80"), (1000.0, "40/100")])
def test_a_bar_shows_the_steps_that_a_time_limit_leaves(
    monkeypatch: pytest.MonkeyPatch, limit: float, steps: str
) -> None:
    output, now = io.StringIO(), [1000.0]
    monkeypatch.setattr("ganzoo.observers.speed.time.monotonic", lambda: now[0])
    bar = ProgressBar(Console(file=output, force_terminal=True, width=120, highlight=False))
    bar.on_time_limit(limit)
    bar.on_train_start(0, 100)
    for step in range(1, 41):
        now[0] += 0.25
        bar.on_step_end(step, 64 * step)
    bar.on_end()
    assert steps in output.getvalue()


def test_a_run_that_takes_days_causes_a_warning_with_the_setting_to_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said, _ = estimated(monkeypatch, 2_000_000, 3.0)
    assert "warning: the remaining 1999992 steps take about 2 months at 21 images/s" in said
    assert "one day is about 29000 steps: set fewer with train.steps=N" in said


def test_the_estimated_time_is_printed_once_with_the_first_report_if_steps_are_fast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output, now = io.StringIO(), [0.0]
    monkeypatch.setattr("ganzoo.observers.speed.time.monotonic", lambda: now[0])
    bar = ProgressBar(Console(file=output, width=120, highlight=False))
    bar.on_train_start(0, 100_000)
    for step in range(1, 101):
        now[0] += 0.01
        bar.on_step_end(step, 64 * step)
        if step % 50 == 0:
            bar.on_report(step, {"images_seen": 64 * step, "loss/generator": 1})
    lines = output.getvalue().splitlines()
    assert lines[0] == "estimated total time: 17 min at 6400 images/s"
    assert [line.split()[0] for line in lines] == ["estimated", "step", "step"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (45, "45 s"),
        (12 * 60, "12 min"),
        (12_000, "3 h 20 min"),
        (7200, "2 h"),
        (30 * 3600, "30 h"),
        (5 * 86400, "5 days"),
        (300 * 86400, "10 months"),
        (3000 * 86400, "8 years"),
    ],
)
def test_durations_are_formatted(seconds: float, words: str) -> None:
    assert speed.format_duration(seconds) == words
