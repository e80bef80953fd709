"""Fixtures that run the command in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ganzoo.cli import main


@dataclass
class Done:
    """A command's status and output."""

    status: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The single line on standard error."""
        assert self.status == 2, self
        assert "Traceback" not in self.err
        (line,) = self.err.splitlines()
        assert line.startswith("error: ")
        return line


Ganzoo = Callable[..., Done]


@pytest.fixture
def ganzoo_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Ganzoo:
    """The ``ganzoo`` command, run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["ganzoo", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as leaving:
            main()
        reported = capsys.readouterr()
        return Done(int(leaving.value.code or 0), reported.out, reported.err)

    return run


@pytest.fixture
def tiny_run(ganzoo_command: Ganzoo) -> Callable[..., Done]:
    """``ganzoo train`` on blossoms with dcgan, takes about a second; accepts more arguments."""

    def run(folder: str = "run", *more: object, loss: str = "hinge") -> Done:
        return ganzoo_command(
            *("train", "blossoms", "dcgan", loss, "--run-dir", folder, "--device", "cpu"),
            *("--resolution", 8, "--steps", 2, "--batch-size", 8, "sample.count=4"),
            *(
                "dataset.count=20",
                "architecture.base_channels=2",
                "architecture.latent_dim=4",
                *more,
            ),
        )

    return run
