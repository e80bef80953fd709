"""Which condition the networks of a run get."""

from __future__ import annotations

from ganzoo.components import ArchitectureSpec
from ganzoo.contracts import Condition
from ganzoo.data.collection import group_classes
from ganzoo.errors import RequestError
from ganzoo.run import Run

_REMEDY = "write data.conditional=false, or use another"


def network_condition(run: Run, condition: Condition | None) -> Condition | None:
    """What the networks are told about each image; ``None`` unless ``data.conditional``.

    ``condition`` is that of all images that the run uses. Raises RequestError if the images have
    none, or if the architecture does not take this kind.
    """
    if not run.data.conditional:
        return None
    if condition is None:
        raise RequestError(
            f"data.conditional: the images have no classes or values; {_REMEDY} dataset"
        )
    architecture = run.architecture.entry.component
    taken = architecture.conditions if isinstance(architecture, ArchitectureSpec) else ()
    if condition.kind not in taken:
        raise RequestError(
            f"data.conditional: the architecture {architecture.name} takes "
            f"{' or '.join(taken) or 'no condition'}, not {condition.kind}, and the images have "
            f"{condition}; {_REMEDY} architecture"
        )
    return condition


def chosen_condition(run: Run, condition: Condition | None) -> Condition | None:
    """The condition of the images of ``data.classes``, from that of all images of the dataset.

    Raises RequestError for a class that does not exist.
    """
    groups = group_classes(condition, run.data.classes)
    return Condition("class", tuple(groups)) if run.data.classes else condition
