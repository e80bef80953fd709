"""Progress on standard error: a bar in a terminal or notebook, else lines."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column

from ganzoo.evaluation.record import EvaluationResult, Score
from ganzoo.observers.notebook import NotebookLine, NotebookProgress, in_notebook
from ganzoo.observers.observer import Observer
from ganzoo.observers.speed import DAY, MINUTE, Speed, format_duration

_WARM_UP = 20.0
"""Seconds of training after which the total time is estimated, at the latest."""


class StandardError(Console):
    """A console on standard error that prints nothing more once its reader has closed it."""

    def __init__(self) -> None:
        super().__init__(stderr=True, highlight=False, force_jupyter=False)

    def _check_buffer(self) -> None:
        try:
            super()._check_buffer()
        except OSError:  # a terminal that was closed
            self.on_broken_pipe()

    def on_broken_pipe(self) -> None:
        """Discard all further output; rich would exit the process here."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def draws_bars(console: Console) -> bool:
    """Whether bars can be redrawn in place: in a terminal, unless it cannot move its cursor.

    FORCE_COLOR asks for colors in a file or a pipe, which would get each state of a bar.
    """
    is_pipe = console.stderr and not console.file.isatty()
    return console.is_terminal and not console.is_dumb_terminal and not is_pipe


_LINE_INTERVAL = 10.0
"""Seconds between progress lines in a file or a pipe."""


