"""Several processes train as one: their gradients, their weights, and who writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ganzoo.contracts import Objective, Terms
from ganzoo.registry import Entry, Registry
from ganzoo.sections import Training
from ganzoo.share import WHOLE, Share
from ganzoo.training.engine import Engine

LOSSES = [e for e in Registry.discover().entries("loss") if "ganzoo-toolkit" in str(e.plugin)]
PICTURES = 12  # which 2 and 3 processes share equally


def critic() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(
        *(nn.Conv2d(2, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(12, 1), nn.Flatten(0))
    ).double()


def gradients(objective: Objective, player: str, share: Share) -> Tensor:
    """The gradients that a process with this share of a batch computes, flat, in float64."""
    random = torch.Generator().manual_seed(2)
    drawn = torch.randn(2, PICTURES, 2, 4, 4, generator=random, dtype=torch.float64)
    real, fake = (share.of(pictures) for pictures in drawn)
    judge = critic()
    gain = nn.Parameter(torch.ones((), dtype=torch.float64))  # a generator of one weight
    terms: Terms = getattr(objective, player)(
        judge, *((real, fake) if player == "discriminator" else (fake * gain, real))
    )
    trained = [*judge.parameters()] if player == "discriminator" else [gain]
    found = torch.autograd.grad(torch.stack(list(terms.values())).sum(), trained)
    return torch.cat([gradient.flatten() for gradient in found])


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("player", ["discriminator", "generator"])
@pytest.mark.parametrize("entry", LOSSES, ids=lambda entry: entry.qualified_name)
def test_gradients_of_shares_average_to_those_of_the_whole_batch(
    entry: Entry, player: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a loss draws is drawn by each process for itself: here each gets its share of one draw.
    shares = torch.rand(PICTURES, 1, 1, 1, dtype=torch.float64)
    objective = entry.component.build(entry.component.options())

    def of(share: Share) -> Tensor:
        monkeypatch.setattr("torch.rand", lambda *shape, **more: share.of(shares))
        return gradients(objective, player, share)

    averaged = torch.stack([of(Share(rank, count)) for rank in range(count)]).mean(0)
    torch.testing.assert_close(averaged, of(WHOLE), atol=1e-10, rtol=1e-10)


def test_a_weight_that_one_process_did_not_use_is_averaged_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[Tensor] = []

    def halved(self: Engine, value: Tensor) -> Tensor:
        sent.append(value.clone())
        return value / 2  # the mean with a process whose gradients are all zero

    monkeypatch.setattr(Engine, "processes", 2)
    monkeypatch.setattr(Engine, "mean", halved)
    used, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3))
    (used * torch.tensor([2.0, 4.0])).sum().backward()
    Engine(Training(device="cpu")).average_gradients([used, unused])
    assert [value.tolist() for value in sent] == [[2, 4, 0, 0, 0]]
    assert used.grad is not None
    assert unused.grad is not None
    assert used.grad.tolist() == [1, 2]
    assert unused.grad.tolist() == [0, 0, 0]


WATCHED = """
import hashlib, json, os, sys
from pathlib import Path
from ganzoo.folders import RunFolder
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training import session
from ganzoo.training.loop import Trainer

folder = Path("run").absolute()
rank = os.environ.get("LOCAL_RANK", "0")
touched = []


def audit(event, arguments):
    writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes or event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir"):
        if str(arguments[0]).startswith(str(folder)):
            touched.append(f"{event} {arguments[0]}")


class Watched(Trainer):
    def train(self, *arguments, **more):
        outcome = super().train(*arguments, **more)
        networks = self.game.networks
        weights = [*networks.generator.parameters(), *networks.discriminator.parameters()]
        content = b"".join(weight.detach().numpy().tobytes() for weight in weights)
        told = {"weights": hashlib.sha256(content).hexdigest(), "touched": touched}
        Path(f"rank-{rank}.json").write_text(json.dumps(told))
        return outcome


session.Trainer = Watched
sys.addaudithook(audit)
settings = Settings()
settings.override(sys.argv[1:])
session.train(Run.resolve(settings), lambda: RunFolder.create(folder))
"""


def test_processes_keep_the_same_weights_and_the_first_alone_writes(tmp_path: Path) -> None:
    (tmp_path / "watched.py").write_text(WATCHED)
    command = [
        *(sys.executable, "watched.py", "dataset=blossoms", "architecture=dcgan", "loss=hinge"),
        *("dataset.count=20", "data.resolution=8", "architecture.channels=2", "sample.count=4"),
        *("train.device=cpu", "train.devices=2", "train.batch_size=8", "train.steps=40"),
        *("checkpoint.every=10", "sample.every=20", "augment.flip=true"),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    first, second = (json.loads((tmp_path / f"rank-{rank}.json").read_text()) for rank in (0, 1))
    assert first["weights"] == second["weights"]  # with batch statistics of their own
    assert first["touched"]
    assert second["touched"] == []
