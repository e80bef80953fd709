"""Losses and weights that are not finite, full disks, and mode collapse."""

from __future__ import annotations

import errno
import itertools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.summary.writer.record_writer import RecordWriter
from torch import Tensor

import ganzoo
from ganzoo.data.batches import Batch, Batches
from ganzoo.existing_runs import stored_settings
from ganzoo.folders import RunFolder
from ganzoo.json_lines import JsonLinesFile
from ganzoo.ownership import LostOwnership
from ganzoo.run import Run
from ganzoo.shard import Shard
from ganzoo.training import checkpoint_file, session
from ganzoo.training.adversarial import Adversarial
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.finite_check import MAX_SKIPPED, FiniteCheck
from ganzoo.training.loop import Loop
from ganzoo.training.recovery import MAX_ROLLBACKS, Diverged
from ganzoo.training.setup import Setup
from ganzoo.training.step import TrainingStep

Arguments = Callable[..., dict[str, Any]]


def last_state(folder: Path) -> dict[str, Any]:
    return Checkpoints(folder / "checkpoints", 3).load()


def is_finite(state: dict[str, Any]) -> bool:
    states = [state["state"][f"networks.{name}"] for name in ("generator", "discriminator")]
    return all(w.isfinite().all() for each in states for w in each["weights"].values())


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_the_checkpoints(
    tiny: Arguments, inject_nan: Callable[..., None]
) -> None:
    inject_nan([3])
    arguments = tiny(steps=6, settings={"checkpoint.every": 1})
    with pytest.raises(Diverged, match=r"generator's update of step 4, adversarial is nan.*step 3"):
        ganzoo.train(**arguments)
    state = last_state(arguments["run_dir"])
    assert state["step"] == 3
    assert is_finite(state)


