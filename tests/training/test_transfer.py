"""A run starts from the weights of another run."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo import RequestError
from ganzoo.folders import RunFolder
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.checkpoint_file import State
from ganzoo.training.stopping import Stopping
from tests.sameness import same

Arguments = Callable[..., dict[str, Any]]

CONDITIONAL = {"data.conditional": True, "train.discriminator.steps": 1}


def weights(folder: Path, network: str = "networks.generator", step: int = 0) -> State:
    """The weights of a network in a checkpoint."""
    path = folder / "checkpoints" / f"step-{step:07}.pt"
    found: State = torch.load(path, weights_only=True)["state"][network]["weights"]
    return found


@pytest.fixture
def source(tiny: Arguments) -> ganzoo.TrainedRun:
    """A conditional run of 16 pixels, whose EMA generator differs from its generator."""
    return ganzoo.train(**tiny("source", resolution=16, settings=CONDITIONAL))


def start(tiny: Arguments, source: object, folder: str = "run", **more: Any) -> Path:
    """The folder of a new run of one step from the weights of the source."""
    settings = {**CONDITIONAL, **more.pop("settings", {})}
    arguments = {"resolution": 16, "steps": 1, "init_from": source, **more}
    return ganzoo.train(**tiny(folder, settings=settings, **arguments)).folder


def report(folder: Path) -> Any:
    return RunFolder(folder).sessions()[0]["initialized_from"]


def test_the_same_networks_start_with_all_weights(
    tiny: Arguments, source: ganzoo.TrainedRun
) -> None:
    folder = start(tiny, source.folder)
    for network in ("networks.generator", "networks.discriminator", "generator_ema"):
        old, new = weights(source.folder, network, 3), weights(folder, network)
        if network == "generator_ema":  # batch statistics are computed from 4 batches, not from 1
            old, new = (
                {k: v for k, v in each.items() if "running" not in k} for each in (old, new)
            )
        assert same(old, new), network
    file = source.folder / "checkpoints" / "step-0000003.pt"
    facts = report(folder)
    assert facts["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (facts["path"], facts["step"]) == (str(file), 3)
    assert facts["networks"]["generator"]["new"] == []
    assert facts["networks"]["generator"]["not_used"] == []


def test_the_generator_may_start_from_the_ema_generator_of_a_checkpoint(
    tiny: Arguments, source: ganzoo.TrainedRun
) -> None:
    file = source.folder / "checkpoints" / "step-0000003.pt"
    folder = start(tiny, file, settings={"train.init_from_ema": True})
    new = weights(folder)
    assert same(new, weights(source.folder, "generator_ema", 3))
    assert not same(new, weights(source.folder, step=3))
    assert report(folder)["path"] == str(file)


def test_the_generator_may_start_from_an_exported_one(
    tiny: Arguments, source: ganzoo.TrainedRun, tmp_path: Path
) -> None:
    file = tmp_path / "export.safetensors"
    ganzoo.export_generator(source, "safetensors", file)
    shutil.rmtree(source.folder)
    folder = start(tiny, file)
    old = ganzoo.load(file).generator.state_dict()
    assert same(dict(old), weights(folder))
    facts = report(folder)
    assert (facts["path"], facts["step"]) == (str(file), 3)
    assert facts["networks"]["generator"]["new"] == []
    assert facts["networks"]["generator_ema"]["new"] == []
    assert facts["networks"]["discriminator"]["taken"] == {}
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(RequestError, match=r"train.init_from: .* is damaged .* name another"):
        start(tiny, file, "refused")
    assert not (tmp_path / "refused").exists()


def test_another_resolution_takes_the_layers_that_fit(
    tiny: Arguments, source: ganzoo.TrainedRun, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = start(tiny, source.folder, resolution=32, quiet=False)
    generator = report(folder)["networks"]["generator"]
    assert generator["taken"]["layers.10.weight"] == "layers.7.weight"
    assert "layers.0.weight" in generator["new"]
    assert "layers.0.weight" in generator["not_used"]
    old, new = weights(source.folder, step=3), weights(folder)
    assert torch.equal(new["layers.10.weight"], old["layers.7.weight"])
    shown = capsys.readouterr().err
    assert "the weights start from" in shown
    assert "  discriminator" in shown


def test_classes_are_taken_by_their_names(tiny: Arguments, source: ganzoo.TrainedRun) -> None:
    folder = start(tiny, source.folder, settings={"data.classes": "7 petals,3 petals+4 petals"})
    old, new = (
        weights(source.folder, step=3)["conditioned.embed.weight"],
        weights(folder)["conditioned.embed.weight"],
    )
    assert torch.equal(new[0], old[4])
    assert not any(torch.equal(new[1], row) for row in old)
    assert report(folder)["networks"]["generator"]["converted"] == ["conditioned.embed.weight"]


@pytest.mark.parametrize(("before", "now"), [(1, 3), (3, 1)])
def test_gray_stays_gray(tiny: Arguments, before: int, now: int) -> None:
    plain = {"data.conditional": False}
    first = start(tiny, None, "a", settings={**plain, "data.channels": before})
    folder = start(tiny, first, "b", settings={**plain, "data.channels": now})
    old, new = weights(first, step=1)["layers.7.weight"], weights(folder)["layers.7.weight"]
    assert torch.allclose(new, old.mean(1, keepdim=True).expand_as(new) if before == 3 else old)
    name, key = "layers.1.weight", "networks.discriminator"
    old, new = weights(first, key, 1)[name], weights(folder, key)[name]
    # A gray image, with equal channels, has the same features.
    assert torch.allclose(new.sum(1), old.sum(1), atol=1e-6)


def test_a_resumed_run_is_exact_without_its_source(
    tiny: Arguments, source: ganzoo.TrainedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = {"settings": {"train.discriminator.freeze": 1}}
    straight = start(tiny, source.folder, "straight", steps=4, **more)
    halved = start(tiny, source.folder, "halved", steps=2, **more)
    with monkeypatch.context() as patch:
        patch.setattr(Stopping, "__call__", lambda self: True)
        unstarted = start(tiny, source.folder, "unstarted", steps=4, **more)
    shutil.rmtree(source.folder)
    ganzoo.resume(halved, steps=4, quiet=True)
    ganzoo.resume(unstarted, quiet=True)
    states = [Checkpoints(each / "checkpoints", 3).load() for each in (straight, halved, unstarted)]
    assert states[0]["step"] == 4
    assert same(states[0], states[1])
    assert same(states[0], states[2])
    assert "initialized_from" not in RunFolder(halved).sessions()[1]


def test_growing_networks_take_the_layers_of_the_same_stage(tiny: Arguments) -> None:
    plain = {"data.conditional": False}
    first = start(tiny, None, "a", architecture="progressive", resolution=8, settings=plain)
    folder = start(tiny, first, "b", architecture="progressive", resolution=16, settings=plain)
    for network in ("generator", "discriminator"):
        found = report(folder)["networks"][network]
        assert found["not_used"] == []
        assert all(name == source for name, source in found["taken"].items())
        assert all(name.startswith(("blocks.2", "image_layers.2")) for name in found["new"])


def test_what_cannot_be_taken_is_refused_before_anything_is_written(
    tiny: Arguments, source: ganzoo.TrainedRun, tmp_path: Path
) -> None:
    before = set(tmp_path.iterdir())
    with pytest.raises(RequestError, match=r"train.init_from: there is no run folder .*missing"):
        start(tiny, tmp_path / "missing")
    with pytest.raises(RequestError, match="no layer in common: use the same architecture"):
        start(tiny, source.folder, architecture="mlp")
    empty = RunFolder.create(tmp_path / "empty", {})
    with pytest.raises(
        RequestError, match=r"train.init_from: .* has no checkpoint .*; name another"
    ):
        start(tiny, empty.path)
    file = source.folder / "checkpoints" / "step-0000003.pt"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(RequestError, match=r"train.init_from: the checkpoint .* is damaged"):
        start(tiny, file)
    assert set(tmp_path.iterdir()) == before | {empty.path}
