"""What TensorBoard's dashboards show of a run, and where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tensorboard.compat.proto.summary_pb2 import Summary
from torch.utils.tensorboard import summary

from ganzoo.settings import explain

BASELINE = "metric baseline"
"""The section of what real images get."""

_SECTIONS = {
    "discriminator/": "loss/discriminator/",
    "generator/": "loss/generator/",
    "growth/": "progress/",
    "images_seen": "progress/images_seen",
}
"""Where numbers are shown that do not have their section in their name: how it begins there."""

_ASIDE = (
    *("checkpoint.", "evaluate.", "extractor.", "log.", "metrics.", "plugins", "sample."),
    *("train.steps", "train.epochs", "train.images", "train.max_time"),
)
"""Settings that change nothing that is trained, or only for how long, which may be put off."""


def tag(name: str) -> str:
    """The name under which a report's number is shown: its section, a slash, what it is."""
    found = ((old, new) for old, new in _SECTIONS.items() if name.startswith(old))
    old, new = next(found, ("", ""))
    return new + name.removeprefix(old)


def hyperparameters(settings: Mapping[str, Any]) -> Summary:
    """The settings that are varied from run to run, by dotted key.

    The dashboard shows them beside the last value of each of the run's scalars. Of those that a
    run tells more than once it keeps the first.
    """
    keys = ((key, value) for key, value, _ in explain(settings, {}) if not key.startswith(_ASIDE))
    varied = {key.removesuffix(".name"): _plain(value) for key, value in keys}
    _, start, _ = summary.hparams(varied, {})
    return start


def _plain(value: Any) -> float | str:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    return json.dumps(value, default=str)


def layout(metrics: Iterable[str] = ()) -> Summary:
    """Charts of what belongs together: each metric with what real images get."""
    players = {
        "critic's scores of real and generated images": "scores/(real|fake)$",
        "losses": "loss/(discriminator|generator)$",
    }
    scores = {name: f"(metric|{BASELINE})/{re.escape(name)}$" for name in metrics}
    sections = {"players": players, "metrics, and those of real images": scores}
    return summary.custom_scalars(
        {
            section: {title: ["Multiline", [tags]] for title, tags in charts.items()}
            for section, charts in sections.items()
            if charts
        }
    )
