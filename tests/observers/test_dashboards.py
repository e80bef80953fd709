from __future__ import annotations

import re

import pytest
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout
from tensorboard.plugins.hparams.metadata import parse_session_start_info_plugin_data

from ganzoo.observers.dashboards import BASELINE, hyperparameters, layout, tag


def varied(reported: Summary) -> dict[str, float | str]:
    (value,) = reported.value
    start = parse_session_start_info_plugin_data(value.metadata.plugin_data.content)
    kinds = {name: v.WhichOneof("kind") for name, v in start.hparams.items()}
    return {name: getattr(start.hparams[name], kind) for name, kind in kinds.items()}


def charts(reported: Summary) -> dict[str, str]:
    found = Layout.FromString(reported.value[0].tensor.string_val[0])
    every = [chart for section in found.category for chart in section.chart]
    return {chart.title: chart.multiline.tag[0] for chart in every}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("loss/generator", "loss/generator"),
        ("generator/adversarial", "loss/generator/adversarial"),
        ("discriminator/gradient_penalty", "loss/discriminator/gradient_penalty"),
        ("growth/fade", "progress/fade"),
        ("images_seen", "progress/images_seen"),
        ("metric/swd/32", "metric/swd/32"),
    ],
)
def test_every_number_has_a_section(name: str, shown: str) -> None:
    assert tag(name) == shown


def test_hyperparameters_are_the_settings_that_affect_training() -> None:
    settings = {
        "seed": 3,
        "loss": {"name": "a/hinge"},
        "train": {"steps": 9, "generator": {"betas": [0, 0.9], "lr": 1e-4}, "channels_last": True},
        "log": {"every": 5},
        "extractor": {"name": "b/random"},
    }
    assert varied(hyperparameters(settings)) == {
        "seed": 3,
        "loss": "a/hinge",
        "train.generator.betas": "[0, 0.9]",
        "train.generator.lr": 1e-4,
        "train.channels_last": "true",
    }


def test_unreadable_settings_give_no_hyperparameters() -> None:
    assert varied(hyperparameters({})) == {}


def test_a_metric_and_its_baseline_share_a_chart() -> None:
    tags = charts(layout(["swd", "swd/32"]))
    assert len(tags) == 4
    shown = ["metric/swd", f"{BASELINE}/swd", "metric/swd/32", f"{BASELINE}/swd/32", "scores/real"]
    assert [name for name in shown if re.match(tags["swd"], name)] == shown[:2]
    assert [name for name in shown if re.match(tags["swd/32"], name)] == shown[2:4]


def test_a_run_without_metrics_has_only_charts_of_the_networks() -> None:
    shown = ["scores/real", "scores/fake", "loss/generator", "loss/generator/adversarial"]
    matches = [[n for n in shown if re.match(tags, n)] for tags in charts(layout()).values()]
    assert matches == [shown[:2], shown[2:3]]
