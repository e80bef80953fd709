"""Checks of the generated images: too few different ones, or copies of real ones."""

from __future__ import annotations

from statistics import median

from ganzoo_doctor.finding import Finding
from ganzoo_doctor.history import History, Reading

COLLAPSED = 0.1
"""Samples with less than this fraction of the diversity of real images have collapsed. It was 0.01
to 0.05 in a collapsed run, and 0.23 and more in all others, also where the images were bad."""
DIVERSE = 0.2
"""From this fraction on, samples were diverse; what has less diversity later has lost it."""
WARMUP_IMAGES = 100_000
"""Images seen after which every generator is expected to make diverse images."""
CLASS_COLLAPSED = 0.1
"""A class with less than this fraction of the median recall or coverage of all classes."""
CLASS_CONVERGED = 0.1
"""The median recall or coverage from which on classes are compared: before, all are near 0."""
COPIES = 0.2
"""The share of copies. It was 0.00 to 0.01 in healthy runs, and 0.31 to 0.82 where eight images
were learned by heart. Its own baseline is of no use there: 0.75, from two halves of four images."""
COPIES_DISTANCE = 0.6
"""The median distance to the nearest real image / its baseline. 1.0 to 1.8 in healthy runs; it fell
from 1.0 to 0.5 while the eight images were learned."""


def collapse(history: History) -> Finding | None:
    """All samples look the same, two times in a row: a generator may recover from one time."""
    found = history.values("samples/diversity")
    if not found:
        return None
    diversity = found[-1]
    expected = max(found) > DIVERSE or history.images_seen > WARMUP_IMAGES
    if max(found[-2:]) >= COLLAPSED or not expected:
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
    usual = 1.0 if distance.baseline is None else distance.baseline
    if not (share.value > COPIES and distance.value < COPIES_DISTANCE * usual):
        return None
    return Finding(
        name="copying",
        sentence=f"{share.value:.0%} of the generated images are nearly copies of real ones",
        numbers={
            "memorization/copies": share.value,
            "memorization/distance": distance.value,
            "its baseline": usual,
        },
        change=_against_copies(history, copies),
    )


def _against_copies(history: History, copies: list[Reading]) -> str:
    """An augmentation, or, with one, the length up to the last evaluation without copies."""
    if not history.setting("augment"):
        return "augment.ada=true"
    few = [each for each in copies if each.score.value <= COPIES]
    return f"train.images={few[-1].images_seen}" if few else ""
