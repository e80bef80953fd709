"""README.md of an exported generator, with the header that Hugging Face reads."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from ganzoo import Card

_LICENSES = (
    *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "isc", "zlib", "unlicense", "mpl-2.0"),
    *("gpl-2.0", "gpl-3.0", "lgpl-3.0", "agpl-3.0", "openrail", "cc0-1.0", "cc-by-4.0"),
    *("cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0"),
)
"""Frequent ones of those that Hugging Face knows; others are named in ``license_name``."""


def readme(card: Card, source: str) -> str:
    """The text of README.md; ``source`` is what ``ganzoo pull`` gets it from."""
    parts = [_header(card), f"# {_line(card.title)}\n"]
    if card.description:
        parts.append(card.description.strip() + "\n")
    parts += ["![Generated images](samples.png)\n", _use(source), _facts(card)]
    if card.evaluations:
        parts.append(_scores(card))
    return "\n".join(parts)


def _header(card: Card) -> str:
    """YAML; every value is JSON, which is also YAML."""
    architecture = card.architecture.rpartition("/")[2]
    values: dict[str, Any] = {
        "library_name": "ganzoo",
        "pipeline_tag": "unconditional-image-generation",
        "tags": ["gan", "ganzoo", architecture],
    }
    known = card.license.strip().lower()
    if known in _LICENSES:
        values["license"] = known
    elif card.license:
        values |= {"license": "other", "license_name": _line(card.license)}
    lines = (f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items())
    return "\n".join(["---", *lines, "---", ""])


def _use(source: str) -> str:
    return (
        "```console\n"
        'pip install "ganzoo-toolkit[hub]"\n'
        f"ganzoo pull {shlex.quote(source)} --out generator/\n"
        "ganzoo generate generator/generator.safetensors --out grid.png\n"
        "```\n"
    )


def _facts(card: Card) -> str:
    channels, height, width = card.image_shape
    rows = {
        "architecture": f"{card.architecture} of {card.plugin}",
        "images": f"{width} x {height} pixels, {channels} channels",
        "condition": _condition(card.condition),
        "parameters": f"{card.parameters:,}",
        "trained for": f"{card.step:,} steps, {card.images_seen:,} images seen",
        "real images": _real_images(card),
        "license": card.license or "not stated",
        "exported": card.date,
    }
    return _table(["", "value"], [[name, value] for name, value in rows.items()])


def _condition(condition: Mapping[str, Any] | None) -> str:
    if not condition:
        return "none"
    what = "values" if condition["kind"] == "vector" else "classes"
    return f"{len(condition['names'])} {what}: {', '.join(condition['names'][:20])}"


def _real_images(card: Card) -> str:
    if card.real_images is None:
        return "not known"
    return f"{card.real_images:,}, fingerprint {card.fingerprint}"


def _scores(card: Card) -> str:
    newest = card.evaluations[-1]
    rows = [
        [name, f"{score.value:.4g}", _number(score.baseline), f"{score.images:,}"]
        for name, score in newest.scores.items()
    ]
    table = _table(["metric", "value", "baseline of real images", "generated images"], rows)
    return f"{table}\nFeatures of the extractor {_line(newest.extractor)}.\n"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")


def _line(text: str) -> str:
    return " ".join(text.split())