def test_an_update_that_is_only_checked_when_the_run_stops_is_reported_too(
    tiny: Arguments, inject_nan: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    create, train = FiniteCheck.__init__, Loop.train

    def in_groups(self: FiniteCheck, *arguments: Any) -> None:
        create(self, *arguments)
        self._immediate = False  # as with a GPU

    monkeypatch.setattr(FiniteCheck, "__init__", in_groups)
    monkeypatch.setattr(
        Loop, "train", lambda self, stopping: train(self, lambda: self.progress.step == 4)
    )
    inject_nan([2])
    arguments = tiny("run", "mlp", steps=50)
    with pytest.raises(Diverged, match=r"generator's update of step 3, adversarial is nan.*try"):
        ganzoo.train(**arguments)
    assert (arguments["run_dir"] / "nonfinite.json").exists()


def test_nonfinite_json_has_step_term_and_batch(
    tiny: Arguments, inject_nan: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    inject_nan([1])
    shown: list[list[int]] = []
    original = Batches.take

    def record(self: Batches, position: int, count: int, shard: Shard) -> Any:
        shown.append(self.order.at(position, count).tolist())
        return original(self, position, count, shard)

    monkeypatch.setattr(Batches, "take", record)
    arguments = tiny()
    with pytest.raises(Diverged):
        ganzoo.train(**arguments)
    report = json.loads((arguments["run_dir"] / "nonfinite.json").read_text())
    assert report == {
        "step": 2,
        "phase": "generator",
        "values": {"adversarial": "nan", "norm of the gradient": "nan"},
        "images": shown[-1],
        "seed": 0,
        "stream": 0,
    }


def test_a_gradient_that_is_not_finite_is_detected_although_the_loss_is_finite(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Adversarial.generator_terms

    def with_infinite_gradient(self: Adversarial, step: TrainingStep) -> dict[str, Tensor]:
        terms = dict(original(self, step))
        weight = next(step.networks["generator"].parameters())
        return terms | ({"root": (weight * 0).abs().sum().sqrt()} if step.number == 2 else {})

    monkeypatch.setattr(Adversarial, "generator_terms", with_infinite_gradient)
    arguments = tiny(settings={"checkpoint.every": 1})
    with pytest.raises(Diverged, match=r"of step 3, norm of the gradient is nan;.* of step 2"):
        ganzoo.train(**arguments)
    assert is_finite(last_state(arguments["run_dir"]))


def test_weights_that_are_not_finite_are_not_saved(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_infinite_weight(self: Adversarial, step: TrainingStep) -> None:
        if step.images_seen > 32:
            next(step.networks["discriminator"].parameters()).data[0] = torch.inf

    monkeypatch.setattr(Adversarial, "after_discriminator", with_infinite_weight)
    arguments = tiny(settings={"checkpoint.every": 1, "train.on_nonfinite": "skip"})
    with pytest.raises(Diverged, match=r"weights are no longer finite at step 3.* of step 2"):
        ganzoo.train(**arguments)
    assert is_finite(last_state(arguments["run_dir"]))


def test_an_update_that_is_not_finite_can_be_skipped(
    tiny: Arguments, inject_nan: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"train.on_nonfinite": "skip", "log.every": 4}
    inject_nan([1])
    folder = ganzoo.train(**tiny(steps=4, quiet=False, settings=settings)).folder
    state = last_state(folder)
    assert is_finite(state)
    assert state["state"]["optimizers"]["generator"]["optimizer"]["state"][0]["step"] == 3
    assert state["state"]["optimizers"]["discriminator"]["optimizer"]["state"][0]["step"] == 8
    (report,) = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    assert report["skipped/generator"] == 0.25
    assert report["skipped/discriminator"] == 0
    assert (
        "25.0% of the generator's updates since the last report were not finite"
        in capsys.readouterr().err
    )


def damage_an_image(setup: Setup) -> None:
    take = setup._take

    def damaged(position: int, count: int) -> Batch:
        setup._take = take
        batch = take(position, count)
        batch.images[0, 0, 0, 0] = torch.nan
        return batch

    setup._take = damaged


def damage_the_weights(setup: Setup) -> None:
    next(setup.generator.parameters()).data.view(-1)[0] = torch.nan


def damage_a_gradient(setup: Setup) -> None:
    weight = next(setup.generator.parameters())
    hook = weight.register_hook(lambda gradient: gradient * torch.nan)

    def once(weight: Tensor) -> None:
        hook.remove()
        itself.remove()

    itself = weight.register_post_accumulate_grad_hook(once)


def damage_the_latents(setup: Setup) -> None:
    generator = setup.generator
    draw = generator.sample_latents

    def damaged(n: int, random: torch.Generator) -> Tensor:
        generator.sample_latents = draw  # type: ignore[method-assign]
        return draw(n, random) * torch.nan

    generator.sample_latents = damaged  # type: ignore[method-assign]


DAMAGES = [damage_an_image, damage_the_weights, damage_a_gradient, damage_the_latents]


@pytest.mark.parametrize("policy", ["raise", "skip", "rollback"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_checkpoints_are_finite_wherever_a_number_is_not(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Setup], None], policy: str
) -> None:
    original = Adversarial.generator_terms

    def terms(self: Adversarial, step: TrainingStep) -> dict[str, Tensor]:
        if step.number == 2 and step._setup.randomness.stream == 0:
            damage(step._setup)
        return dict(original(self, step))

    monkeypatch.setattr(Adversarial, "generator_terms", terms)
    settings = {"checkpoint.every": 1, "train.on_nonfinite": policy, "train.discriminator.steps": 1}
    never_finite = policy == "skip" and damage is damage_the_weights
    steps = MAX_SKIPPED if never_finite else 5
    arguments = tiny(steps=steps, settings=settings)
    if policy == "raise" or never_finite:
        with pytest.raises(Diverged):
            ganzoo.train(**arguments)
    else:
        ganzoo.train(**arguments)
        assert last_state(arguments["run_dir"])["step"] == steps
    assert is_finite(last_state(arguments["run_dir"]))


def test_too_many_consecutive_skipped_updates_end_the_run_also_across_a_resume(
    tiny: Arguments, inject_nan: Callable[..., None]
) -> None:
    inject_nan(range(99))
    settings = {"train.on_nonfinite": "skip", "train.discriminator.steps": 1, "log.every": 5}
    limit = MAX_SKIPPED
    # The discriminator's finite updates are between the generator's skipped ones.
    ganzoo.train(**tiny("fine", steps=limit + 2, settings=settings))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Adversarial, "discriminator_terms", _bad_terms)
        run = ganzoo.train(**tiny("bad", steps=limit // 2, settings=settings))
        assert last_state(run.folder)["state"]["progress"]["skipped"] == limit
        with pytest.raises(Diverged):
            ganzoo.resume(run.folder, steps=limit // 2 + 1, quiet=True)
    assert is_finite(last_state(run.folder))


def _bad_terms(self: Adversarial, step: TrainingStep) -> dict[str, Tensor]:
    terms = _DISCRIMINATOR_TERMS(self, step)
    return {name: term * torch.nan for name, term in terms.items()}


_DISCRIMINATOR_TERMS = Adversarial.discriminator_terms


def test_a_process_that_lost_its_run_does_not_roll_back_or_write(
    tiny: Arguments, inject_nan: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Adversarial.discriminator_terms

    def with_lost_ownership(self: Adversarial, step: TrainingStep) -> dict[str, Tensor]:
        if step.number == 8:
            (folder / "owner.json").write_text('{"host": "elsewhere", "token": "another"}')
            (folder / "metrics.jsonl").write_text('{"step": 5000}\n')
            (folder / "checkpoints" / "step-0005000.pt").write_bytes(b"of another process")
        return dict(original(self, step))

    inject_nan([4])
    monkeypatch.setattr(Adversarial, "discriminator_terms", with_lost_ownership)
    settings = {"train.on_nonfinite": "rollback", "checkpoint.every": 2}
    arguments = tiny(steps=9, settings=settings)
    folder = arguments["run_dir"]
    with pytest.raises(LostOwnership):
        ganzoo.train(**arguments)
    assert (folder / "metrics.jsonl").read_text() == '{"step": 5000}\n'
    assert (folder / "checkpoints" / "step-0005000.pt").read_bytes() == b"of another process"
    assert not (folder / "nonfinite.json").exists()


def test_rollback_can_be_switched_on_at_a_resume(
    tiny: Arguments, inject_nan: Callable[..., None]
) -> None:
    settings = {"checkpoint.every": 2, "checkpoint.keep": 1}
    folder = ganzoo.train(**tiny(steps=3, settings=settings)).folder
    inject_nan([4], streams=[0])
    run = stored_settings(folder)
    run.override(["train.on_nonfinite=rollback", "checkpoint.every=1000", "train.steps=6"])
    session.resume(Run.resolve(run, recommend=False), RunFolder(folder))
    assert last_state(folder)["step"] == 6


def test_the_run_ends_after_too_many_rollbacks(
    tiny: Arguments, inject_nan: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    inject_nan([1])
    arguments = tiny(quiet=False, settings={"train.on_nonfinite": "rollback"})
    with pytest.raises(Diverged, match="the newest checkpoint is of step 0"):
        ganzoo.train(**arguments)
    assert capsys.readouterr().err.count("training resumes from step 0 with other") == MAX_ROLLBACKS
    assert last_state(arguments["run_dir"])["step"] == 0


def test_a_much_too_high_learning_rate_gives_an_error_in_one_line(
    tiny: Arguments, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = tiny(steps=500, settings={"train.generator.lr": 1e38}, quiet=False)
    with pytest.raises(Diverged, match=r"try lower train\.generator\.lr"):
        ganzoo.train(**arguments)
    assert capsys.readouterr().err.count("nan") < 3


def make_disk_full(monkeypatch: pytest.MonkeyPatch, *times: int) -> None:
    """Make these saves of checkpoints, counted from 0, fail on a full disk."""
    attempts = iter(range(99))
    original = checkpoint_file._require_disk_space

    def refuse(folder: Path, state: dict[str, Any]) -> None:
        if next(attempts) in times:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(folder, state)

    monkeypatch.setattr(checkpoint_file, "_require_disk_space", refuse)


def test_a_full_disk_gives_a_warning_and_the_next_checkpoint_is_saved(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_disk_full(monkeypatch, 1)
    folder = ganzoo.train(**tiny(quiet=False, settings={"checkpoint.every": 1})).folder
    assert [path.stem for path in sorted((folder / "checkpoints").glob("*.pt"))] == [
        "step-0000001",
        "step-0000003",
    ]
    shown = capsys.readouterr().err
    assert "step-0000002.pt: No space left on device; the newest checkpoint is of step 1" in shown


def test_a_run_fails_if_its_last_checkpoint_cannot_be_written(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_disk_full(monkeypatch, 2, 3)
    arguments = tiny(settings={"checkpoint.every": 1})
    with pytest.raises(OSError, match=r"step-0000003.pt: No space.*checkpoint is of step 2"):
        ganzoo.train(**arguments)
    assert last_state(arguments["run_dir"])["step"] == 2
    ganzoo.resume(arguments["run_dir"], quiet=True)
    assert last_state(arguments["run_dir"])["step"] == 3


def test_reports_that_a_full_disk_refuses_are_written_later(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refusals = iter([True, True])

    class RefusingFile:
        def __init__(self, file: Any) -> None:
            self._file = file

        def flush(self) -> None:
            if next(refusals, False):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._file.flush()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

    opened = JsonLinesFile._open
    monkeypatch.setattr(JsonLinesFile, "_open", lambda self: RefusingFile(opened(self)))
    folder = ganzoo.train(**tiny(quiet=False, settings={"log.every": 1})).folder
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3]
    refused = "observer run-files/journal cannot write: [Errno 28] No space left"
    assert capsys.readouterr().err.count(refused) == 1


def test_an_error_of_tensorboard_does_not_end_the_run(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    writes, write = itertools.count(), RecordWriter.write

    def refuse(self: RecordWriter, record: bytes) -> None:
        if next(writes) != 6:
            write(self, record)
            return
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(RecordWriter, "write", refuse)
    settings = {"log.every": 1, "checkpoint.every": 1}  # a checkpoint makes TensorBoard try again
    folder = ganzoo.train(**tiny(quiet=False, settings=settings)).folder
    assert last_state(folder)["step"] == 3
    assert capsys.readouterr().err.count("observer tensorboard/tensorboard cannot write: ") == 1
    board = EventAccumulator(str(folder))
    board.Reload()
    assert [event.step for event in board.Scalars("loss/generator")][-1] == 3


def test_mode_collapse_is_reported_once(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ratios = iter([0.5, 0.5, 0.01, 0.01])
    monkeypatch.setattr(
        "ganzoo.training.sample_grids.SampleGrids.draw_samples", lambda self: next(ratios, 0.01)
    )
    settings = {"sample.every": 1, "log.every": 1}
    folder = ganzoo.train(**tiny(steps=5, quiet=False, settings=settings)).folder
    assert capsys.readouterr().err.count("the generator may have collapsed") == 1
    board = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    board.Reload()
    assert "warnings/text_summary" in board.Tags()["tensors"]
    last = (folder / "metrics.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["samples/diversity"] == pytest.approx(0.01)
