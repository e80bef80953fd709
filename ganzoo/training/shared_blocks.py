"""Rows of many images, of which each process of a run computes some."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from ganzoo.errors import PluginError, Stopped, in_one_line
from ganzoo.evaluation.image_sets import AT_ONCE
from ganzoo.evaluation.real_images import Progress
from ganzoo.training.engine import Engine

Job = Callable[[Tensor], Tensor]
"""The rows of the images with these numbers, (N,): a tensor (N, ...) on the CPU."""

_Answer = Tensor | Exception | Stopped | None


class SharedBlocks:
    """Rows of images, computed in blocks of the same images for any number of processes.

    Each block is computed once, by one process. So the rows are the same to the bit on machines
    that compute the same. ``jobs`` are what can be computed, by its name in progress bars.
    """

    def __init__(self, jobs: Mapping[str, Job], engine: Engine | None = None) -> None:
        self._jobs = jobs
        self._engine = engine if engine and engine.processes > 1 else None

    def compute(self, job: str, count: int, progress: Progress) -> Tensor:
        """The rows of images 0 to ``count`` - 1, in the main process, while the others ``help``.

        Raises what a job raises in this process, and Stopped or PluginError for the others.
        """
        if self._engine:
            self._engine.broadcast((job, count))
        return torch.cat(self._rounds(job, count, progress))

    def help(self, progress: Progress) -> None:
        """Compute blocks for the main process until it ends the work."""
        assert self._engine
        request: tuple[str, int] | None = None
        while request := self._engine.broadcast(request):
            self._rounds(*request, progress)
            request = None

    def end(self) -> None:
        """In the main process: let the others go on."""
        if self._engine:
            self._engine.broadcast(None)

    def _rounds(self, job: str, count: int, progress: Progress) -> list[Tensor]:
        """All blocks, in the main process; in each round, every process computes one."""
        rank, processes = (self._engine.rank, self._engine.processes) if self._engine else (0, 1)
        blocks = torch.arange(count).split(AT_ONCE)
        found: list[Tensor] = []
        for first in range(0, len(blocks), processes):
            own = blocks[first + rank] if first + rank < len(blocks) else None
            answers = self._exchange(self._answer(job, own, int(blocks[first][0]), count, progress))
            errors = [answer for answer in answers if isinstance(answer, Exception | Stopped)]
            if self._engine and self._engine.broadcast(bool(errors)) and rank:
                return []
            if errors:
                raise errors[0]
            found += [answer for answer in answers if isinstance(answer, Tensor)]
        if not rank:
            progress(job, count, count)
        return found

    def _answer(
        self, job: str, numbers: Tensor | None, done: int, count: int, progress: Progress
    ) -> _Answer:
        """This process's block of a round, or its error; the others must not wait for it."""
        try:
            progress(job, done, count)
            return None if numbers is None else self._jobs[job](numbers)
        except (Exception, Stopped) as error:
            if not self._engine:
                raise
            if self._engine.is_main or isinstance(error, Stopped):
                return error
            return PluginError(in_one_line(error))

    def _exchange(self, answer: _Answer) -> list[_Answer]:
        """The answers of all processes in the main process; none in the others."""
        return self._engine.gather_objects(answer) if self._engine else [answer]