class ShowProgress(Protocol):
    """A function that shows how much is done, with a short note such as ``"3 failed"``."""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Show that ``done`` of ``total`` are done."""


@contextmanager
def show_progress(label: str, line: str) -> Iterator[ShowProgress]:
    """A function ``update(done, total, note="")``, which moves a progress bar with this label.

    It is shown from the first call on. Without a terminal, ``line`` is printed for ``done=0``, with
    the total in place of ``{}``, and then a line every ten seconds.
    """
    console = StandardError()
    bars = draws_bars(console)
    progress = Progress(
        *(TextColumn(label), MofNCompleteColumn(), BarColumn(bar_width=16)),
        *(TimeRemainingColumn(), TextColumn("left"), TextColumn("{task.fields[note]}")),
        console=console,
        disable=not bars,
    )
    task = progress.add_task("", total=None, note="")
    last_line = time.monotonic()
    began = False

    def update(done: int, total: int, note: str = "") -> None:
        nonlocal last_line, began
        progress.start()
        progress.update(task, completed=done, total=total, note=note)
        if bars:
            return
        if not done and not began:
            began = True
            console.print(line.format(total))
        elif time.monotonic() - last_line >= _LINE_INTERVAL:
            last_line = time.monotonic()
            console.print(f"{label} {done}/{total}  {note}".rstrip())

    try:
        yield update
    finally:
        progress.stop()


class ProgressBar(Observer):
    """A bar with rate and time left in a terminal or a notebook; elsewhere lines of text."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or StandardError()
        self._draws_bars = draws_bars(self.console)
        self._steps = 0
        """The total number of steps; 0 before training starts."""
        self._limit = math.inf
        """The seconds in which the next training ends at the latest."""
        self._end = math.inf
        """When it ends at the latest, in seconds of the monotonic clock."""
        self._first_step = 0
        self._estimated = False
        """Whether the estimated time was printed."""
        self._current_work = ""
        self._announced: set[str] = set()
        """Kinds of work for which a line was printed."""
        self._last_line = -math.inf
        """When the last line was printed, in seconds of the monotonic clock."""
        self._work_began = -math.inf
        """When the current work began, on the same clock."""
        self._speed = Speed()
        self._progress: Progress | None = None
        self._line = NotebookLine()

    def on_preparation_progress(self, done: int, total: int) -> None:
        """Show a bar of images, or one line at the start."""
        if done == 0:
            self._start_bar("preparing images", 0, total)
            if not self._progress:
                self.on_message(f"preparing {total:,} images")
        self._update_bar(done)
        if done == total:
            self.on_end()

    def on_time_limit(self, seconds: float) -> None:
        """Let the bar end at the step that is reached by then."""
        self._limit = seconds

    def on_train_start(self, step: int, steps: int) -> None:
        """Start a bar of steps."""
        self._end, self._limit = time.monotonic() + self._limit, math.inf
        self._first_step = step
        self._steps = steps
        self._estimated = False
        self._speed = Speed()
        self._start_bar("step", step, steps)

    def on_step_end(self, step: int, images_seen: int) -> None:
        """Move the bar, a few times a second."""
        if self._speed.update(step, images_seen):
            speed = f"{self._speed.images_per_second:.0f} images/s"
            self._update_bar(step, total=self._last_step(step), speed=speed)
        if self._speed.elapsed() > _WARM_UP:
            self._print_estimate(step, images_seen)

    def _print_estimate(self, step: int, images_seen: float) -> None:
        """Print once how long training will take, as a warning if it is more than a day."""
        seconds = self._speed.seconds_per_step(step)
        if self._estimated or seconds is None:
            return
        self._estimated = True
        left = seconds * (self._last_step(step) - step)
        rate = f"at {self._speed.average(images_seen):.0f} images/s"
        if left >= DAY:
            steps_per_day = int(float(f"{DAY / seconds:.2g}"))
            self.on_warning(
                step,
                f"the remaining {self._steps - step} steps take about {format_duration(left)} "
                f"{rate}; one day is about {steps_per_day} steps: set fewer with train.steps=N",
            )
        elif left >= MINUTE and self._first_step == 0:
            total = format_duration(left + self._speed.elapsed())
            self.on_message(f"estimated total time: {total} {rate}")
        elif left >= MINUTE:
            self.on_message(f"estimated remaining time: {format_duration(left)} {rate}")

    def _last_step(self, step: int) -> int:
        """The last step, or the one at which the time is expected to be over."""
        return self._speed.last_step(step, self._steps, self._end - time.monotonic())

    def on_report(self, step: int, scalars: Mapping[str, float]) -> None:
        """Show the losses."""
        losses = {n.removeprefix("loss/"): v for n, v in scalars.items() if n.startswith("loss/")}
        text = "  ".join(f"{name} {value:.3g}" for name, value in losses.items())
        if "growth/resolution" in scalars:
            text = f"{_format_growth(scalars)}  {text}"
        self._update_bar(step, losses=text)
        self._print_estimate(step, scalars.get("images_seen", 0))
        if not self._progress:
            speed = f"{scalars.get('speed/images_per_second', 0):.0f} images/s"
            last = self._last_step(step)
            left = f"{self._speed.time_left(step, last)} left"
            total = last if last == self._steps else f"~{last}"
            self.on_message(f"step {step}/{total}  {speed}  {left}  {text}")

    def on_evaluation_progress(self, what: str, done: int, total: int) -> None:
        """Show the progress in place of the losses; outside of training, in a bar of its own.

        In a file or a pipe: a line when a kind of work begins, and one every ten seconds.
        """
        if not self._draws_bars:
            self._print_progress(what, done, total)
        elif self._steps and self._progress:
            self._progress.update(self._progress.task_ids[0], losses=f"{what} {done}/{total}")
        elif not self._steps:
            if what != self._current_work:
                self._start_bar(what, 0, total)
                self._current_work = what
            self._update_bar(done)

    def _print_progress(self, what: str, done: int, total: int) -> None:
        """Print a line now and then; during training, only of work that takes long itself."""
        now = time.monotonic()
        if what != self._current_work or not done:
            self._current_work, self._work_began = what, now
        is_new = not self._steps and what not in self._announced
        self._announced.add(what)
        since = max(self._last_line, self._work_began if self._steps else -math.inf)
        if is_new or now - since >= _LINE_INTERVAL:
            self.on_message(f"{what}: {done:,} of {total:,}")

    def on_evaluation_end(self, found: EvaluationResult) -> None:
        """Print the metrics with their baselines."""
        scores = "  ".join(format_score(name, score) for name, score in found.scores.items())
        uses_features = any(score.by_features for score in found.scores.values())
        extractor = f", extractor {found.extractor}" if uses_features else ""
        self.on_message(
            f"step {found.step}, evaluated in {found.seconds:.0f} s{extractor}: {scores}"
        )

    def on_rollback(self, step: int) -> None:
        """Move the bar back."""
        self._speed = Speed()
        self._update_bar(step)

    def on_warning(self, step: int, message: str) -> None:
        """Print the warning, with a colored prefix in a terminal."""
        self.console.print(f"[yellow]warning:[/] {escape(message)}", soft_wrap=True)

    def on_message(self, message: str) -> None:
        """Print the message, above the bar."""
        self._last_line = time.monotonic()
        self.console.print(message, soft_wrap=True, markup=False)

    def on_end(self) -> None:
        """Stop the bar; it stays visible."""
        if self._progress:
            self._progress.stop()
            self._progress = None

    def _start_bar(self, label: str, done: int, total: int) -> None:
        self.on_end()
        if self._draws_bars or in_notebook():
            fixed = Column(no_wrap=True)
            columns = (
                TextColumn(label, table_column=fixed),
                MofNCompleteColumn(table_column=fixed),
                BarColumn(bar_width=16, table_column=fixed),
                TextColumn("{task.fields[speed]}", table_column=fixed),
                TimeRemainingColumn(table_column=fixed),
                TextColumn("left", table_column=fixed),
                # In a narrow terminal, this column is shortened first.
                TextColumn("{task.fields[losses]}", table_column=Column(no_wrap=True, ratio=1)),
            )
            if in_notebook():
                self._progress = NotebookProgress(self._line, *columns)
            else:
                self._progress = Progress(*columns, console=self.console)
            self._progress.add_task("", total=total, completed=done, speed="", losses="")
            self._progress.start()

    def _update_bar(self, done: int, **fields: Any) -> None:
        if self._progress:
            self._progress.update(self._progress.task_ids[0], completed=done, **fields)


def format_score(name: str, score: Score) -> str:
    """A metric with its baseline, such as ``fd 312 (baseline 45.1)``."""
    baseline = "" if score.baseline is None else f" (baseline {score.baseline:.3g})"
    return f"{name} {score.value:.4g}{baseline}"


def _format_growth(scalars: Mapping[str, float]) -> str:
    """The resolution and the fade, such as ``16 px faded in 40%``; ``16 px`` without a fade."""
    fade = scalars["growth/fade"]
    fading = "" if fade == 1 else f" faded in {fade:.0%}"
    return f"{scalars['growth/resolution']:.0f} px{fading}"
