"""The names of reported numbers: the part before ``/`` says whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ganzoo.contracts import Phase
from ganzoo.errors import RequestError
from ganzoo.journal import GROUPS


def require_own_names(phases: Sequence[Phase], labels: Mapping[str, Iterable[str]]) -> None:
    """Raise RequestError if numbers of a component could have the names of other numbers.

    ``labels`` are those of the components of each section, such as ``augment``.
    """
    owners = dict.fromkeys(GROUPS, "numbers that ganzoo reports")
    owners |= {phase.name: "a phase of the loss" for phase in phases}
    for section, names in labels.items():
        for name in names:
            if name in owners:
                raise RequestError(
                    f"{section}.{name} has the name of {owners[name]}: use another label, "
                    f"{section}.LABEL=NAME"
                )
            owners[name] = f"{section}.{name}"
