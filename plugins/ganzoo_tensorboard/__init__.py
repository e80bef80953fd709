"""TensorBoard: losses, scores, samples and evaluations of a run."""

from __future__ import annotations

from ganzoo import ObserverSpec, hookimpl


@hookimpl
def ganzoo_observers() -> list[ObserverSpec]:
    """The observer that writes event files."""
    return [
        ObserverSpec(
            name="tensorboard",
            summary="Writes reports, samples and evaluations for TensorBoard.",
            factory="ganzoo_tensorboard.event_files:TensorBoard",
            default=True,
        )
    ]
