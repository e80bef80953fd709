"""The trackers Weights & Biases and Trackio."""

from __future__ import annotations

from pydantic import Field

from ganzoo import ObserverSpec, Options, hookimpl


class TrackerOptions(Options):
    """Options of a tracker."""

    project: str = Field("ganzoo", min_length=1, description="The tracker's project.")
    run: str | None = Field(
        None, min_length=1, description="The run's name; by default that of the run folder."
    )
    offline: bool = Field(
        True,
        description="Whether all stays on this machine. With false, the library sends the run to "
        "the account or server that it was configured for.",
    )
    images_every: int = Field(
        1, ge=0, le=10**9, description="Log one in so many sample grids; 0 logs none."
    )


@hookimpl
def ganzoo_observers() -> list[ObserverSpec]:
    """The observers that log a run to a tracker."""
    return [
        ObserverSpec(
            name="wandb",
            summary="Logs reports, samples and evaluations to Weights & Biases.",
            factory="ganzoo_tracker.tracker:WeightsAndBiases",
            options=TrackerOptions,
            reference="https://docs.wandb.ai",
        ),
        ObserverSpec(
            name="trackio",
            summary="Logs reports, samples and evaluations to Trackio.",
            factory="ganzoo_tracker.tracker:Trackio",
            options=TrackerOptions,
            reference="https://huggingface.co/docs/trackio",
        ),
    ]
