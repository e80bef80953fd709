"""Where the processes that an agent starts write to."""

from __future__ import annotations

import os
from pathlib import Path

from torch.distributed.elastic.multiprocessing.api import LogsDest, LogsSpecs

from ganzoo.launcher import AGENT_PROCESS
from ganzoo.training.failure import FILE


class Outputs(LogsSpecs):
    """The output of rank 0 is shown; what the others print as an error is kept in files."""

    def __init__(self, folder: Path, first_rank: int) -> None:
        super().__init__(str(folder))
        self._folder = folder
        self._first_rank = first_rank

    @property
    def root_log_dir(self) -> str:
        """The folder of the files."""
        return str(self._folder)

    def failure(self, local: int) -> Path:
        """The file in which a process records why it failed."""
        return self._folder / f"failure-{local}.json"

    def stderr(self, local: int) -> Path:
        """The file with what a process printed that is not shown."""
        return self._folder / f"stderr-{local}.txt"

    def reify(self, envs: dict[int, dict[str, str]]) -> LogsDest:
        """The files of each process; also sets its variables."""
        for local, variables in envs.items():
            self.failure(local).unlink(missing_ok=True)  # of an earlier start
            variables[FILE] = str(self.failure(local))
            variables[AGENT_PROCESS] = str(os.getpid())
            for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE"):
                variables[name] = str(int(variables[name]) + self._first_rank)
        hidden = [local for local, variables in envs.items() if variables["RANK"] != "0"]
        return LogsDest(
            stdouts={local: os.devnull if local in hidden else "" for local in envs},
            stderrs={local: str(self.stderr(local)) if local in hidden else "" for local in envs},
            error_files={local: str(self.failure(local)) for local in envs},
        )
