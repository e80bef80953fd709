"""Writes the recipes that have the settings of the best entry of a track, with their results."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w
from measurement import Result, grid_file
from ranking import rows
from track import HERE, Entry, RecipeSource, Track, entry_names, time_text

from ganzoo import dump_results, write_atomically

PLUGIN = HERE.parents[1] / "plugins" / "ganzoo_recipes"
SAMPLES = {"every": "10000 images"}
"""The interval of the grids of recipes: on one core, about every half minute."""


def write_recipes(track: Track, results: Sequence[Result], docs: Path) -> Iterator[Path]:
    """Write settings, results and grid of each recipe of a track; the paths of the settings."""
    for name, source in track.recipes.items():
        found = best(track, results, source)
        if not found:
            continue
        runs, seconds = found
        write_atomically(PLUGIN / f"{name}.toml", settings_text(track, source, runs, seconds))
        measured = tuple(run.measured for run in runs)
        (PLUGIN / "results").mkdir(exist_ok=True)
        write_atomically(PLUGIN / "results" / f"{name}.json", dump_results(measured))
        grid = grid_file(docs / "images" / "leaderboard", track.name, runs[0].entry, seconds)
        if grid.is_file():
            folder = docs / "images" / "recipes"
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / f"{name}.webp", grid.read_bytes())
        yield PLUGIN / f"{name}.toml"


def best(
    track: Track, results: Sequence[Result], source: RecipeSource
) -> tuple[list[Result], float] | None:
    """The runs of the best entry after the longest time that counts; ``None`` without any.

    Entries with a mark do not count: their metrics say too little. Neither do results of settings
    that an entry no longer has, and those on other real images than most.
    """
    known = {name: Entry.read(name).identity for name in entry_names()}
    fair = [r for r in results if not r.mark and r.settings == known.get(r.entry)]
    images = Counter(r.measured.images.identity for r in fair).most_common(1)
    fair = [r for r in fair if r.measured.images.identity == images[0][0]]
    for seconds in sorted(track.lengths, reverse=True):
        if seconds <= source.seconds and (found := rows(fair, seconds)):
            return list(found[0].runs), seconds
    return None


def settings_text(
    track: Track, source: RecipeSource, runs: Sequence[Result], seconds: float
) -> str:
    """The settings file of a recipe: those of the entry, with a dataset and a number of images."""
    entry = Entry.read(runs[0].entry)
    point = runs[0].at(seconds)
    assert point is not None
    settings = merged(entry.settings, track.settings)
    del settings["dataset"], settings["train"]["device"], settings["train"]["threads"]
    images = int(float(f"{point.images_seen:.2g}"))
    settings = merged({"dataset": source.dataset}, settings)
    settings["train"]["images"] = images
    settings["sample"] = SAMPLES
    head = (
        f"# {source.comment}\n"
        f"# The settings of the entry {entry.name}, the best of the track {track.name} of the\n"
        f"# leaderboard after {time_text(seconds)}: {images:,} images of {track.images}.\n"
        "# examples/leaderboard/leaderboard.py writes this file.\n\n"
    )
    text = head + tomli_w.dumps(settings)
    assert tomllib.loads(text) == settings
    return text


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables with the keys of both; those of the second count."""
    result: dict[str, Any] = dict(first)
    for key, value in second.items():
        inside = result.get(key)
        both = isinstance(inside, Mapping) and isinstance(value, Mapping)
        result[key] = merged(result[key], value) if both else value
    return result
