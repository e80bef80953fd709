from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import ganzoo
from ganzoo import RequestError
from ganzoo.components import ExtractorSpec
from ganzoo.data.collection import Collection
from ganzoo.evaluation.evaluator import Evaluator
from ganzoo.evaluation.record import EvaluationResult, Score
from ganzoo.existing_runs import stored_settings
from ganzoo.folders import RunFolder
from ganzoo.observers.console import ProgressBar
from ganzoo.output.evaluating import evaluate
from ganzoo.run import Run
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.loop import Loop, Outcome
from ganzoo.training.stopping import Stopping
from ganzoo.training.store import store_of
from tests.sameness import same

Arguments = Callable[..., dict[str, Any]]

EVALUATED = {
    "evaluate.every": 2,
    "evaluate.metrics": "fd,moments",
    "evaluate.samples": 16,
    "extractor": "random",
}


def last_state(folder: Path) -> dict[str, Any]:
    state = Checkpoints(folder / "checkpoints", 3).load()
    state = {k: v for k, v in state["state"].items() if k != "running_means"}
    return state | {"progress": {**state["progress"], "rollback_step": 0}}


@pytest.mark.parametrize("architecture", ["dcgan", "growing-mlp"])
def test_an_evaluation_changes_no_weight_and_is_recorded(
    tiny: Arguments, architecture: str, capsys: pytest.CaptureFixture[str]
) -> None:
    growth = {"growth.fade_images": 16, "growth.stable_images": 16}
    grown = growth if architecture == "growing-mlp" else {}
    plain = ganzoo.train(**tiny("plain", architecture, steps=5, settings=grown)).folder
    settings = {**grown, **EVALUATED}
    arguments = tiny("measured", architecture, steps=5, settings=settings, quiet=False)
    measured = ganzoo.train(**arguments).folder
    assert same(last_state(plain), last_state(measured))
    found = EvaluationResult.read(measured / "evaluations.jsonl")
    assert [(each.step, each.samples, each.real) for each in found] == [
        *[(2, 16, 20), (4, 16, 20), (5, 16, 20)]
    ]
    assert {"fd", "moments/mean"} <= found[0].scores.keys()
    lines = map(json.loads, (measured / "metrics.jsonl").read_text().splitlines())
    shown = {line["step"]: line["metric/fd"] for line in lines if "metric/fd" in line}
    assert shown == {each.step: each.scores["fd"].value for each in found}
    assert "step 4, evaluated in" in capsys.readouterr().err


