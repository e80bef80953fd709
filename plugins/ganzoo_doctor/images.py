"""Checks of the generated images: too few different ones, or copies of real ones."""

from __future__ import annotations

from statistics import median

from ganzoo_doctor.finding import Finding
from ganzoo_doctor.history import History, Reading

COLLAPSED = 0.1
"""Samples with less than this fraction of the diversity of real images have collapsed. It was 0.04
in a collapsed run, and 0.3 and more in all others, also where the images were bad."""
DIVERSE = 0.2
"""From this fraction on, samples were diverse; what has less diversity later has lost it."""
WARMUP_IMAGES = 100_000
"""Images seen after which every generator is expected to make diverse images."""
CLASS_COLLAPSED = 0.1
"""A class with less than this fraction of the median recall or coverage of all classes."""
CLASS_CONVERGED = 0.1
"""The median recall or coverage from which on classes are compared: before, all are near 0."""
COPIES = 0.2
"""The share of copies above the baseline, which is about 0.01."""
COPIES_DISTANCE = 0.5
"""The median distance to the nearest real image, relative to the one among real images."""


def collapse(history: History) -> Finding | None:
    """All samples look the same."""
    found = [r for r in history.reports if "samples/diversity" in r]
    if not found:
        return None
    diversity = found[-1]["samples/diversity"]
    diverse = any(each["samples/diversity"] > DIVERSE for each in found)
    if diversity >= COLLAPSED or not (diverse or history.images_seen > WARMUP_IMAGES):
        return None
    return Finding(
        name="collapse",
        sentence=f"the samples have {diversity:.0%} of the diversity of real images: the generator "
        "may have collapsed",
        numbers={"samples/diversity": diversity},
        change=_weaker_generator(history),
    )


def _weaker_generator(history: History) -> str:
    """The setting that lets the generator follow the discriminator more slowly."""
    steps = history.setting("train.generator.steps")
    if isinstance(steps, int) and steps > 1:
        return "train.generator.steps=1"
    return history.scaled("train.generator.lr", 0.25)


def collapse_of_a_class(history: History) -> Finding | None:
    """One class has much less diversity than the others; needs metrics of each class."""
    for number in ("prdc/recall", "prdc/coverage"):
        values = _by_class(history, number)
        usual = median(values.values()) if len(values) > 1 else 0
        worst = min(values, key=lambda name: values[name], default="")
        if usual >= CLASS_CONVERGED and values[worst] < CLASS_COLLAPSED * usual:
            return Finding(
                name="collapse of a class",
                sentence=f"the generated images of the class {worst} are much less diverse than "
                "those of the other classes",
                numbers={f"{number} of {worst}": values[worst], "median of all classes": usual},
                change="" if history.setting("data.balance") else "data.balance=true",
            )
    return None


def _by_class(history: History, number: str) -> dict[str, float]:
    """The last value of a metric for each class."""
    names = [n for n in history.metric_names() if n.startswith("class/") and n.endswith(number)]
    found = {name: history.readings(name)[-1].score.value for name in names}
    return {n.removeprefix("class/").removesuffix(f"/{number}"): v for n, v in found.items()}


def copying(history: History) -> Finding | None:
    """Generated images are copies of real ones."""
    copies = history.readings("memorization/copies")
    distances = history.readings("memorization/distance")
    if not copies or not distances:
        return None
    share, distance = copies[-1].score, distances[-1].score
    too_many = share.value > (share.baseline or 0) + COPIES
    if not (too_many and distance.value < COPIES_DISTANCE * (distance.baseline or 1)):
        return None
    return Finding(
        name="copying",
        sentence=f"{share.value:.0%} of the generated images are nearly copies of real ones",
        numbers={
            "memorization/copies": share.value,
            "baseline": share.baseline or 0,
            "memorization/distance": distance.value,
        },
        change=_against_copies(history, copies),
    )


def _against_copies(history: History, copies: list[Reading]) -> str:
    """An augmentation, or, with one, the length up to the last evaluation without copies."""
    if not history.setting("augment"):
        return "augment.ada=true"
    few = [r for r in copies if r.score.value <= (r.score.baseline or 0) + COPIES]
    return f"train.images={few[-1].images_seen}" if few else ""
