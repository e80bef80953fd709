from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ganzoo import RequestError
from ganzoo.registry import Registry
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.sweeps.comparable import AT_THE_END
from ganzoo.sweeps.search import Search
from ganzoo.sweeps.search_plan import plan

pytest.importorskip("optuna")

RESOLVE = partial(Run.resolve, registry=Registry.discover())
LR = {"train.generator.lr": ["1e-5..1e-2"]}


def planned(lists: dict[str, list[str]], sampler: Any = "tpe", **more: Any) -> Search:
    settings = Settings()
    names = {"dataset": "blossoms", "architecture": "mlp", "loss": "hinge"}
    names = {kind: name for kind, name in names.items() if kind not in lists}
    settings.add({**names, **more}, "here")
    return plan(settings, lists, RESOLVE, sampler, 20)[0]


def test_a_search_without_an_evaluation_is_evaluated_at_the_end_by_one_metric() -> None:
    search = planned(LR, seed=7)
    chosen = {k: v for k, v in search.settings.items() if k.startswith("evaluate")}
    assert chosen == {
        "evaluate.every": AT_THE_END,
        "evaluate.best": "kid",
        "evaluate.metrics": ["kid"],
    }
    assert (search.metric, search.goal, search.maximizes, search.seed) == ("kid", "low", False, 7)


def test_an_evaluation_of_the_user_is_kept() -> None:
    search = planned(
        LR,
        **{"evaluate.every": 5},
        **{"evaluate.best": "prdc/recall", "evaluate.metrics": "kid,prdc"},
    )
    assert search.settings["evaluate.every"] == 5
    assert search.settings["evaluate.metrics"] == ["kid", "prdc"]
    assert (search.metric, search.maximizes) == ("prdc/recall", True)


def test_each_run_gets_the_recommendations_of_its_own_components() -> None:
    search = planned({"loss": ["hinge", "wgan-gp"], **LR})
    runs = [
        RESOLVE(search.settings_with({"loss": loss, "train.generator.lr": 1e-3}))
        for loss in ("hinge", "wgan-gp")
    ]
    assert [run.train.generator.lr for run in runs] == [1e-3, 1e-3]
    assert runs[0].train.discriminator.steps == 1
    assert runs[1].train.discriminator.steps == 5


def test_paths_and_plugins_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    search = planned(LR, **{"dataset": "image-folder", "dataset.path": "images"})
    assert search.settings["dataset.path"] == str(tmp_path / "images")


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ({"train.generator.lr": ["-1..1e-2"]}, "lr=-1.0: input should be greater than or equal"),
        ({"train.discriminator.steps": ["1..2000"]}, "should be less than or equal to 1000"),
        ({"architecture.widht": ["4..8"]}, "no setting architecture.widht; did you mean"),
        ({"train.generator.optimizer": ["1..2"]}, "optimizer=1..2: input should be 'adam'"),
        ({"loss": ["hinge", "hing"]}, "no loss called hing"),
        ({"loss": ["hinge", "wgan"], "loss.clip": ["1..9"]}, "no setting loss.clip"),
        ({"data.resolution": ["8", "16"]}, "which needs the same images"),
        ({"dataset.count": ["8..64"]}, "which needs the same images"),
        ({"evaluate.samples": ["8..64"]}, "which needs the same images"),
        ({}, "--search tpe: write a range"),
    ],
)
def test_a_wrong_space_is_refused(lists: dict[str, list[str]], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        planned(lists)


@pytest.mark.parametrize(
    ("sampler", "message"),
    [("tpee", "no sampler called tpee; did you mean tpe"), ("grid", "leave out --search")],
)
def test_an_unknown_sampler_is_refused(sampler: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        planned(LR, sampler)


def test_a_search_is_read_as_written() -> None:
    search = planned({"loss": ["hinge", "lsgan"], **LR})
    assert Search.of(search.as_dict()) == search
