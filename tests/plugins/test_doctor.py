"""The checks of ``ganzoo doctor`` on recorded histories, its command, and its warnings."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

import ganzoo
from ganzoo import ObservedRun, Options, RunFolder, Score
from ganzoo.cli import app
from ganzoo.existing_runs import stored_settings
from ganzoo.run import Run
from ganzoo_doctor.checks import examine
from ganzoo_doctor.history import History
from ganzoo_doctor.images import collapse
from ganzoo_doctor.limits import learning_rate_at_zero, waiting_for_data
from ganzoo_doctor.penalties import penalty_too_strong, penalty_too_weak
from ganzoo_doctor.stability import diverging, getting_worse
from ganzoo_doctor.trend import improvement, longer, too_short
from ganzoo_doctor.warnings import Warnings
from tests.doctor.recorded import HISTORIES, load
from tests.doctor.runs import RUNS
from tests.evaluations import evaluated

RECORDED = sorted(file.stem for file in HISTORIES.glob("*.json"))


def faults(history: History) -> list[str]:
    return [finding.name for finding in examine(history) if finding.kind == "fault"]


def reports(**values: list[float]) -> History:
    """A history whose reports have these numbers; ``loss__generator`` is loss/generator."""
    names = [name.replace("__", "/") for name in values]
    rows = zip(*values.values(), strict=True)
    lines: list[Mapping[str, float]] = [
        {"step": n, "images_seen": 1000 * n, **dict(zip(names, row, strict=True))}
        for n, row in enumerate(rows, 1)
    ]
    return History({}, lines)


def measured(values: list[float]) -> History:
    """A history with these values of kid."""
    scores = [Score(value, 8, 0.0, 8, "low", True) for value in values]
    found = [evaluated(n, {"kid": score}) for n, score in enumerate(scores, 1)]
    return History({"evaluate": {"best": "kid", "every": 1}, "train": {"steps": 10}}, [], found)


def store(history: History, folder: Path) -> RunFolder:
    """Write a history as the files of a run folder."""
    stored = RunFolder.create(folder, history.settings)
    stored.metrics.write_text("".join(f"{json.dumps(each)}\n" for each in history.reports))
    stored.evaluations.write_text("".join(f"{each.line()}\n" for each in history.evaluations))
    return stored


def test_every_run_is_recorded() -> None:
    assert sorted(RUNS) == RECORDED


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_run_has_its_fault_and_a_healthy_one_none(name: str) -> None:
    found = faults(load(name))
    assert RUNS[name].fault in found if RUNS[name].fault else not found


@pytest.mark.parametrize("name", [name for name in RECORDED if RUNS[name].trend])
def test_a_recorded_run_has_its_trend(name: str) -> None:
    assert RUNS[name].trend in [finding.name for finding in examine(load(name))]


@pytest.mark.parametrize("name", [name for name in RECORDED if not RUNS[name].fault])
def test_a_healthy_run_has_no_fault_at_any_report(name: str) -> None:
    whole = load(name)
    for number, report in enumerate(whole.reports, 1):
        evaluations = [each for each in whole.evaluations if each.step <= report["step"]]
        assert not faults(History(whole.settings, whole.reports[:number], evaluations))


@pytest.mark.parametrize("name", RECORDED)
def test_the_run_accepts_each_setting_that_is_suggested(name: str, tmp_path: Path) -> None:
    history = load(name)
    history.settings = dict(history.settings)
    if "python/" in history.settings["dataset"]["name"]:  # an object, which is not installed
        history.settings["dataset"] = {"name": "blossoms"}
    folder = store(history, tmp_path / "run").path
    for finding in examine(history):
        words = shlex.split(finding.command(folder))
        if words and words[1] == "train":
            done = CliRunner().invoke(app, [*words[1:], "--dry-run"], catch_exceptions=False)
            assert done.exit_code == 0, done.output
            assert finding.change.partition("=")[0] in done.output
        elif words:
            settings = stored_settings(folder)
            settings.override(words[3:])
            Run.resolve(settings, recommend=False)


def test_a_collapse_at_the_start_is_a_fault_only_after_the_warmup() -> None:
    assert collapse(reports(samples__diversity=[0.0] * 60)) is None
    assert collapse(reports(samples__diversity=[0.0] * 101)) is not None
    assert collapse(reports(samples__diversity=[0.5, 0.9, 0.05, 0.05])) is not None
    assert collapse(reports(samples__diversity=[0.5, 0.05, 0.05, 0.9])) is None


def test_samples_that_look_the_same_once_and_recover_are_not_warned_of(tmp_path: Path) -> None:
    diversities = [0.9, 0.05, 0.4, 0.05, 0.05]
    history = reports(samples__diversity=diversities)
    found = warnings_of(history, RunFolder.create(tmp_path / "run", {}))
    assert [step for step, _ in found] == [5]


def test_a_number_that_is_not_finite_at_the_end_is_a_divergence(tmp_path: Path) -> None:
    folder = store(reports(loss__generator=[1.0, 1.0]), tmp_path / "run")
    folder.nonfinite.write_text('{"step": 1}')  # the run went on after it
    assert diverging(History.read(folder, {})) is None
    folder.nonfinite.write_text('{"step": 2}')
    assert diverging(History.read(folder, {}))


def test_a_divergence_before_the_first_report_of_a_schedule_is_found() -> None:
    rates = {"generator": {"lr": "2e-4 -> 0 cosine"}, "discriminator": {"lr": 1e-4}}
    found = diverging(History({"train": rates}, nonfinite=True))
    assert found
    assert found.change == "train.discriminator.lr=1e-05"


def test_a_divergence_of_an_earlier_start_is_no_fault_of_a_resumed_run(tmp_path: Path) -> None:
    history = reports(loss__generator=[1.0, 1.0])
    folder = store(history, tmp_path / "run")
    folder.nonfinite.write_text('{"step": 2}')
    run = ObservedRun(folder=folder, step=2, resumed=True, settings={}, warn=pytest.fail)
    Warnings(Options(), run=run).on_report(2, {"images_seen": 2500, "loss/generator": 1.0})


def test_a_metric_that_gets_worse_after_its_best_value_is_a_fault() -> None:
    found = getting_worse(measured([1, 0.5, 0.2, 0.5, 0.6, 0.7]))
    assert found
    assert found.change == "train.images=24"
    assert improvement(measured([1, 0.5, 0.2, 0.5, 0.6, 0.7])) is None
    assert getting_worse(measured([1, 0.5, 0.2, 0.21, 0.25, 0.22])) is None
    assert getting_worse(measured([1, 0.5, 0.2, 0.6, 0.7])) is None
    from_the_first_on = getting_worse(measured([0.4, 0.5, 0.8, 0.9]))
    assert from_the_first_on
    assert not from_the_first_on.change


def test_chance_around_a_value_that_was_good_from_the_beginning_is_no_fault() -> None:
    assert getting_worse(measured([12, 11.5, 11.8, 11.9, 11.7])) is None
    assert getting_worse(measured([12, 11.5, 13, 13, 13]))


def test_the_trend_has_the_slope_of_the_metric() -> None:
    found = improvement(measured([6, 5, 4, 3, 2, 1]))
    assert found
    assert (found.name, found.kind) == ("still improving", "trend")
    assert found.numbers["change per 100,000 images"] == pytest.approx(-1 / 8 * 100_000)
    level = improvement(measured([6, 1, 1, 1, 1, 1]))
    assert level
    assert (level.name, level.change) == ("plateau", "evaluate.patience=5")
    by_command = measured([6, 1, 1, 1, 1, 1])  # of `ganzoo evaluate`; patience would be refused
    by_command.settings = {"evaluate": {"best": "kid"}}
    found = improvement(by_command)
    assert found
    assert (found.name, found.change) == ("plateau", "")
    assert improvement(measured([6, 5, 4])) is None


def penalized(weight: dict[str, float], **numbers: float) -> History:
    """A history with these numbers in each report, of a run with the regularizer ``r1``."""
    history = reports(**{name: [value] * 12 for name, value in numbers.items()})
    history.settings = {"regularize": {"p": {"name": "plugin/r1", **weight}, "removed": False}}
    return history


PLACES = [
    ("discriminator__r1", "discriminator__b__r1"),  # both in every step
    ("p__r1", "discriminator__r1"),
    ("discriminator__r1", "b__r1"),
    ("p__r1", "b__r1"),
]
STRONG = {"p__gradient_norm": 0.5, "scores__real": 1.0, "scores__fake": 0.0}


def test_a_penalty_that_outweighs_the_rest_of_the_loss_is_too_strong() -> None:
    found = penalty_too_strong(
        penalized({"gamma": 40}, discriminator__r1=4.0, loss__discriminator=6.0, **STRONG)
    )
    assert found
    assert found.change == "regularize.p.gamma=4"
    assert found.numbers["the rest of the loss"] == 2
    with_default = {"discriminator__r1": 4.0, "loss__discriminator": 6.0, **STRONG}
    found = penalty_too_strong(penalized({}, **with_default))
    assert found
    assert not found.change
    assert not penalty_too_strong(penalized({"gamma": 40}, **with_default | {"scores__real": 3.0}))


def test_a_penalty_that_is_not_used_in_every_step_is_no_part_of_the_loss() -> None:
    numbers = {"loss__p": 4.0, "p__r1": 4.0, **STRONG}
    assert penalty_too_strong(penalized({"gamma": 40}, loss__discriminator=2.0, **numbers))
    assert not penalty_too_strong(penalized({"gamma": 40}, loss__discriminator=3.0, **numbers))


def test_a_penalty_of_a_discriminator_that_has_learned_nothing_is_not_too_strong() -> None:
    to_0 = {"discriminator__r1": 10.0, "loss__discriminator": 10.0, **STRONG}
    to_1 = {**to_0, "p__gradient_target": 1.0}
    assert not penalty_too_strong(penalized({"weight": 10}, **to_1))
    assert penalty_too_strong(penalized({"weight": 100}, **to_1))
    assert not penalty_too_strong(penalized({"weight": 1}, **to_0 | {"p__gradient_target": 3.0}))
    # One that pulls to 0 is small then, whatever its weight is.
    assert penalty_too_strong(penalized({"weight": 10}, **to_0))


def test_a_penalty_that_was_removed_is_not_too_strong() -> None:
    history = penalized({}, discriminator__r1=4.0, loss__discriminator=6.0, **STRONG)
    assert penalty_too_strong(history)
    for number, report in enumerate(history.reports[-4:], 8):
        removed = ("p/gradient_norm", "discriminator/r1")
        history.reports[number] = {n: v for n, v in report.items() if n not in removed}
    assert not penalty_too_strong(history)


@pytest.mark.parametrize(("of_p", "of_b"), PLACES)
def test_each_of_two_penalties_of_one_name_is_judged_by_its_own_numbers(
    of_p: str, of_b: str
) -> None:
    norms = {"p__gradient_norm": 0.5, "b__gradient_norm": 14.0, "b__gradient_target": 1.0}
    numbers = {of_p: 0.1, of_b: 10.0, "loss__discriminator": 6.0, **STRONG, **norms}
    history = penalized({"gamma": 1}, **numbers)
    history.settings["regularize"]["b"] = {"name": "plugin/r1", "weight": 0.1}
    found = penalty_too_weak(history)
    assert found
    assert found.change == "regularize.b.weight=1"
    assert found.numbers["b/gradient_norm"] == 14
    assert found.numbers[of_b.replace("__", "/")] == 10
    history.settings["regularize"]["b"]["weight"] = 40.0
    found = penalty_too_strong(history)
    assert found
    assert found.change == "regularize.b.weight=4"


def test_a_penalty_that_is_too_strong_explains_a_weak_discriminator() -> None:
    numbers = {"discriminator__r1": 10.0, "loss__discriminator": 12.0, "balance__separation": 0.0}
    assert faults(penalized({"gamma": 400}, **numbers, **STRONG)) == ["penalty too strong"]
    numbers["p__gradient_target"] = 1
    assert faults(penalized({"weight": 1}, **numbers, **STRONG)) == ["discriminator too weak"]


def test_a_norm_that_is_not_pulled_to_1_is_a_fault_of_a_weak_penalty() -> None:
    numbers = {"discriminator__r1": 16.0, "p__gradient_norm": 14.0}
    found = penalty_too_weak(penalized({"weight": 0.1}, **numbers, p__gradient_target=1.0))
    assert found
    assert found.change == "regularize.p.weight=1"
    assert penalty_too_weak(penalized({"weight": 0.1}, **numbers, p__gradient_target=3.0)) is None
    assert penalty_too_weak(penalized({"weight": 0.1}, **numbers)) is None
    only_norm = {"p__gradient_norm": 14.0, "p__gradient_target": 1.0}
    assert penalty_too_weak(penalized({"weight": 0.1}, **only_norm)) is None


def test_a_schedule_that_has_ended_at_zero_is_a_fault() -> None:
    history = reports(loss__generator=[1.0] * 12)
    key = "schedule/train.generator.lr"
    rates = [0.0, 2e-4, *[0.0] * 10]  # it begins with a warm-up
    for index, rate in enumerate(rates):
        history.reports[index] = {**history.reports[index], key: rate}
    found = learning_rate_at_zero(history)
    assert found
    assert (found.change, found.resumes) == ("train.generator.lr=0.0002", True)
    history.reports[-1] = {**history.reports[-1], key: 1e-5}
    assert learning_rate_at_zero(history) is None


def test_one_phase_that_shares_its_images_gets_no_more_updates() -> None:
    history = reports(waiting__data=[0.9] * 12, speed__images_per_second=[1.0] * 12)
    history.settings = {"train": {"generator": {"steps": 1}}}
    found = waiting_for_data(history)
    assert found
    assert found.change == "train.generator.steps=2"
    history.settings = {"train": {"generator": {"steps": 1}, "share_fakes": True}}
    found = waiting_for_data(history)
    assert found
    assert not found.change


def test_few_reports_or_images_are_too_short() -> None:
    few = reports(loss__generator=[1.0] * 5)
    few.settings = {"train": {"steps": 10}}
    found = too_short(few)
    assert found
    assert (found.change, "log.every" in found.sentence) == ("", True)
    few.forget_after(1)
    found = too_short(few)
    assert found
    assert (found.change, "log.every" in found.sentence) == ("train.steps=100", False)
    assert too_short(reports(loss__generator=[1.0] * 20)) is None


@pytest.mark.parametrize("length", [{"steps": 10}, {"images": 10}, {"epochs": 10}])
def test_a_longer_run_has_more_of_what_its_length_is_set_in(length: dict[str, int]) -> None:
    (key,) = length
    assert longer(History({"train": length}), 2) == f"train.{key}=20"


def test_a_schedule_is_scaled_from_its_present_value() -> None:
    settings = {"train": {"discriminator": {"lr": "2e-4 -> 0 cosine"}}}
    history = History(settings, [{"schedule/train.discriminator.lr": 1e-4}])
    assert history.scaled("train.discriminator.lr", 0.1) == "train.discriminator.lr=1e-05"


def command(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["doctor", *map(str, words)])
    return done.exit_code, done.stdout


def test_the_command_prints_faults_with_numbers_and_a_command(tmp_path: Path) -> None:
    folder = store(load("collapse"), tmp_path / "run").path
    status, out = command(folder)
    lines = out.splitlines()
    assert status == 0
    assert lines[0].startswith("fault: collapse: the samples have ")
    assert lines[1].startswith("  samples/diversity 0.")
    assert lines[2] == f"  try: ganzoo train {folder}/run.toml train.generator.steps=1"
    assert "nothing found" not in out


def test_the_command_says_that_a_healthy_run_has_no_fault(tmp_path: Path) -> None:
    status, out = command(store(load("healthy-dcgan"), tmp_path / "run").path)
    assert status == 0
    assert out.splitlines()[0] == "nothing found"
    assert all(not line.startswith("fault") for line in out.splitlines())


def test_the_command_prints_json(tmp_path: Path) -> None:
    folder = store(load("collapse"), tmp_path / "run").path
    status, out = command(folder, "--json")
    found = json.loads(out)
    assert (status, found["run"]) == (0, str(folder))
    first = found["findings"][0]
    assert set(first) == {"name", "kind", "sentence", "numbers", "change", "command"}
    assert (first["name"], first["kind"]) == ("collapse", "fault")


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ganzoo.RequestError, match="is not a run folder"):
        CliRunner().invoke(app, ["doctor", str(tmp_path)], catch_exceptions=False)


def warnings_of(history: History, folder: RunFolder, first: int = 0) -> list[tuple[int, str]]:
    """The warnings while the reports from number ``first`` on arrive, and their steps."""
    warned: list[str] = []
    start = int(history.reports[first - 1]["step"]) if first else 0
    settings = history.settings
    run = ObservedRun(
        folder=folder, step=start, resumed=first > 0, settings=settings, warn=warned.append
    )
    observer = Warnings(Options(), run=run)
    found: list[tuple[int, str]] = []
    for each in history.reports[first:]:
        step = int(each["step"])
        observer.on_report(step, {name: value for name, value in each.items() if name != "step"})
        found += [(step, message) for message in warned]
        warned.clear()
    return found


def test_each_fault_is_warned_of_once_and_at_the_same_step_after_a_resume(tmp_path: Path) -> None:
    history = load("collapse")
    folder = store(history, tmp_path / "run")
    whole = warnings_of(history, folder)
    messages = [message for _, message in whole]
    assert sum("may have collapsed; try `ganzoo train" in message for message in messages) == 1
    assert len(set(messages)) == len(messages)
    before = sum(each["step"] < whole[0][0] for each in history.reports)
    assert before
    assert warnings_of(history, folder, before) == whole


def test_a_rollback_forgets_later_reports(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", {})
    warned: list[str] = []
    run = ObservedRun(folder=folder, step=0, resumed=False, settings={}, warn=warned.append)
    observer = Warnings(Options(), run=run)
    observer.on_report(1, {"images_seen": 8, "samples/diversity": 0.9})
    observer.on_rollback(0)
    observer.on_report(1, {"images_seen": 8, "samples/diversity": 0.01})
    observer.on_report(2, {"images_seen": 16, "samples/diversity": 0.01})
    assert not warned
    observer.on_report(3, {"images_seen": 24, "samples/diversity": 0.9})
    observer.on_report(4, {"images_seen": 32, "samples/diversity": 0.01})
    observer.on_report(5, {"images_seen": 40, "samples/diversity": 0.01})
    assert len(warned) == 1
