"""Progress for the person at the terminal, on standard error."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

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

from ganzoo.evaluation.record import Evaluated, Score
from ganzoo.observers.notebook import NotebookLine, NotebookProgress, in_notebook
from ganzoo.observers.observer import Observer
from ganzoo.observers.speed import DAY, MINUTE, Speed, lasting

_WARM_UP = 20.0
"""Seconds of training after which its whole length is estimated, at the latest."""


class StandardError(Console):
    """Standard error, whose reader may leave: the work goes on then, in silence."""

    def __init__(self) -> None:
        super().__init__(stderr=True, highlight=False, force_jupyter=False)

    def _check_buffer(self) -> None:
        try:
            super()._check_buffer()
        except OSError:  # a terminal that was closed
            self.on_broken_pipe()

    def on_broken_pipe(self) -> None:
        """Say no more; rich itself would end the process."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


_QUIET = 10.0
"""Seconds of an evaluation without a line in a file or a pipe."""


@contextmanager
def counting(what: str, line: str) -> Iterator[Callable[[int, int], None]]:
    """Something to tell ``(done, total)``, which a terminal shows as a bar of ``what``.

    Elsewhere it is one ``line`` at the start, with ``{}`` for how many there are in all.
    """
    console = StandardError()
    with Progress(
        *(TextColumn(what), MofNCompleteColumn(), BarColumn(bar_width=16)),
        *(TimeRemainingColumn(), TextColumn("left")),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("", total=None)

        def show(done: int, total: int) -> None:
            if not done and not console.is_terminal:
                console.print(line.format(total))
            progress.update(task, completed=done, total=total)

        yield show


class ProgressBar(Observer):
    """A bar with rate and time left in a terminal or a notebook; elsewhere plain lines."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or StandardError()
        self._steps = 0
        """In all, once training has begun."""
        self._began = 0
        self._estimated = False
        """Whether it was said how long training will take."""
        self._doing = ""
        self._begun: set[str] = set()
        """Kinds of work that plain lines have told of."""
        self._told = -math.inf
        """When the last plain line was printed."""
        self._speed = Speed()
        self._progress: Progress | None = None
        self._line = NotebookLine()

    def on_preparation_progress(self, done: int, total: int) -> None:
        """Show a bar of images, or say once that they are being prepared."""
        if done == 0:
            self._show("preparing images", 0, total)
            if not self._progress:
                self.on_message(f"preparing {total} images")
        self._move(done)
        if done == total:
            self.on_end()

    def on_train_start(self, step: int, steps: int) -> None:
        """Show a bar of steps."""
        self._began = step
        self._steps = steps
        self._estimated = False
        self._speed = Speed()
        self._show("step", step, steps)

    def on_step_end(self, step: int, images_seen: int) -> None:
        """Move the bar, a few times a second."""
        if self._speed.due(step, images_seen):
            self._move(step, speed=f"{self._speed.images:.0f} images/s")
        if self._speed.elapsed() > _WARM_UP:
            self._estimate(step, images_seen)

    def _estimate(self, step: int, images_seen: float) -> None:
        """Say once how long training will take, and warn if that is more than a day."""
        each = self._speed.each(step)
        if self._estimated or each is None:
            return
        self._estimated = True
        left = each * (self._steps - step)
        rate = f"at {self._speed.average(images_seen):.0f} images/s"
        if left >= DAY:
            a_day = int(float(f"{DAY / each:.2g}"))
            self.on_warning(
                step,
                f"the {self._steps - step} steps that are left take about {lasting(left)} {rate}; "
                f"about {a_day} steps take a day: set fewer with train.steps=N",
            )
        elif left >= MINUTE:
            whole = "in all" if self._began == 0 else "more"
            total = left + (self._speed.elapsed() if self._began == 0 else 0)
            self.on_message(f"about {lasting(total)} {whole} {rate}")

    def on_report(self, step: int, scalars: Mapping[str, float]) -> None:
        """Show the losses."""
        losses = {n.removeprefix("loss/"): v for n, v in scalars.items() if n.startswith("loss/")}
        text = "  ".join(f"{name} {value:.3g}" for name, value in losses.items())
        if "growth/resolution" in scalars:
            text = f"{_grown(scalars)}  {text}"
        self._move(step, losses=text)
        self._estimate(step, scalars.get("images_seen", 0))
        if not self._progress:
            speed = f"{scalars.get('speed/images_per_second', 0):.0f} images/s"
            left = f"{self._speed.left(step, self._steps)} left"
            self.on_message(f"step {step}/{self._steps}  {speed}  {left}  {text}")

    def on_evaluation_progress(self, what: str, done: int, total: int) -> None:
        """Say what is done in the place of the losses, or show a bar of it outside of training.

        Into a file or a pipe it is a line where other work begins, and one every ten seconds.
        """
        if not self.console.is_terminal:
            self._tell(what, done, total)
        elif self._steps and self._progress:
            self._progress.update(self._progress.task_ids[0], losses=f"{what} {done}/{total}")
        elif not self._steps:
            if what != self._doing:
                self.on_end()
                self._show(what, 0, total)
                self._doing = what
            self._move(done)

    def _tell(self, what: str, done: int, total: int) -> None:
        """A line where new work begins outside of training, and where the last one is long ago."""
        begins = not self._steps and what not in self._begun
        self._begun.add(what)
        if begins or time.monotonic() - self._told >= _QUIET:
            self.on_message(f"{what}: {done} of {total}")

    def on_evaluation_end(self, found: Evaluated) -> None:
        """Print the scores, each with what real images get."""
        scores = "  ".join(told(name, score) for name, score in found.scores.items())
        by = any(score.by_features for score in found.scores.values())
        features = f" by features of {found.extractor}" if by else ""
        self.on_message(
            f"step {found.step}, evaluated in {found.seconds:.0f} s{features}: {scores}"
        )

    def on_rollback(self, step: int) -> None:
        """Move the bar back."""
        self._speed = Speed()
        self._move(step)

    def on_warning(self, step: int, message: str) -> None:
        """Print the message, so that it is seen."""
        self.console.print(f"[yellow]warning:[/] {escape(message)}", soft_wrap=True)

    def on_message(self, message: str) -> None:
        """Print the message, above the bar."""
        self._told = time.monotonic()
        self.console.print(message, soft_wrap=True, markup=False)

    def on_end(self) -> None:
        """Leave the bar as it is."""
        if self._progress:
            self._progress.stop()
            self._progress = None

    def _show(self, what: str, done: int, total: int) -> None:
        if self.console.is_terminal or in_notebook():
            whole = Column(no_wrap=True)
            columns = (
                TextColumn(what, table_column=whole),
                MofNCompleteColumn(table_column=whole),
                BarColumn(bar_width=16, table_column=whole),
                TextColumn("{task.fields[speed]}", table_column=whole),
                TimeRemainingColumn(table_column=whole),
                TextColumn("left", table_column=whole),
                # In a narrow terminal this column gives way first.
                TextColumn("{task.fields[losses]}", table_column=Column(no_wrap=True, ratio=1)),
            )
            if in_notebook():
                self._progress = NotebookProgress(self._line, *columns)
            else:
                self._progress = Progress(*columns, console=self.console)
            self._progress.add_task("", total=total, completed=done, speed="", losses="")
            self._progress.start()

    def _move(self, done: int, **fields: Any) -> None:
        if self._progress:
            self._progress.update(self._progress.task_ids[0], completed=done, **fields)


def told(name: str, score: Score) -> str:
    """``fd 312 (real 45.1)``."""
    baseline = "" if score.baseline is None else f" (real {score.baseline:.3g})"
    return f"{name} {score.value:.4g}{baseline}"


def _grown(scalars: Mapping[str, float]) -> str:
    """``16 px``, and how much of its layers while they are faded in."""
    fade = scalars["growth/fade"]
    fading = "" if fade == 1 else f" faded in {fade:.0%}"
    return f"{scalars['growth/resolution']:.0f} px{fading}"