def test_generate_makes_the_evaluated_images(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    generated: list[torch.Tensor] = []
    original = Evaluator.__call__

    def record(self: Evaluator, images: Tensor, *arguments: Any) -> dict[str, Score]:
        generated.append(images)
        return original(self, images, *arguments)

    monkeypatch.setattr(Evaluator, "__call__", record)
    run = ganzoo.train(**tiny(seed=3, steps=2, settings=EVALUATED))
    assert torch.equal(generated[-1], run.generate(16, seed=3))


class Flat(ganzoo.Generator):
    """Generates images of one gray level per class, the same as the real ones."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, 1, generator=random)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        assert condition is not None
        gray = torch.tensor([200.0, 60.0])[condition] / 127.5 - 1
        return gray[:, None, None, None].expand(-1, 3, 8, 8)


@pytest.mark.parametrize("balance", [False, True])
def test_evaluated_classes_are_as_frequent_as_in_the_data(
    tiny: Arguments, tmp_path: Path, balance: bool
) -> None:
    for name, gray, count in (("bright", 200, 2), ("dark", 60, 38)):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(count):
            image = Image.new("RGB", (8, 8), (gray,) * 3)
            image.save(tmp_path / "images" / name / f"{number}.png")
    settings = {
        **EVALUATED,
        "data.conditional": True,
        "dataset.path": str(tmp_path / "images"),
        "data.channels": 3,
        "data.balance": balance,
        "evaluate.samples": 40,
    }
    trained = ganzoo.train(**tiny(dataset="image-folder", steps=1, settings=settings))
    data = Collection.of(store_of(trained.run, trained.run.dataset.build()))
    found = Evaluation(trained.run, data)(Flat(), trained.growth_point, 1, 8)
    assert found.scores["moments/mean"].value < 0.03  # 0.25 where both are equally frequent


def test_the_best_checkpoint_is_kept(tiny: Arguments, monkeypatch: pytest.MonkeyPatch) -> None:
    values = iter([5.0, 2.0, 4.0])
    scored = Evaluation.__call__

    def replace_value(self: Evaluation, *arguments: Any) -> Any:
        found = scored(self, *arguments)
        fd = found.scores["fd"]
        object.__setattr__(fd, "value", next(values))
        return found

    monkeypatch.setattr(Evaluation, "__call__", replace_value)
    settings = {**EVALUATED, "checkpoint.every": 100, "checkpoint.keep": 1}
    folder = ganzoo.train(**tiny(steps=6, settings=settings)).folder
    steps = [path.stem for path in Checkpoints(folder / "checkpoints", 1).paths()]
    assert steps == ["step-0000006", "step-0000004"]
    assert ganzoo.load(folder, "best").step == 4
    assert ganzoo.load(folder).step == 6
    assert ganzoo.load(folder, 4).step == 4
    with pytest.raises(
        ganzoo.RequestError, match="has no checkpoint 5: there are 6, 4; best exists"
    ):
        ganzoo.load(folder, 5)


def test_the_best_checkpoint_is_chosen_by_the_given_number(tiny: Arguments) -> None:
    settings = {**EVALUATED, "evaluate.best": "moments/mean"}
    folder = ganzoo.train(**tiny(steps=2, settings=settings)).folder
    best = folder / "checkpoints" / "best.json"
    assert json.loads(best.read_text())["number"] == "moments/mean"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"evaluate.best": "fid"}, r"no metric of the run has this value; did you mean fd\?"),
        ({"evaluate.best": "kid"}, "no metric of the run has this value; there are fd, moments"),
        ({"evaluate.best": "moments/means"}, "returns this number; did you mean moments/mean"),
        ({"evaluate.best": "moments/"}, "no metric returns this number; did you mean moments/"),
        (
            {"evaluate.metrics": "moments/mean"},
            "moments/mean is a value of the metric moments: write moments",
        ),
        ({"evaluate.metrics": "swd,fd"}, "swd cannot be computed for images of 4x4: .*metrics=fd$"),
        ({"extractor": "inception"}, "inception needs the weights"),
    ],
)
def test_metrics_that_cannot_work_are_refused_before_a_folder_is_created(
    tiny: Arguments, settings: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GANZOO_INCEPTION", raising=False)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: "nowhere")
    resolution = 4 if "swd" in str(settings) else 8
    arguments = tiny("run", "mlp", resolution=resolution, settings={**EVALUATED, **settings})
    with pytest.raises(ganzoo.RequestError, match=message):
        ganzoo.train(**arguments)
    assert not arguments["run_dir"].exists()


class Broken:
    """A metric that works for images of 8 x 8, and fails as given for others."""

    def __init__(self, error: Exception | float) -> None:
        self.error = error

    def __call__(
        self, real: ganzoo.ImageSet, fake: ganzoo.ImageSet
    ) -> dict[str, ganzoo.MetricValue]:
        if isinstance(self.error, Exception) and real.shape.height < 8:
            raise self.error
        value = 1.0 if real.shape.height == 8 else float("nan")
        return {"swd": ganzoo.MetricValue(value, len(fake))}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("too small"), "the metric swd: too small"),
        (KeyError("x"), "the metric swd: KeyError: 'x'"),
        (RuntimeError("broken"), "RuntimeError: broken"),
        (ZeroDivisionError("division by zero"), "division by zero"),
        (float("nan"), "the metric swd became nan"),
    ],
)
def test_a_metric_that_fails_at_a_stage_is_skipped_there_and_reported_once(
    tiny: Arguments,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception | float,
    reason: str,
) -> None:
    module = "ganzoo_image_metrics.wasserstein"
    monkeypatch.setattr(f"{module}.SlicedWasserstein", lambda options: Broken(error))
    growth = {"growth.fade_images": 16, "growth.stable_images": 48}
    settings = {**EVALUATED, **growth, "evaluate.metrics": "swd,moments", "evaluate.every": 1}
    settings["evaluate.best"] = "swd"
    arguments = tiny("run", "growing-mlp", steps=8, settings=settings, quiet=False)
    found = EvaluationResult.read(ganzoo.train(**arguments).folder / "evaluations.jsonl")
    shown = capsys.readouterr().err
    assert len(re.findall(f"swd skipped: .*{reason}", shown)) == 1
    assert shown.count("no metric returns evaluate.best=swd for images of 4 x 4") == 1
    sizes = {(each.image_shape[1], "swd" in each.scores) for each in found}
    assert sizes == {(4, False), (8, True)}
    assert all("moments/mean" in each.scores for each in found)


@pytest.mark.parametrize("kind", ["fails", "nan", "shape"])
def test_an_extractor_that_fails_does_not_end_the_run(
    tiny: Arguments,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
) -> None:
    monkeypatch.setattr(Evaluation, "check_metrics", lambda self: None)
    monkeypatch.setattr(
        "ganzoo_features.random_network.RandomNetwork._statistics", lambda self, x: bad(kind, x)
    )
    settings = {**EVALUATED, "evaluate.metrics": "fd,kid,moments"}
    folder = ganzoo.train(**tiny(steps=4, settings=settings, quiet=False)).folder
    found = EvaluationResult.read(folder / "evaluations.jsonl")
    assert [{name.partition("/")[0] for name in each.scores} for each in found] == [{"moments"}] * 2
    (line,) = [x for x in capsys.readouterr().err.splitlines() if "skipped" in x]
    assert re.search(
        r"fd, kid skipped: (the extractor random-1-|extractor features/random \()", line
    )
    with pytest.raises(ganzoo.PluginError, match="extractor"):
        list(evaluate(RunFolder.open(folder), resolved(folder)))


def bad(kind: str, images: torch.Tensor) -> torch.Tensor:
    if kind == "fails":
        raise RuntimeError("it broke")
    return torch.zeros(1, 2) if kind == "shape" else torch.full((len(images), 2), torch.nan)


def resolved(folder: Path) -> Run:
    return Run.resolve(stored_settings(folder), recommend=False)


def test_an_extractor_that_fails_is_refused_before_a_folder_is_created(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "ganzoo_features.random_network.RandomNetwork._statistics", lambda self, x: bad("nan", x)
    )
    arguments = tiny(settings=EVALUATED)
    with pytest.raises(ganzoo.RequestError, match="features that are not finite for 2 of 2 images"):
        ganzoo.train(**arguments)
    assert not arguments["run_dir"].exists()


@pytest.mark.parametrize(
    "broken",
    [
        "ganzoo.training.shared_blocks.SharedBlocks.compute",
        "ganzoo.training.evaluation.real_images",
        "ganzoo.training.sample_grids.SampleGrids.draw_samples",
        "ganzoo.training.sample_grids.SampleGrids.draw_real",
        "ganzoo_run_files.journal.Journal.on_evaluation_end",
        "ganzoo_tensorboard.event_files.TensorBoard.on_report",
    ],
)
def test_errors_in_evaluations_samples_and_observers_do_not_end_the_run(
    tiny: Arguments,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    broken: str,
) -> None:
    plain = ganzoo.train(**tiny("plain", steps=3)).folder

    def fail(*arguments: Any) -> None:
        raise RuntimeError("it broke")

    monkeypatch.setattr(broken, fail)
    run = ganzoo.train(**tiny("broken", steps=3, settings=EVALUATED, quiet=False))
    assert same(last_state(run.folder), last_state(plain))
    assert "RuntimeError: it broke" in capsys.readouterr().err


def test_a_metric_that_refuses_few_images_is_tried_with_the_full_number(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Needy(Broken):
        def __call__(self, real: ganzoo.ImageSet, fake: ganzoo.ImageSet) -> Any:
            if not len(fake) == len(torch.cat(list(fake.batches()))) == len(fake.features) >= 15:
                raise ValueError("too few")
            return super().__call__(real, fake)

    module = "ganzoo_image_metrics.wasserstein"
    monkeypatch.setattr(f"{module}.SlicedWasserstein", lambda options: Needy(1.0))
    settings = {**EVALUATED, "evaluate.metrics": "swd"}
    folder = ganzoo.train(**tiny(steps=2, settings=settings)).folder
    (found,) = EvaluationResult.read(folder / "evaluations.jsonl")
    assert (found.scores["swd"].value, found.scores["swd"].baseline) == (1.0, None)
    with pytest.raises(ganzoo.RequestError, match=r"swd cannot be computed .*: too few"):
        ganzoo.train(**tiny("few", settings={**settings, "evaluate.samples": 14}))


@pytest.mark.parametrize("steps", [5, 2])
def test_a_stop_during_an_evaluation_postpones_it_until_the_resume(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    straight = ganzoo.train(**tiny("straight", steps=steps, settings=EVALUATED)).folder
    outcomes: list[Outcome] = []
    train = Loop.train

    def record(self: Loop, stopping: Callable[[], bool]) -> Outcome:
        outcomes.append(train(self, stopping))
        return outcomes[-1]

    monkeypatch.setattr(Loop, "train", record)

    def stop(self: ProgressBar, what: str, done: int, total: int) -> None:
        if what == "generated images":
            Stopping.__call__ = lambda self: True  # type: ignore[method-assign]

    with monkeypatch.context() as patch:
        patch.setattr(Stopping, "__call__", Stopping.__call__)  # to be restored
        patch.setattr(ProgressBar, "on_evaluation_progress", stop)
        what = tiny("stopped", steps=steps, settings=EVALUATED, quiet=False)
        stopped = ganzoo.train(**what).folder
    assert last_state(stopped)["progress"]["step"] == 2
    assert EvaluationResult.read(stopped / "evaluations.jsonl") == []
    ganzoo.resume(stopped, quiet=True)
    assert outcomes == [Outcome.STOPPED, Outcome.FINISHED]
    assert scores(stopped) == scores(straight)
    assert same(last_state(stopped), last_state(straight))


def test_a_killed_and_resumed_run_records_each_evaluation_once(tiny: Arguments) -> None:
    straight = ganzoo.train(**tiny("straight", steps=6, settings=EVALUATED)).folder
    settings = {**EVALUATED, "checkpoint.every": 3}
    killed = ganzoo.train(**tiny("killed", steps=5, settings=settings)).folder
    for step in (4, 5):
        for file in (killed / "checkpoints").glob(f"step-000000{step}.*"):
            file.unlink()
    ganzoo.resume(killed, steps=6, quiet=True)
    assert scores(killed) == scores(straight)


def scores(folder: Path) -> list[tuple[int, dict[str, float]]]:
    found = EvaluationResult.read(folder / "evaluations.jsonl")
    return [(each.step, each.scalars) for each in found]


def test_an_unknown_metric_is_refused_before_a_folder_is_created(tiny: Arguments) -> None:
    arguments = tiny(settings={**EVALUATED, "evaluate.metrics": "fd,kidd"})
    with pytest.raises(ganzoo.RequestError, match=r"no metric called kidd; did you mean kid"):
        ganzoo.train(**arguments)
    assert not arguments["run_dir"].exists()


def test_the_automatically_chosen_extractor_is_reported_and_recorded(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {k: v for k, v in EVALUATED.items() if k != "extractor"}
    with monkeypatch.context() as patch:  # as if the packages of all other extractors were missing
        patch.setattr(ExtractorSpec, "is_available", property(lambda self: not self.packages))
        folder = ganzoo.train(**tiny(steps=2, settings=settings, quiet=False)).folder
    shown = capsys.readouterr().err
    assert "extractor=auto chose the extractor random; metrics with its features cannot" in shown
    assert " s, extractor random: fd" in shown
    monkeypatch.setattr(ExtractorSpec, "is_available", property(lambda self: True))
    chosen = resolved(folder).extractor
    assert chosen
    assert chosen.entry.component.name == "random"
    ganzoo.train(**tiny("named", steps=2, settings=EVALUATED, quiet=False))
    assert "auto" not in capsys.readouterr().err


def test_each_class_is_compared_with_the_images_that_were_asked_for_it(
    tiny: Arguments, tmp_path: Path
) -> None:
    settings = {"data.conditional": True, "evaluate.samples": 30, "extractor": "random"}
    run = ganzoo.train(**tiny(steps=1, settings=settings))
    chosen: dict[str, Any] = {
        "metrics": ["kid", "moments"],
        "extractor": "random",
        "samples": 30,
        "quiet": True,
    }
    result = ganzoo.evaluate(run, per_class=True, **chosen)
    assert result.scalars.items() >= ganzoo.evaluate(run, **chosen).scalars.items()
    assert run.frequencies
    labels = run.frequencies.sample(range(30), run.run.seed)
    data = Collection.of(store_of(run.run, run.run.dataset.build()))
    assert data.values is not None
    label = int(np.bincount(data.values).argmax())
    score = result.scores[f"class/{run.class_names[label]}/moments/mean"]
    assert score.images == (labels == label).sum()
    real = torch.from_numpy(data.store.take(np.flatnonzero(data.values == label)))
    fake = run.generate(30)[labels == label]
    means = real.double().mean((0, 1, 2)), fake.double().mean((0, 2, 3))
    expected = (means[0] - means[1]).square().mean().sqrt() / 255
    assert score.value == pytest.approx(float(expected), rel=1e-4)
    assert score.baseline is not None
    assert f"class/{run.class_names[label]}/kid" in result.scores


def test_metrics_of_each_class_need_a_conditional_run_with_classes(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(steps=1))
    with pytest.raises(RequestError, match=r"evaluate.per_class: the run is not conditional"):
        ganzoo.evaluate(run, per_class=True, quiet=True)
    settings = {"data.conditional": True, "dataset.condition": "vector"}
    values = ganzoo.train(**tiny("values", steps=1, settings=settings))
    with pytest.raises(RequestError, match=r"the images have 3 values .*, not classes"):
        ganzoo.evaluate(values, per_class=True, quiet=True)
