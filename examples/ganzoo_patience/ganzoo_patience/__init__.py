"""Declaration of an observer; its code is imported when it is used."""

from __future__ import annotations

from pydantic import Field

from ganzoo import ObserverSpec, Options, hookimpl


class PatienceOptions(Options):
    """When a training has waited long enough for a better result."""

    evaluations: int = Field(
        5, ge=1, description="Evaluations without an improvement after which the training ends."
    )
    metric: str | None = Field(
        None,
        description="The number that should improve, such as kid or swd/32; if unset, the one "
        "that chooses the best checkpoint.",
    )
    min_change: float = Field(
        0.0, ge=0, description="Smallest improvement that counts, in units of the metric."
    )


@hookimpl
def ganzoo_observers() -> list[ObserverSpec]:
    """One observer."""
    return [
        ObserverSpec(
            name="patience",
            summary="Ends the training when its evaluations do not improve anymore.",
            factory="ganzoo_patience.patience:Patience",
            options=PatienceOptions,
            reference="Prechelt 1998, Early Stopping - But When?",
        )
    ]
