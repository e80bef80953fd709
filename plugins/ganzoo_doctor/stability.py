"""Checks for numbers that grow without end, and for images that get worse."""

from __future__ import annotations

from ganzoo_doctor.finding import Finding
from ganzoo_doctor.history import History, mean

GROWTH = 3.0
"""Mean size of a loss in the last third of the reports / in the third before. It was below 2 in
healthy runs, also while their losses still changed."""
LARGE = 100.0
"""Smaller losses are not called diverging: a loss near 0 may grow many times."""
FEWEST_WORSE = 3
"""Evaluations after the best one which must all be worse: one alone may be chance."""
LOST = 0.25
"""The part of the improvement from the first to the best evaluation that must be lost."""
LOST_OF_BEST = 0.1
"""The part of the best value that must be lost, too: where the first evaluation was nearly as good
as the best one, chance alone loses a quarter of the improvement."""


def diverging(history: History) -> Finding | None:
    """A loss grows from third to third of the training, or was not finite at the end."""
    if history.nonfinite:
        return _diverging("a loss or gradient was not finite", history, {})
    for name in history.names("loss/"):
        sizes = [abs(value) for value in history.values(name)]
        third = len(sizes) // 3
        recent = mean([abs(value) for value in history.recent(name)])
        before = mean(sizes[-2 * third : -third]) if third else recent
        if recent > LARGE and recent > GROWTH * before:
            numbers = {f"{name}, last third": recent, f"{name}, third before": before}
            return _diverging(f"{name} grows and grows", history, numbers)
    return None


def _diverging(sentence: str, history: History, numbers: dict[str, float]) -> Finding:
    keys = [f"train.{network}.lr" for network in ("generator", "discriminator")]
    # A schedule is a text until the first report.
    rates = {k: lr for k in keys if isinstance(lr := history.setting(k), int | float)}
    numbers |= rates
    change = history.scaled(max(rates, key=lambda key: rates[key]), 0.1) if rates else ""
    return Finding(name="diverging", sentence=sentence, numbers=numbers, change=change)


def getting_worse(history: History) -> Finding | None:
    """All evaluations after the best one are worse, and much of the improvement is lost."""
    name = history.best_by
    readings = history.readings(name) if name else []
    if not readings:
        return None
    best = min(readings, key=lambda each: each.score.order)
    after = [each for each in readings if each.step > best.step]
    gained = readings[0].score.order - best.score.order
    lost = min((each.score.order for each in after[-FEWEST_WORSE:]), default=0.0) - best.score.order
    needed = max(LOST * gained, LOST_OF_BEST * abs(best.score.order))
    if len(after) < FEWEST_WORSE or lost <= needed:
        return None
    return Finding(
        name="getting worse",
        sentence=f"{name} was best at step {best.step}, and has been worse in all {len(after)} "
        "evaluations since",
        numbers={
            f"{name} of step {best.step}": best.score.value,
            f"{name} of step {after[-1].step}": after[-1].score.value,
        },
        change=f"train.images={best.images_seen}" if gained else "",
    )
