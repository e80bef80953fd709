"""The settings of a run that a report shows as changed."""

from __future__ import annotations

from ganzoo.output.report.differences import changed_settings
from ganzoo.run import Run
from ganzoo.settings import Settings


def changed(*assignments: str) -> dict[str, tuple[str, str]]:
    settings = Settings()
    settings.override(["dataset=blossoms", "architecture=dcgan", "loss=hinge", *assignments])
    return {
        each.key: (each.value, each.default) for each in changed_settings(Run.resolve(settings))
    }


def test_values_that_were_given_are_changed() -> None:
    given = ("augment.flip.probability=1", "train.generator.lr=1e-3 -> 0 cosine")
    assert changed(*given) == {
        "augment.flip.probability": ("1.0", "0.5"),
        "train.generator.lr": ("1e-3 -> 0 cosine", "0.0002"),
    }


def test_metrics_that_were_chosen_automatically_are_no_change() -> None:
    assert changed("evaluate.every=5") == {"evaluate.every": ("5", "–")}
    named = changed("evaluate.every=5", "evaluate.metrics=kid")
    assert named["evaluate.metrics"][0] == "kid"


def test_a_recommended_regularizer_that_was_removed_is_a_change() -> None:
    removed = changed("architecture=stylegan2", "regularize.path-length=false")
    assert removed == {"regularize.path-length": ("false", "true")}
