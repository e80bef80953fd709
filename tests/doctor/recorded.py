"""The histories of the runs in runs.py, as files: ``python -m tests.doctor.recorded FOLDER...``."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ganzoo import EvaluationResult, RunFolder
from ganzoo_doctor.history import History

HISTORIES = Path(__file__).parent / "histories"
_NUMBERS = re.compile(
    "step|images_seen|(loss|discriminator|scores|samples|speed|ada|balance|waiting|schedule)/"
    "|.*/gradient_(norm|target)"
)
_METRICS = ("kid", "memorization/copies", "memorization/distance", "class/")


def record(folder: RunFolder) -> None:
    """Write the history of a run, without what no check reads, into a file with its name."""
    history = History.read(folder, folder.stored_settings())
    reports = [
        {name: _rounded(value) for name, value in each.items() if _NUMBERS.match(name)}
        for each in history.reports
    ]
    lines = [json.dumps(each) for each in [history.settings, reports, _evaluations(history)]]
    text = json.dumps({"nonfinite": history.nonfinite})[:-1]
    text += f',\n"settings": {lines[0]},\n"reports": {lines[1]},\n"evaluations": {lines[2]}}}\n'
    HISTORIES.mkdir(exist_ok=True)
    (HISTORIES / f"{folder.path.name}.json").write_text(text, "utf-8")


def load(name: str) -> History:
    """The history of a recorded run."""
    found = json.loads((HISTORIES / f"{name}.json").read_text("utf-8"))
    found["evaluations"] = [EvaluationResult.of(json.dumps(e)) for e in found["evaluations"]]
    return History(**found)


def _evaluations(history: History) -> list[dict[str, Any]]:
    found = [asdict(each) for each in history.evaluations]
    for each in found:
        scores = {n: s for n, s in each["scores"].items() if n.startswith(_METRICS)}
        each["scores"] = {
            name: score | {"value": _rounded(score["value"])}
            for name, score in scores.items()
            if not name.startswith("class/") or name.endswith("prdc/recall")
        }
    return found


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.4g}")


if __name__ == "__main__":
    for each in sys.argv[1:]:
        record(RunFolder(Path(each)))
