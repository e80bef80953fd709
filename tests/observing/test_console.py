from __future__ import annotations

import io

import pytest
from rich.console import Console

from ganzoo.observing import console
from ganzoo.observing.console import ProgressBar, counting


def told(terminal: bool) -> str:
    output = io.StringIO()
    bar = ProgressBar(Console(file=output, force_terminal=terminal, width=120, highlight=False))
    bar.preparing(0, 4)
    bar.preparing(4, 4)
    bar.started(0, 100)
    bar.stepped(50, 800)
    scalars = {"loss/generator": 0.5, "generator/adversarial": 9.0}
    bar.reported(50, {**scalars, "speed/images_per_second": 123.0})
    bar.noted("[something] happened")
    bar.closed()
    return output.getvalue()


def test_a_pipe_gets_plain_lines() -> None:
    lines = told(terminal=False).splitlines()
    assert lines[0] == "preparing 4 pictures"
    assert lines[1].startswith("step 50/100  123 images/s")
    assert lines[1].endswith("generator 0.5")
    assert lines[2] == "[something] happened"
    assert len(lines) == 3


@pytest.mark.parametrize("training", [False, True])
def test_a_pipe_is_told_of_an_evaluation_now_and_then(
    monkeypatch: pytest.MonkeyPatch, training: bool
) -> None:
    output = io.StringIO()
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    bar = ProgressBar(Console(file=output, width=120, highlight=False))
    if training:
        bar.started(0, 100)
        bar.noted("step 10")
    for what in ("generated images", "features"):
        for done in range(12):
            now[0] += 1
            bar.evaluating(what, done, 12)
    lines = output.getvalue().splitlines()
    if training:
        assert lines == ["step 10", "generated images: 9 of 12", "features: 7 of 12"]
    else:
        assert lines == [
            *("generated images: 0 of 12", "generated images: 10 of 12"),
            *("features: 0 of 12", "features: 10 of 12"),
        ]


def test_a_terminal_gets_a_bar() -> None:
    text = told(terminal=True)
    assert "50/100" in text
    assert "generator 0.5" in text
    assert "[something] happened" in text
    assert "\x1b[" in text


def test_growth_is_told_before_the_losses() -> None:
    output = io.StringIO()
    bar = ProgressBar(Console(file=output, width=120, highlight=False))
    for fade in (0.434, 1.0):
        bar.reported(1, {"growth/resolution": 16.0, "growth/fade": fade, "loss/generator": 0.5})
    first, second = output.getvalue().splitlines()
    assert first.endswith("16 px faded in 43%  generator 0.5")
    assert second.endswith("16 px  generator 0.5")


@pytest.mark.parametrize("terminal", [False, True])
def test_counting_is_a_bar_or_a_line(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    there = Console(file=output, force_terminal=terminal, width=80, highlight=False)
    monkeypatch.setattr(console, "StandardError", lambda: there)
    with counting("frame", "making {} frames") as show:
        for done in range(5):
            show(done, 4)
    if terminal:
        assert "frame" in output.getvalue()
        assert "4/4" in output.getvalue()
    else:
        assert output.getvalue() == "making 4 frames\n"
