"""Checks for values at a bound or at the end of a schedule, and for waiting for images."""

from __future__ import annotations

from ganzoo_doctor.finding import Finding
from ganzoo_doctor.history import History, mean

BOUND = 0.98
"""An adaptive probability cannot rise above 1. Karras et al. 2020 (arXiv 2006.06676, section 2.2)
saw augmentations leak into the images from about 0.8 on."""
WAITING = 0.5
"""The share of the training time. It was at most 0.10 in the small runs whose images were prepared,
and 0.64 to 0.83 with slow images."""


def augmentation_at_its_bound(history: History) -> Finding | None:
    """An adaptive probability has reached 1, and the discriminator still overfits."""
    for label in history.setting("augment") or ():
        name = f"{label}/p"
        p = mean(history.recent(name))
        if history.setting(f"augment.{label}.p") is None and p >= BOUND:
            numbers = {name: p}
            if signs := history.recent(f"{label}/sign"):
                numbers[f"{label}/sign"] = mean(signs)
            return Finding(
                name="augmentation at its bound",
                sentence=f"{label} augments every image and cannot do more, and the discriminator "
                "still overfits",
                numbers=numbers,
                change=history.scaled("train.discriminator.lr", 0.5),
            )
    return None


def learning_rate_at_zero(history: History) -> Finding | None:
    """A schedule has ended at 0, and the run trains on without learning."""
    for name in history.names("schedule/train."):
        recent = history.recent(name)
        if name.endswith(".lr") and recent and not any(recent):
            key, largest = name.removeprefix("schedule/"), max(history.values(name))
            return Finding(
                name="learning rate at zero",
                sentence=f"the schedule of {key} has ended at 0, so this network learns nothing",
                numbers={name: recent[-1], f"largest {name}": largest},
                change=f"{key}={largest:.3g}" if largest else "",
                resumes=True,
            )
    return None


def waiting_for_data(history: History) -> Finding | None:
    """Most of the time goes into getting real images."""
    waiting = mean(history.recent("waiting/data"))
    if not waiting > WAITING:
        return None
    speed = mean(history.recent("speed/images_per_second"))
    return Finding(
        name="waiting for data",
        sentence=f"{waiting:.0%} of the training time goes into getting real images: pack them on "
        "a fast local disk with `ganzoo data pack`, or use them more often",
        numbers={"waiting/data": waiting, "speed/images_per_second": speed},
        change=_more_work_per_batch(history),
    )


def _more_work_per_batch(history: History) -> str:
    """One more update of the generator; with shared images, it can have only one."""
    if history.setting("train.share_fakes"):
        return ""
    steps = history.setting("train.generator.steps")
    return f"train.generator.steps={steps + 1}" if isinstance(steps, int) else ""
