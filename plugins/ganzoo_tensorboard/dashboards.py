"""Tags, hyperparameters and chart layout for TensorBoard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tensorboard.compat.proto.summary_pb2 import Summary
from torch.utils.tensorboard import summary

BASELINE = "metric baseline"
"""The section of the baselines of metrics."""

_SECTIONS = {
    "discriminator/": "loss/discriminator/",
    "generator/": "loss/generator/",
    "growth/": "progress/",
    "images_seen": "progress/images_seen",
}
"""Tag prefixes for report numbers whose names do not begin with a section."""

_NOT_HYPERPARAMETERS = (
    *("checkpoint.", "evaluate.", "extractor.", "log.", "metrics.", "observe", "plugins", "sample"),
    *("train.steps", "train.epochs", "train.images", "train.max_time"),
)
"""Settings that do not affect the weights, or only the length, which `resume` may change."""


def tag(name: str) -> str:
    """The TensorBoard tag of a report's number: its section, a slash, its name."""
    found = ((old, new) for old, new in _SECTIONS.items() if name.startswith(old))
    old, new = next(found, ("", ""))
    return new + name.removeprefix(old)


def hyperparameters(settings: Mapping[str, Any]) -> Summary:
    """The settings that affect the training, by dotted key, for the HParams dashboard.

    The dashboard shows them with the last value of each of the run's scalars. If a run writes
    them several times, TensorBoard uses the first.
    """
    keys = (each for each in _values(settings) if not each[0].startswith(_NOT_HYPERPARAMETERS))
    plain = {key.removesuffix(".name"): _plain_value(value) for key, value in keys}
    _, start, _ = summary.hparams(plain, {})
    return start


def _values(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of nested settings, with its dotted key."""
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from _values(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _plain_value(value: Any) -> float | str:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    return json.dumps(value, default=str)


def layout(metrics: Iterable[str] = ()) -> Summary:
    """Custom charts of several scalars: scores, losses, and each metric with its baseline."""
    networks = {
        "discriminator scores of real and generated images": "scores/(real|fake)$",
        "losses": "loss/(discriminator|generator)$",
    }
    baselines = {name: f"(metric|{BASELINE})/{re.escape(name)}$" for name in metrics}
    sections = {"networks": networks, "metrics and baselines": baselines}
    return summary.custom_scalars(
        {
            section: {title: ["Multiline", [tags]] for title, tags in charts.items()}
            for section, charts in sections.items()
            if charts
        }
    )
