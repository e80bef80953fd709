"""Trying components before a run starts does not change the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo.training import assembly, trial
from ganzoo.training.checkpoint import Checkpoints
from tests.sameness import same

Arguments = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("architecture", ["dcgan", "growing-mlp"])
def test_a_run_is_the_same_with_and_without_the_trial(
    architecture: str, tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"augment.rotate.apply_to": "all", "augment.flip": {}}
    arguments = tiny(architecture=architecture, settings=settings, loss="wgan-gp")
    tried = ganzoo.train(**arguments)
    monkeypatch.setattr(assembly, "try_phases", lambda *arguments: None)
    untried = ganzoo.train(**arguments | {"run_dir": arguments["run_dir"].with_name("untried")})
    states = [Checkpoints(run.folder / "checkpoints", 3).load() for run in (tried, untried)]
    assert same(*states)


def test_the_trial_restores_the_global_generator(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    unchanged: list[bool] = []
    try_phases = trial.try_phases

    def watched(*arguments: Any) -> None:
        before = torch.get_rng_state()
        try_phases(*arguments)
        unchanged.append(torch.equal(before, torch.get_rng_state()))

    monkeypatch.setattr(assembly, "try_phases", watched)
    ganzoo.train(**tiny(steps=1))
    assert unchanged == [True]
