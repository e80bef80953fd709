r"""Train the entries of a track for the same time, measure them, and write the leaderboard.

    python examples/leaderboard/leaderboard.py blossoms-32 --runs runs/leaderboard
    python examples/leaderboard/leaderboard.py flowers-32 dcgan-small mine.toml --runs runs/board \
        --until 600 --seeds 3 dataset=image-folder dataset.path=flowers
    python examples/leaderboard/leaderboard.py

What is finished is not repeated, so the same command continues after an interruption. Without a
track, only the page is written again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from measurement import add_result, measure, read_results, save_grids
from page import page
from recipe_files import write_recipes
from timed_run import notes_of, run_folder, train
from track import HERE, Entry, Track, entry_names, time_text, track_names

from ganzoo import RequestError, write_atomically


class Plan(NamedTuple):
    """What the arguments ask for."""

    track: Track
    entries: Sequence[Entry]
    settings: Sequence[str]
    moments: Sequence[int]
    seeds: Sequence[int]
    runs: Path
    training: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the arguments; the exit status."""
    given = parser().parse_intermixed_args(arguments)
    try:
        asked = plan(given) if given.what else None
        failed = run(asked, given.results, given.docs) if asked else 0
        tracks = [asked.track] if asked else []
        text = page(given.results, given.docs / "images" / "leaderboard", tracks)
        given.docs.mkdir(parents=True, exist_ok=True)
        write_atomically(given.docs / "leaderboard.md", text)
        say(f"wrote {given.docs / 'leaderboard.md'}")
        if given.recipes:
            save_recipes(given.results, given.docs)
    except RequestError as error:
        say(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        say("stopped; the same command continues")
        return 130
    return 1 if failed else 0


def parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    known = f"tracks: {', '.join(track_names())}; entries: {', '.join(entry_names())}"
    made = argparse.ArgumentParser(
        description=__doc__, epilog=known, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "what",
        nargs="*",
        metavar="TRACK [ENTRY]... [KEY=VALUE]...",
        help="a track, entries (default: all of the track), and settings of the runs; tracks and "
        "entries are names or files",
    )
    made.add_argument("--runs", type=Path, default=Path("runs/leaderboard"), metavar="FOLDER")
    made.add_argument("--seeds", type=int, default=1, metavar="N", help="train seeds 0 to N - 1")
    made.add_argument("--until", type=int, metavar="S", help="leave out moments after S seconds")
    made.add_argument(
        "--no-train", action="store_true", help="measure only what is in the folder of the runs"
    )
    made.add_argument(
        "--recipes", action="store_true", help="write the recipes with the best settings"
    )
    made.add_argument("--results", type=Path, default=HERE / "results", metavar="FOLDER")
    made.add_argument("--docs", type=Path, default=HERE.parents[1] / "docs", metavar="FOLDER")
    return made


def plan(given: argparse.Namespace) -> Plan:
    """What to train and to measure.

    Raises RequestError for names that do not exist, and numbers that make no sense.
    """
    name, *more = given.what
    track = Track.read(name)
    settings = [word for word in more if "=" in word]
    entries = track.chosen([word for word in more if "=" not in word])
    moments = [s for s in track.moments if given.until is None or s <= given.until]
    if not moments:
        raise RequestError(f"--until {given.until}: the first moment is {track.moments[0]} s")
    if given.seeds < 1:
        raise RequestError(f"--seeds {given.seeds}: write 1 or more")
    seeds = range(given.seeds)
    return Plan(track, entries, settings, moments, seeds, given.runs, not given.no_train)


def run(asked: Plan, results: Path, docs: Path) -> int:
    """Train and measure each entry with each seed; how many of them failed."""
    failed = 0
    for seed in asked.seeds:
        for number, entry in enumerate(asked.entries, 1):
            where = f"{asked.track.name}, {entry.name}, seed {seed} ({number}/{len(asked.entries)})"
            folder = run_folder(asked.runs, entry, seed)
            try:
                for line in run_entry(asked, entry, folder, seed, results, docs):
                    say(f"{where}: {line}")
            except RequestError as error:
                say(f"{where}: error: {error}")
                failed += 1
    return failed


def run_entry(
    asked: Plan, entry: Entry, folder: Path, seed: int, results: Path, docs: Path
) -> Iterator[str]:
    """Train and measure one run; a line about each part of the work."""
    if asked.training:
        yield f"training until {time_text(asked.moments[-1])}"
        for moment in train(asked.track, entry, folder, seed, asked.moments, asked.settings):
            yield f"{moment.images_seen:,} images after {time_text(moment.seconds)}"
    notes = notes_of(folder, entry)
    if not notes:
        yield f"not trained: there is no {folder / 'leaderboard.json'}"
        return
    yield f"measuring {len(notes.moments)} checkpoints"
    result = measure(asked.track, entry, folder, seed, notes)
    changed = add_result(results / f"{asked.track.name}.json", result)
    if seed == 0:
        images = docs / "images" / "leaderboard"
        save_grids(asked.track, entry, folder, notes, images, again=changed)
    last = result.measured.last
    values = "  ".join(f"{name} {last.metrics[name]:.3g}" for name in sorted(last.metrics))
    yield f"after {time_text(last.seconds)}: {values}"


def save_recipes(results: Path, docs: Path) -> None:
    """Write the recipes of all tracks."""
    for name in track_names():
        track = Track.read(name)
        for file in write_recipes(track, read_results(results / f"{name}.json"), docs):
            say(f"wrote {file}")
    say("now write the pages of the recipes again: python docs/zoo.py")


def say(line: str) -> None:
    """Print a line of progress to standard error."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
